// The partners that left nodes wish for, best first, a few at a time: what the procedures in turns.hpp and deferred.hpp
// go through.
//
// Problem     A left node ranks right nodes by points, and of equal points the lower number first. Hundreds of them may tie,
//             and the list that a search returns holds any few of those that tie at its end.
// Idea        The graph counts in parts of a point, and each right node has a price below one point that rises with its
//             number. So the search itself tells ties apart, but for numbers near each other; what still ties with the end
//             of a list is left out of it. Where everything ties, the numbers of that price are looked at one by one.
// Shut nodes  A right node that takes nobody any more has a price above all points: searches pass it by.
// Exactness   A list holds the best open partners in their one order, without a gap, down to its last; beyond() says how
//             good any other can be at most. Who is shut later stays in the list, and the caller skips it.

#pragma once
#include <cstdint>
#include <vector>

#include "core/oracle.hpp"

namespace twin {

struct Wish {
  std::int64_t points;  // whole
  std::int32_t item;
  bool operator<(const Wish &other) const { return points != other.points ? points > other.points : item < other.item; }
};

class Wishlists {
 public:
  // Admissible pairs have points from `lowest` to `highest`.
  Wishlists(Oracle &oracle, std::int64_t lowest, std::int64_t highest, Crew &crew, Flag flag);
  ~Wishlists() { oracle_.count_in(1); }
  Wishlists(const Wishlists &) = delete;
  Wishlists &operator=(const Wishlists &) = delete;

  // Which right nodes the next draws pass by.
  void shut(const std::vector<std::uint8_t> &is_shut);
  // New lists of about k open partners for these left nodes.
  void draw(const std::vector<std::int32_t> &rows, int k);

  bool empty(std::int64_t i) const { return next_[std::size_t(i)] == list_[std::size_t(i)].size(); }
  const Wish &front(std::int64_t i) const { return list_[std::size_t(i)][next_[std::size_t(i)]]; }
  void pop(std::int64_t i) { ++next_[std::size_t(i)]; }
  // No open partner that was not listed has more points; NO_VALUE: there is none.
  std::int64_t beyond(std::int64_t i) const { return beyond_[std::size_t(i)]; }

 private:
  void draw_some(const std::int32_t *rows, std::int64_t count, int k);
  void take(std::int64_t i, const std::int32_t *item, const std::int64_t *points, int number, std::int64_t bound, int k);
  void look_through(std::int64_t i, std::int64_t net, int k);
  // What a right node costs while it is open: its place among all, in parts of a point.
  std::int64_t turn(std::int64_t j) const { return j * parts_ / m_; }

  Oracle &oracle_;
  Crew &crew_;
  const Flag flag_;
  const std::int64_t m_;
  std::int64_t parts_, shut_price_, floor_;
  std::vector<std::int64_t> price_, beyond_;
  std::vector<std::uint8_t> is_shut_;
  std::vector<std::vector<Wish>> list_;
  std::vector<std::size_t> next_;
};

}  // namespace twin
