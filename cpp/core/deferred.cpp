// The loop of deferred.hpp.

#include "core/deferred.hpp"

#include <algorithm>

namespace twin {

namespace {
constexpr int FIRST = 24;  // partners in the first list
constexpr std::int64_t MOST_PRICE = 1 << 29, FINEST = 1 << 12;  // as in wishlists.cpp
constexpr std::int64_t MOST_LISTED = 1 << 21;
constexpr std::size_t KEPT = 128, GROWTH = 4, MOST_KEPT = 4096;  // partners in the second, how that grows, and to what
constexpr std::size_t AT_ONCE = 128;  // left nodes that get new lists together
constexpr std::int64_t GROUP = 32;  // right nodes that are asked together whether any of them matters
}  // namespace

Deferred::Deferred(DeferredTask task, Oracle &wishes, Oracle &ranks, std::int64_t *mate, Crew &crew, Flag flag,
                   std::int64_t *counter)
    : task_(task), wishes_(wishes), ranks_(ranks), n_(wishes.num_left()), m_(wishes.num_right()), mate_(mate), crew_(crew),
      flag_(flag), counter_(counter), price_(std::size_t(m_)), row_(std::size_t(n_)), kept_(std::size_t(m_)),
      last_(std::size_t(m_), Kept{NO_VALUE, 0}),
      last_rank_(std::size_t(m_), NO_VALUE) {
  const std::int64_t range = task.highest - task.lowest + 2;
  parts_ = std::clamp<std::int64_t>(std::min<std::int64_t>(wishes.finest(), MOST_PRICE / range), 1, FINEST);
  floor_ = parts_ * (task.lowest - 1);
  for (std::int64_t j = 0; j < m_; ++j) {
    const bool is_open = task_.places[j] > 0;
    price_[std::size_t(j)] = is_open ? turn(j) : parts_ * range;
    if (!is_open) set_last(j, {INT64_MAX, -1});
  }
  wishes_.count_in(std::int32_t(parts_));
  wishes_.set_prices(price_.data());
  for (std::int64_t i = 0; i < n_; ++i)
    if (task_.wants[i]) waiting_.push_back(std::int32_t(i));
}

void Deferred::run() {
  while (!waiting_.empty()) {
    // In small batches: a list knows what those before it have taken.
    const std::size_t count = std::min(AT_ONCE, waiting_.size());
    const std::vector<std::int32_t> rows(waiting_.begin(), waiting_.begin() + std::ptrdiff_t(count));
    waiting_.erase(waiting_.begin(), waiting_.begin() + std::ptrdiff_t(count));
    draw(rows);
    free_.assign(rows.rbegin(), rows.rend());
    for (std::int64_t step = 0; !free_.empty(); ++step) {
      if ((step & 255) == 0) flag_.check();
      const std::int64_t i = free_.back();
      free_.pop_back();
      propose(i);
    }
  }
}

// Until somebody accepts, or the list ends.
void Deferred::propose(std::int64_t i) {
  Row &row = row_[std::size_t(i)];
  while (row.next < row.list.size()) {
    const Wish wish = row.list[row.next++];
    const Kept mine{wish.rank, std::int32_t(i)};
    if (!accepts(wish.item, mine)) continue;
    std::vector<Kept> &kept = kept_[std::size_t(wish.item)];
    mate_[i] = wish.item;
    if (std::int64_t(kept.size()) == task_.places[wish.item]) {
      std::pop_heap(kept.begin(), kept.end());
      mate_[kept.back().left] = -1;
      free_.push_back(kept.back().left);
      kept.back() = mine;
    } else {
      kept.push_back(mine);
      if (counter_ != nullptr) ++*counter_;
    }
    std::push_heap(kept.begin(), kept.end());
    if (std::int64_t(kept.size()) == task_.places[wish.item]) set_last(wish.item, kept.front());
    return;
  }
  if (!row.is_whole) waiting_.push_back(std::int32_t(i));
}

// New lists; nobody's is empty that is not whole.
void Deferred::draw(const std::vector<std::int32_t> &rows) {
  std::vector<std::int32_t> first, rest;
  for (const std::int32_t i : rows) (row_[std::size_t(i)].is_new ? first : rest).push_back(i);
  search(first);
  for (const std::int32_t i : first)
    if (row_[std::size_t(i)].list.empty() && !row_[std::size_t(i)].is_whole) rest.push_back(i);
  crew_.run(std::int64_t(rest.size()), 4, [&](int, std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) {
      flag_.check();
      look_at_all(rest[std::size_t(r)]);
    }
  });
}

