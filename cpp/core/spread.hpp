// A graph whose large searches are done elsewhere: by threads, processes or machines that each have some of its rows.
//
// Problem     A round of an auction, or the first lists of the exact finish, is a search for every row at prices that stand
//             still. Rows have nothing to do with each other, so that many machines may share them.
// Idea        The graph below answers small searches, and everything else. A search of at least `least` rows is handed as
//             a whole to somebody who cuts it in pieces, has them searched, and puts the answers together in the order of the
//             rows.
// Exactness   What a search finds depends on its question alone (tree.hpp: ties, pools), so it makes no difference who
//             is asked, nor which searches count as large.
// Numbers     Prices, floors, points and bounds of a scored graph fit 32 bits, and travel as such.

#pragma once
#include <functional>
#include <vector>

#include "core/oracle.hpp"

namespace twin {

class Spread final : public Oracle {
 public:
  struct Question {
    const std::int32_t *rows;
    std::int64_t count;
    int k;
    const std::vector<std::int32_t> &floor, &price;  // in parts of a point; a floor of INT32_MIN: any
    std::int32_t parts;
  };
  using Ask = std::function<void(const Question &, Lists)>;

  // The graph below is a scored one, and outlives this one.
  Spread(Oracle &below, Ask ask, std::int64_t least) : below_(below), ask_(std::move(ask)), least_(least) {}

  std::int64_t num_left() const override { return below_.num_left(); }
  std::int64_t num_right() const override { return below_.num_right(); }
  std::int32_t finest() const override { return below_.finest(); }
  void count_in(std::int32_t parts) override { below_.count_in(parts_ = parts); }
  void set_prices(const std::int64_t *price) override;
  void change_prices(const std::int64_t *price, const std::int32_t *changed, std::int64_t count) override;
  void search(const std::int32_t *rows, std::int64_t count, int k, const std::int64_t *floor, std::int64_t margin,
              Lists lists, Crew &crew, Flag flag) override;
  std::int64_t points(std::int64_t i, std::int64_t j) const override { return below_.points(i, j); }
  void row(std::int64_t i, std::int64_t *points) const override { below_.row(i, points); }

  // Searches and rows so far, of all and of those that were asked elsewhere.
  std::int64_t searches = 0, rows_searched = 0, rounds = 0, rows_asked = 0;

 private:
  Oracle &below_;
  const Ask ask_;
  const std::int64_t least_;
  std::int32_t parts_ = 1;
  std::vector<std::int32_t> price_, floor_;
};

}  // namespace twin
