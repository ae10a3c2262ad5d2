// The loop of deferred.hpp.

#include "core/deferred.hpp"

#include <algorithm>

namespace twin {

namespace {
constexpr int FIRST = 24, GROWTH = 4, LONGEST = 4096;  // partners in a list
constexpr std::int64_t MOST_PRICE = 1 << 29, FINEST = 1 << 12;  // as in wishlists.cpp
constexpr std::int64_t MOST_LISTED = 1 << 21;
constexpr std::int64_t KEPT = 64, LOOKED_AT = 512;  // of all partners of a left node
}  // namespace

Deferred::Deferred(DeferredTask task, Oracle &wishes, Oracle &ranks, std::int64_t *mate, Crew &crew, Flag flag,
                   std::int64_t *counter)
    : task_(task), wishes_(wishes), ranks_(ranks), n_(wishes.num_left()), m_(wishes.num_right()), mate_(mate), crew_(crew),
      flag_(flag), counter_(counter), price_(std::size_t(m_)), row_(std::size_t(n_)), kept_(std::size_t(m_)) {
  const std::int64_t range = task.highest - task.lowest + 2;
  parts_ = std::clamp<std::int64_t>(std::min<std::int64_t>(wishes.finest(), MOST_PRICE / range), 1, FINEST);
  floor_ = parts_ * (task.lowest - 1);
  for (std::int64_t j = 0; j < m_; ++j) price_[std::size_t(j)] = task_.places[j] > 0 ? turn(j) : parts_ * range;
  wishes_.count_in(std::int32_t(parts_));
  wishes_.set_prices(price_.data());
  for (std::int64_t i = 0; i < n_; ++i) {
    row_[std::size_t(i)].width = FIRST;
    if (task_.wants[i]) waiting_.push_back(std::int32_t(i));
  }
}

void Deferred::run() {
  while (!waiting_.empty()) {
    const std::vector<std::int32_t> rows = std::move(waiting_);
    waiting_.clear();
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
    return;
  }
  if (!row.is_whole) waiting_.push_back(std::int32_t(i));
}

// New lists; nobody's is empty that is not whole.
void Deferred::draw(const std::vector<std::int32_t> &rows) {
  std::vector<std::int32_t> left(rows), all;
  while (!left.empty()) {
    // All of one width together, the shortest first.
    int width = LONGEST + 1;
    for (const std::int32_t i : left) width = std::min(width, row_[std::size_t(i)].width);
    if (width > LONGEST) break;
    std::vector<std::int32_t> now, later;
    for (const std::int32_t i : left) (row_[std::size_t(i)].width == width ? now : later).push_back(i);
    search(now, width);
    for (const std::int32_t i : now)
      if (row_[std::size_t(i)].list.empty() && !row_[std::size_t(i)].is_whole) later.push_back(i);
    left = std::move(later);
  }
  crew_.run(std::int64_t(left.size()), 1, [&](int, std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      flag_.check();
      look_at_all(left[std::size_t(r)]);
    }
  });
}

void Deferred::search(const std::vector<std::int32_t> &rows, int width) {
  const int k = int(std::min<std::int64_t>(width, std::max<std::int64_t>(1, m_)));
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
        row.width = width * GROWTH;
        row.next = 0;
        row.list.clear();
        row.is_whole = bound[std::size_t(r)] == NO_VALUE || bound[std::size_t(r)] <= floor_;
        const std::int64_t end = row.is_whole ? floor_ : bound[std::size_t(r)];
        for (std::int64_t c = r * k; c < r * k + number[std::size_t(r)]; ++c)
          if (points[std::size_t(c)] - price_[std::size_t(item[std::size_t(c)])] > end)
            row.list.push_back({points[std::size_t(c)] / parts_, 0, item[std::size_t(c)]});
        std::sort(row.list.begin(), row.list.end());
        const Wish before = row.last;
        if (!row.list.empty()) row.last = std::max(row.last, row.list.back());
        std::erase_if(row.list, [&](Wish &wish) {
          if (!(before < wish)) return true;
          wish.rank = ranks_.points(i, wish.item);
          return wish.rank == NO_VALUE || !accepts(wish.item, {wish.rank, i});
        });
      }
    });
  }
}

// The next of all partners that would accept, as many as are worth keeping.
void Deferred::look_at_all(std::int32_t i) {
  Row &row = row_[std::size_t(i)];
  row.next = 0;
  row.list.clear();
  std::vector<std::int64_t> points(static_cast<std::size_t>(m_));
  wishes_.row(i, points.data());
  std::vector<Wish> rest;
  for (std::int64_t j = 0; j < m_; ++j) {
    const Wish wish{points[std::size_t(j)] / parts_, 0, std::int32_t(j)};
    if (points[std::size_t(j)] != NO_VALUE && task_.places[j] > 0 && row.last < wish) rest.push_back(wish);
  }
  auto from = rest.begin();
  while (from != rest.end() && std::int64_t(row.list.size()) < KEPT) {
    const auto to = rest.end() - from > LOOKED_AT ? from + LOOKED_AT : rest.end();
    if (to != rest.end()) std::nth_element(from, to, rest.end());
    std::sort(from, to);
    for (; from != to; ++from) {
      from->rank = ranks_.points(i, from->item);
      row.last = *from;
      if (from->rank != NO_VALUE && accepts(from->item, {from->rank, i})) row.list.push_back(*from);
    }
  }
  row.is_whole = from == rest.end();
}

}  // namespace twin