void Deferred::search(const std::vector<std::int32_t> &rows) {
  const int k = int(std::min<std::int64_t>(FIRST, m_));
  const std::int64_t step = std::max<std::int64_t>(1, MOST_LISTED / k);
  for (std::int64_t begin = 0; begin < std::int64_t(rows.size()); begin += step) {
    const std::int64_t count = std::min(step, std::int64_t(rows.size()) - begin);
    std::vector<std::int32_t> item(std::size_t(count * k)), number(static_cast<std::size_t>(count));
    std::vector<std::int64_t> points(item.size()), bound(number.size()), floor(number.size(), floor_);
    wishes_.search(rows.data() + begin, count, k, floor.data(), ONCE,
                   {item.data(), points.data(), number.data(), bound.data()}, crew_, flag_);
    crew_.run(count, 16, [&](int, std::int64_t first, std::int64_t last) {
      for (std::int64_t r = first; r < last; ++r) {
        flag_.check();
        const std::int32_t i = rows[std::size_t(begin + r)];
        Row &row = row_[std::size_t(i)];
        row.is_new = false;
        row.is_whole = bound[std::size_t(r)] == NO_VALUE || bound[std::size_t(r)] <= floor_;
        const std::int64_t end = row.is_whole ? floor_ : bound[std::size_t(r)];
        for (std::int64_t c = r * k; c < r * k + number[std::size_t(r)]; ++c)
          if (points[std::size_t(c)] - price_[std::size_t(item[std::size_t(c)])] > end)
            row.list.push_back({points[std::size_t(c)] / parts_, 0, item[std::size_t(c)]});
        std::sort(row.list.begin(), row.list.end());
        if (!row.list.empty()) row.last = row.list.back();
        std::erase_if(row.list, [&](Wish &wish) {
          wish.rank = ranks_.points(i, wish.item);
          return wish.rank == NO_VALUE || !accepts(wish.item, {wish.rank, i});
        });
      }
    });
  }
}

// The next of all partners that would accept, as many as are worth keeping.
void Deferred::look_at_all(std::int32_t i) {
  thread_local std::vector<std::int64_t> of_left, of_right;
  of_left.resize(std::size_t(m_)), of_right.resize(std::size_t(m_));
  std::int64_t *const points = of_left.data(), *const rank = of_right.data();
  Row &row = row_[std::size_t(i)];
  row.next = 0;
  row.kept = std::max(row.kept, KEPT);
  row.list.clear();
  wishes_.row(i, points);
  ranks_.row(i, rank);
  const std::int64_t most = row.last.points == INT64_MAX ? INT64_MAX : row.last.points * parts_;
  std::int64_t least = NO_VALUE + 1;  // of those that are not good enough any more, there are enough better ones
  row.is_whole = true;
  const auto keep = [&](std::size_t number) {
    if (row.list.size() <= number) return;
    std::nth_element(row.list.begin(), row.list.begin() + std::ptrdiff_t(number) - 1, row.list.end());
    row.list.resize(number);
    row.is_whole = false;
    least = row.list.back().points * parts_;
  };
  const std::int64_t *const last_rank = last_rank_.data();
  for (std::int64_t first = 0; first < m_; first += GROUP) {
    const std::int64_t end = std::min(first + GROUP, m_);
    std::int64_t any = 0;
    for (std::int64_t j = first; j < end; ++j)
      any |= std::int64_t(points[j] >= least) & std::int64_t(points[j] <= most) & std::int64_t(rank[j] >= last_rank[j]);
    if (any == 0) continue;
    for (std::int64_t j = first; j < end; ++j) {
      if (points[j] < least || points[j] > most || !accepts(j, {rank[j], i})) continue;
      const Wish wish{points[j] / parts_, rank[j], std::int32_t(j)};
      if (!(row.last < wish)) continue;
      row.list.push_back(wish);
      if (row.list.size() == 2 * row.kept) keep(row.kept);
    }
  }
  keep(row.kept);
  row.kept = std::min(GROWTH * row.kept, MOST_KEPT);
  row.list.shrink_to_fit();
  std::sort(row.list.begin(), row.list.end());
  if (!row.list.empty()) row.last = row.list.back();
}

}  // namespace twin
