// The waist as the solvers see it: who are the best partners of these left nodes at these prices?

#pragma once
#include <cstdint>
#include <stdexcept>
#include <vector>

#include "core/crew.hpp"

namespace twin {

constexpr std::int64_t ONCE = -1;  // the margin of a search that will not be repeated
constexpr std::int64_t NO_VALUE = INT64_MIN / 4;  // below every net value; sums of a few do not overflow

// Raised inside long loops when the caller's flag went up.
struct Cancelled : std::exception {
  const char *what() const noexcept override { return "cancelled"; }
};

// A flag that another thread may raise, looked at every few microseconds of work.
struct Flag {
  const volatile std::uint8_t *raised = nullptr;
  void check() const {
    if (raised != nullptr && *raised) throw Cancelled();
  }
};

// The k best partners of each of `count` left nodes: row r holds number[r] partners, and no partner left out
// has a net value above bound[r] (NO_VALUE: none is left out).
struct Lists {
  std::int32_t *item;
  std::int64_t *points;
  std::int32_t *number;
  std::int64_t *bound;
  bool of_everybody = false;  // row r stands at rows[r], among the lists of all left nodes
  std::int64_t at(const std::int32_t *rows, std::int64_t r) const { return of_everybody ? rows[r] : r; }
};

class Oracle {
 public:
  virtual ~Oracle() = default;
  virtual std::int64_t num_left() const = 0;
  virtual std::int64_t num_right() const = 0;
  // How many parts of a point the graph can count in, and that it does from now on: prices, floors, bounds and points are
  // whole numbers of them. Every price has to be told anew, or the graph be asked in the parts that they were told in.
  virtual std::int32_t finest() const { return 1; }
  virtual void count_in(std::int32_t) {}
  // New prices for every right node, or for those listed.
  virtual void set_prices(const std::int64_t *price) = 0;
  virtual void change_prices(const std::int64_t *price, const std::int32_t *changed, std::int64_t count) = 0;
  // Fills row r of `lists` (k wide) for left node rows[r] with partners whose net value exceeds floor[r] (NO_VALUE: any).
  // Somebody who will ask about the same nodes again after a few prices have risen says by how much, about, in `margin`:
  // the oracle may remember what came so near to the best. ONCE: nobody will.
  virtual void search(const std::int32_t *rows, std::int64_t count, int k, const std::int64_t *floor, std::int64_t margin,
                      Lists lists, Crew &crew, Flag flag) = 0;
  // The points of a pair; NO_VALUE where it is not admissible.
  virtual std::int64_t points(std::int64_t i, std::int64_t j) const = 0;
  // The same with every right node.
  virtual void row(std::int64_t i, std::int64_t *points) const {
    for (std::int64_t j = 0; j < num_right(); ++j) points[j] = this->points(i, j);
  }
};

}  // namespace twin
