// A graph with something taken off the points of every right node, or of every left one.
//
// Problem     A quota on a group of right nodes has a price, which all of its pairs pay. It changes between the phases of
//             an auction, and the trees of the graph below should stand.
// Idea        What is taken off a right node is paid like its price: the graph below is told the two together, and finds the
//             same partners. Points that come back lose it again. On the side of the left nodes it moves the floors and
//             bounds of whole rows.
// Parts       Where the graph below counts in parts of a point, so does what is taken off.

#pragma once
#include <algorithm>
#include <vector>

#include "core/oracle.hpp"

namespace twin {

class Discounted final : public Oracle {
 public:
  // `of_left`: the numbers are of left nodes.
  Discounted(Oracle &below, bool of_left)
      : below_(below), of_left_(of_left), off_(std::size_t(of_left ? below.num_left() : below.num_right()), 0),
        total_(of_left ? 0 : off_.size(), 0) {}

  bool of_left() const { return of_left_; }
  // Whole points, of any sign. Every price has to be told anew.
  void take_off(const std::int64_t *points) { std::copy_n(points, off_.size(), off_.begin()); }

  std::int64_t num_left() const override { return below_.num_left(); }
  std::int64_t num_right() const override { return below_.num_right(); }
  std::int32_t finest() const override { return below_.finest(); }
  void count_in(std::int32_t parts) override {
    parts_ = parts;
    below_.count_in(parts);
  }
  void set_prices(const std::int64_t *price) override {
    if (of_left_) return below_.set_prices(price);
    for (std::size_t j = 0; j < total_.size(); ++j) total_[j] = price[j] + off_[j] * parts_;
    below_.set_prices(total_.data());
  }
  void change_prices(const std::int64_t *price, const std::int32_t *changed, std::int64_t count) override {
    if (of_left_) return below_.change_prices(price, changed, count);
    for (std::int64_t c = 0; c < count; ++c) {
      const auto j = std::size_t(changed[c]);
      total_[j] = price[j] + off_[j] * parts_;
    }
    below_.change_prices(total_.data(), changed, count);
  }
  void search(const std::int32_t *rows, std::int64_t count, int k, const std::int64_t *floor, std::int64_t margin,
              Lists lists, Crew &crew, Flag flag) override {
    if (of_left_) {
      floor_.assign(floor, floor + count);
      for (std::int64_t r = 0; r < count; ++r)
        if (floor_[std::size_t(r)] != NO_VALUE) floor_[std::size_t(r)] += off_[std::size_t(rows[r])] * parts_;
      floor = floor_.data();
    }
    below_.search(rows, count, k, floor, margin, lists, crew, flag);
    for (std::int64_t r = 0; r < count; ++r) {
      const std::int64_t at = lists.at(rows, r), mine = of_left_ ? off_[std::size_t(rows[r])] * parts_ : 0;
      for (std::int64_t c = at * k; c < at * k + lists.number[at]; ++c)
        lists.points[c] -= of_left_ ? mine : off_[std::size_t(lists.item[c])] * parts_;
      if (lists.bound[at] != NO_VALUE) lists.bound[at] -= mine;
    }
  }
  std::int64_t points(std::int64_t i, std::int64_t j) const override {
    const std::int64_t points = below_.points(i, j);
    return points == NO_VALUE ? points : points - off_[std::size_t(of_left_ ? i : j)] * parts_;
  }

 private:
  Oracle &below_;
  const bool of_left_;
  std::int64_t parts_ = 1;
  std::vector<std::int64_t> off_, total_, floor_;
};

}  // namespace twin
