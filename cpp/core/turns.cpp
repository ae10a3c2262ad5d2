// The loop of turns.hpp.

#include "core/turns.hpp"

#include <algorithm>

namespace twin {

namespace {
constexpr int LISTED = 24;           // partners in a list
constexpr std::size_t AT_ONCE = 512;  // lists that are drawn together: those of later turns are soon out of date
}  // namespace

Turns::Turns(TurnsTask task, Wishlists &lists, std::int64_t num_left, std::int64_t num_right, std::int64_t *mate, Flag flag,
             std::int64_t *counter)
    : task_(std::move(task)), lists_(lists), n_(num_left), m_(num_right), mate_(mate), flag_(flag), counter_(counter),
      places_(task_.places, task_.places + num_right), is_full_(std::size_t(num_right)),
      is_closed_(std::size_t(task_.left_kinds) * std::size_t(task_.right_kinds), 0) {
  for (std::int64_t j = 0; j < m_; ++j) is_full_[std::size_t(j)] = places_[std::size_t(j)] <= 0;
  for (std::size_t c = 0; c < is_closed_.size(); ++c)
    for (std::int64_t q = task_.member_offset[c]; q < task_.member_offset[c + 1]; ++q)
      if (task_.room[std::size_t(task_.member[q])] <= 0) is_closed_[c] = 1, any_closed_ = true;
  for (std::int64_t i = 0; i < n_; ++i)
    if (task_.wants[i]) waiting_.push_back({key(i, lists.beyond(i)), std::int32_t(i)});
  std::make_heap(waiting_.begin(), waiting_.end());
}

void Turns::run() {
  for (std::int64_t step = 0; !ready_.empty() || !waiting_.empty(); ++step) {
    if ((step & 255) == 0) flag_.check();
    if (ready_.empty() || (!waiting_.empty() && ready_.front() < waiting_.front())) {
      draw();
      continue;
    }
    const std::int64_t i = ready_.front().left, j = lists_.front(i).item;
    std::pop_heap(ready_.begin(), ready_.end());
    ready_.pop_back();
    if (is_open(i, j)) take(i, j);
    else queue(i);
  }
}

// Puts a left node where its next pair belongs, or its next list.
void Turns::queue(std::int64_t i) {
  while (!lists_.empty(i) && !is_open(i, lists_.front(i).item)) lists_.pop(i);
  const bool waits = lists_.empty(i);
  if (waits && lists_.beyond(i) == NO_VALUE) return;
  std::vector<Turn> &heap = waits ? waiting_ : ready_;
  heap.push_back({key(i, waits ? lists_.beyond(i) : lists_.front(i).points), std::int32_t(i)});
  std::push_heap(heap.begin(), heap.end());
}

void Turns::take(std::int64_t i, std::int64_t j) {
  mate_[i] = j;
  if (counter_ != nullptr) ++*counter_;
  if (--places_[std::size_t(j)] == 0) is_full_[std::size_t(j)] = 1;
  const std::int64_t at = cell(i, j);
  for (std::int64_t q = task_.member_offset[at]; q < task_.member_offset[at + 1]; ++q) {
    const std::int32_t quota = task_.member[q];
    if (--task_.room[std::size_t(quota)] > 0) continue;
    any_closed_ = true;
    for (std::size_t c = 0; c < is_closed_.size(); ++c)
      for (std::int64_t p = task_.member_offset[c]; p < task_.member_offset[c + 1]; ++p)
        if (task_.member[p] == quota) is_closed_[c] = 1;
  }
}

void Turns::draw() {
  // Greedy has to see everybody once before it knows what comes first.
  const std::size_t count = task_.order != nullptr || has_drawn_ ? std::min(AT_ONCE, waiting_.size()) : waiting_.size();
  has_drawn_ = true;
  std::vector<std::int32_t> rows;
  for (std::size_t r = 0; r < count; ++r) {
    rows.push_back(waiting_.front().left);
    std::pop_heap(waiting_.begin(), waiting_.end());
    waiting_.pop_back();
  }
  if (!any_closed_) {
    lists_.shut(is_full_);
    lists_.draw(rows, LISTED);
  } else {
    std::sort(rows.begin(), rows.end(), [&](std::int32_t a, std::int32_t b) {
      return task_.left_kind[a] != task_.left_kind[b] ? task_.left_kind[a] < task_.left_kind[b] : a < b;
    });
    std::vector<std::uint8_t> is_shut(is_full_.size());
    for (std::size_t first = 0, last; first < rows.size(); first = last) {
      for (last = first + 1; last < rows.size() && task_.left_kind[rows[last]] == task_.left_kind[rows[first]];) ++last;
      for (std::int64_t j = 0; j < m_; ++j) is_shut[std::size_t(j)] = !is_open(rows[first], j);
      lists_.shut(is_shut);
      lists_.draw({rows.begin() + std::int64_t(first), rows.begin() + std::int64_t(last)}, LISTED);
    }
  }
  for (const std::int32_t i : rows) queue(i);
}

}  // namespace twin
