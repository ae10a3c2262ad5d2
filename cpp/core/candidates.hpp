// Candidate lists: for each left node its best partners at the prices of the day, and what the rest cannot exceed.
//
// Invariant   A list of i drawn at prices q holds partners with their points; every right node outside it has
//             points(i, j) - q_j <= bound_i. While prices only rise, the right nodes outside still obey bound_i, so the
//             list answers for the whole graph as long as its best net value reaches bound_i; then it is drawn again.

#pragma once
#include <algorithm>
#include <utility>
#include <vector>

#include "core/oracle.hpp"

namespace twin {

class Candidates {
 public:
  Candidates(Oracle &oracle, int length)
      : k(length), oracle_(oracle), n_(static_cast<std::size_t>(oracle.num_left())), number_(n_, 0), bound_(n_, UNKNOWN) {}

  static constexpr std::int64_t UNKNOWN = INT64_MAX / 4;  // the bound of a list that was never drawn
  const int k;

  const std::int32_t *item(std::int64_t i) const { return item_.data() + i * k; }
  const std::int64_t *points(std::int64_t i) const { return points_.data() + i * k; }
  int number(std::int64_t i) const { return number_[static_cast<std::size_t>(i)]; }
  std::int64_t bound(std::int64_t i) const { return bound_[static_cast<std::size_t>(i)]; }
  bool drawn(std::int64_t i) const { return bound(i) != UNKNOWN; }
  bool complete(std::int64_t i) const { return bound(i) == NO_VALUE; }

  // No list answers any more, but for those that hide nothing; what the others hold still guides the next draw.
  void expire() {
    for (auto &bound : bound_)
      if (bound != NO_VALUE) bound = UNKNOWN;
  }
  // Takes over what others hold. If prices have only risen since (`valid`), it answers here too; otherwise it guides the
  // first draw, but for lists that hide nothing.
  void take(const Candidates &other, bool valid) {
    if (other.k != k || other.item_.empty()) return;
    item_ = other.item_, points_ = other.points_, number_ = other.number_, bound_ = other.bound_;
    if (!valid) expire();
  }
  // Points are counted in `to` parts of a point where they were in `from`. One of them is 1.
  void recount(std::int64_t from, std::int64_t to) {
    for (auto &points : points_) points = points / from * to;
    expire();
  }
  // A pair is worth `more(row, item)` less than when it was listed.
  template <class More>
  void discount(const More &more) {
    for (std::size_t i = 0; i < n_ && !item_.empty(); ++i)
      for (std::size_t c = i * std::size_t(k); c < i * std::size_t(k) + std::size_t(number_[i]); ++c)
        points_[c] -= more(std::int64_t(i), std::int64_t(item_[c]));
    expire();
  }

  // Draws the lists of those of `asked` that hide something, at these prices, which the oracle already knows. What a
  // list holds tells a floor: about `keep` of its partners stay above it, so the search may pass over everything else.
  // `margin`: see Oracle::search.
  void draw(const std::vector<std::int32_t> &asked, const std::int64_t *price, int keep, std::int64_t margin, Crew &crew,
            Flag flag) {
    rows_.clear();
    for (const std::int32_t i : asked)
      if (!complete(i)) rows_.push_back(i);
    item_.resize(n_ * std::size_t(k)), points_.resize(n_ * std::size_t(k));  // not before anybody asks
    const std::size_t count = rows_.size(), width = static_cast<std::size_t>(k);
    floor_.resize(count);
    crew.run(std::int64_t(count), 128, [&](int, std::int64_t first, std::int64_t last) {
      std::vector<std::int64_t> net;
      for (auto r = std::size_t(first); r < std::size_t(last); ++r) {
        const auto i = static_cast<std::size_t>(rows_[r]);
        floor_[r] = NO_VALUE;
        if (number_[i] < keep) continue;
        net.clear();
        for (std::size_t c = 0; c < std::size_t(number_[i]); ++c)
          net.push_back(points_[i * width + c] - price[item_[i * width + c]]);
        std::nth_element(net.begin(), net.begin() + (keep - 1), net.end(), std::greater<>());
        floor_[r] = net[static_cast<std::size_t>(keep - 1)] - 1;
      }
    });
    // Row by row into place: a cancelled draw leaves whole lists behind.
    oracle_.search(rows_.data(), std::int64_t(count), k, floor_.data(), margin,
                   {item_.data(), points_.data(), number_.data(), bound_.data(), true}, crew, flag);
    draws += std::int64_t(count);
  }

  std::int64_t draws = 0;

  // All that a later draw depends on, for a run that is written down and goes on elsewhere.
  struct State {
    std::vector<std::int32_t> item, number;
    std::vector<std::int64_t> points, bound;
  };
  State state() const { return {item_, number_, points_, bound_}; }
  void restore(State state) {
    item_ = std::move(state.item), number_ = std::move(state.number);
    points_ = std::move(state.points), bound_ = std::move(state.bound);
  }
  // Whether a state is one of lists of so many rows and items.
  bool fits(const State &state, std::int64_t items) const {
    const std::size_t whole = n_ * static_cast<std::size_t>(k);
    if (state.number.size() != n_ || state.bound.size() != n_ || state.item.size() != state.points.size()) return false;
    if (state.item.size() != whole && !state.item.empty()) return false;
    for (const std::int32_t number : state.number)
      if (number < 0 || number > (state.item.empty() ? 0 : k)) return false;
    for (const std::int32_t item : state.item)
      if (item < 0 || item >= items) return false;
    return true;
  }

 private:
  Oracle &oracle_;
  std::size_t n_;
  std::vector<std::int32_t> item_;
  std::vector<std::int64_t> points_;
  std::vector<std::int32_t> number_;
  std::vector<std::int64_t> bound_, floor_;
  std::vector<std::int32_t> rows_;
};

}  // namespace twin
