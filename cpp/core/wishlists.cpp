// The lists of wishlists.hpp.

#include "core/wishlists.hpp"

#include <algorithm>

namespace twin {

namespace {
constexpr std::int64_t MOST_PRICE = 1 << 29;      // half of what a graph takes
constexpr std::int64_t FINEST = 1 << 12;
constexpr std::int64_t MOST_LISTED = 1 << 21;  // entries that are drawn at once
}  // namespace

Wishlists::Wishlists(Oracle &oracle, std::int64_t lowest, std::int64_t highest, Crew &crew, Flag flag)
    : oracle_(oracle), crew_(crew), flag_(flag), m_(oracle.num_right()), price_(std::size_t(m_)),
      beyond_(std::size_t(oracle.num_left()), highest), is_shut_(std::size_t(m_), 0), list_(std::size_t(oracle.num_left())),
      next_(std::size_t(oracle.num_left()), 0) {
  const std::int64_t range = highest - lowest + 2;
  parts_ = std::clamp<std::int64_t>(std::min<std::int64_t>(oracle.finest(), MOST_PRICE / range), 1, FINEST);
  // Open partners have net values above the floor, shut ones none.
  floor_ = parts_ * (lowest - 1), shut_price_ = parts_ * range;
  for (std::int64_t j = 0; j < m_; ++j) price_[std::size_t(j)] = turn(j);
  oracle_.count_in(std::int32_t(parts_));
  oracle_.set_prices(price_.data());
}

void Wishlists::shut(const std::vector<std::uint8_t> &is_shut) {
  std::vector<std::int32_t> changed;
  for (std::int64_t j = 0; j < m_; ++j) {
    const auto at = std::size_t(j);
    if (is_shut[at] == is_shut_[at]) continue;
    is_shut_[at] = is_shut[at];
    price_[at] = is_shut[at] ? shut_price_ : turn(j);
    changed.push_back(std::int32_t(j));
  }
  if (std::int64_t(changed.size()) > m_ / 8) oracle_.set_prices(price_.data());
  else if (!changed.empty()) oracle_.change_prices(price_.data(), changed.data(), std::int64_t(changed.size()));
}

void Wishlists::draw(const std::vector<std::int32_t> &rows, int k) {
  k = int(std::min<std::int64_t>(k, std::max<std::int64_t>(1, m_)));
  const std::int64_t step = std::max<std::int64_t>(1, MOST_LISTED / k), count = std::int64_t(rows.size());
  for (std::int64_t first = 0; first < count; first += step)
    draw_some(rows.data() + first, std::min(step, count - first), k);
}

void Wishlists::draw_some(const std::int32_t *rows, std::int64_t count, int k) {
  const std::size_t size = std::size_t(count) * std::size_t(k);
  std::vector<std::int32_t> item(size), number(static_cast<std::size_t>(count));
  std::vector<std::int64_t> points(size), bound(static_cast<std::size_t>(count)), floor(static_cast<std::size_t>(count), floor_);
  oracle_.search(rows, count, k, floor.data(), ONCE, {item.data(), points.data(), number.data(), bound.data()}, crew_, flag_);
  crew_.run(count, 64, [&](int, std::int64_t first, std::int64_t last) {
    for (std::int64_t r = first; r < last; ++r) {
      flag_.check();
      take(rows[r], item.data() + r * k, points.data() + r * k, number[std::size_t(r)], bound[std::size_t(r)], k);
    }
  });
}

void Wishlists::take(std::int64_t i, const std::int32_t *item, const std::int64_t *points, int number, std::int64_t bound,
                     int k) {
  std::vector<Wish> &list = list_[std::size_t(i)];
  list.clear();
  next_[std::size_t(i)] = 0;
  const bool is_whole = bound == NO_VALUE || bound <= floor_;
  const std::int64_t end = is_whole ? floor_ : bound;
  bool any = false;
  for (int n = 0; n < number; ++n) {
    const std::int64_t net = points[n] - price_[std::size_t(item[n])];
    any = any || net > floor_;
    if (net > end) list.push_back({points[n] / parts_, item[n]});
  }
  if (list.empty() && any) return look_through(i, bound, k);
  std::sort(list.begin(), list.end());
  // points * parts - price <= bound, and prices are less than a point
  beyond_[std::size_t(i)] = is_whole ? NO_VALUE : (bound >= 0 ? (bound + parts_ - 1) / parts_ : -(-bound / parts_));
}

// All that a search found ties at `net`: those of this net value one by one, in the order of their numbers.
void Wishlists::look_through(std::int64_t i, std::int64_t net, int k) {
  std::vector<Wish> &list = list_[std::size_t(i)];
  const std::int64_t points = net >= 0 ? (net + parts_ - 1) / parts_ : -(-net / parts_), bucket = points * parts_ - net;
  for (std::int64_t j = bucket * m_ / parts_; j < m_ && turn(j) <= bucket && std::int64_t(list.size()) < k; ++j)
    if (!is_shut_[std::size_t(j)] && turn(j) == bucket && oracle_.points(i, j) == points * parts_)
      list.push_back({points, std::int32_t(j)});
  beyond_[std::size_t(i)] = points;
}

}  // namespace twin
