// Repair: from a matching that is the best at some prices of quotas to one that keeps to the quotas.
//
// Problem     Left nodes with one partner each, places at right nodes, listed pairs; prices of nodes and quotas at which no
//             pair pays more than it costs, and a matching of pairs that pay just that. But a price is not a bound: where
//             many are indifferent, some quotas have a few pairs too many, and some that cost something are not used up.
// Idea        A left node changes into another kind of pair (a *move*): out of a quota that has too many, into one that has
//             room. It turns somebody out at its new place, who goes on, until a place is free (a *chain*); and its old
//             place draws somebody else, until one is left empty that costs nothing (a *draught*). What the cheapest
//             chain from each place and the cheapest draught to each place cost is measured for all places at once
//             (Dijkstra, from their ends), and so what every move costs. Quotas know kinds only: which moves to make is
//             a small whole problem, and the caller's (solvers/repair.py). Then the moves are made, one by one, each with
//             the chain and the draught that are cheapest by now.
// Tolls       Links of a chain that change the kind of a pair change what quotas count. Into a full quota they are barred,
//             and out of one at its floor; out of a priced quota that is just used up, and into one that is paid to be small,
//             they cost its price. Links within a kind are free of tolls: most are.
// Why it is right  Nothing rests on labels or tolls: the caller recounts what came out, and keeps the best.
// Cost        O(A log A) to measure, for A listed pairs; a search of a few hundred places for a move.
// Literature  Alternating paths as in R. Ahuja, T. Magnanti, J. Orlin, "Network Flows" (1993), ch. 9; repairing what prices
//             leave: M. Fisher, "The Lagrangian relaxation method for solving integer programming problems" (1981).

#pragma once
#include <cstdint>
#include <vector>

#include "core/oracle.hpp"

namespace twin {

struct RepairTask {
  std::int64_t num_left, num_right, num_quotas;
  std::int32_t left_kinds, right_kinds;
  const std::int64_t *offset;  // listed pairs of each left node; its partner is among them
  const std::int32_t *item;
  const std::int64_t *points;
  const std::int64_t *places, *alone;  // alone: what a left node has without a partner; NO_VALUE: it must have one
  const std::int64_t *left_price, *right_price;
  const std::int32_t *left_kind, *right_kind;
  const std::int64_t *member_offset;  // quotas on the pairs of two kinds, left kind by left kind
  const std::int32_t *member;
  const std::int64_t *low, *high, *price;  // of the quotas
};

class Repair {
 public:
  // `mate`: the partner of each left node, -1 for none. The arrays of the task outlive the repair.
  Repair(const RepairTask &task, const std::int32_t *mate, Flag flag);

  // A left node that takes the place of a listed pair.
  struct Move {
    std::int32_t left = -1;
    std::int64_t pair = -1;  // -1: it stays without
    std::int64_t cost = 0;   // points that it takes, prices of quotas apart
  };
  // The cheapest moves from every kind of pair into every other, at most `k` of each.
  std::vector<Move> moves(std::int64_t k);
  // Makes moves, as far as places can be found.
  void make(const std::int32_t *left, const std::int64_t *pair, std::int64_t count);

  const std::vector<std::int32_t> &mate() const { return mate_; }
  std::int32_t kind(std::int64_t pair) const { return pair < 0 ? none_ : t_.right_kind[t_.item[pair]]; }

 private:
  static constexpr std::int64_t FAR = INT64_MAX / 8;
  struct Link {
    std::int32_t left = -1;
    std::int64_t pair = -1;
  };
  struct Label {
    std::int64_t cost;
    std::int32_t place;
    bool operator<(const Label &other) const {  // the cheapest comes first
      return cost != other.cost ? cost > other.cost : place > other.place;
    }
  };

  void measure_chains();
  void measure_draughts();
  std::int64_t toll(std::int32_t left_kind, std::int32_t from, std::int32_t into) const;
  std::int64_t loss(std::int32_t i, std::int64_t pair) const;
  std::int64_t link_cost(std::int32_t i, std::int64_t pair) const;
  bool has_room(std::int32_t j) const { return load_[std::size_t(j)] < t_.places[j]; }
  void place(std::int32_t i, std::int64_t pair);
  bool settle(std::int32_t into, std::int32_t root);
  void draw(std::int32_t out, std::int32_t root);
  template <class Visit>
  void members(std::int32_t left_kind, std::int32_t right_kind, const Visit &visit) const;
  bool holds(std::int32_t left_kind, std::int32_t right_kind, std::size_t quota) const;

  const RepairTask t_;
  const Flag flag_;
  std::vector<std::int32_t> mate_;
  std::vector<std::int64_t> mine_;  // the pair of each left node; -1: none
  std::vector<std::int64_t> load_;
  std::vector<std::vector<std::int32_t>> holders_;
  std::vector<std::int64_t> count_, cost_;
  const std::int32_t none_;  // the kind of having no partner
  std::vector<std::int64_t> chain_, draught_;
  std::vector<std::vector<Link>> backward_;
  // Of one search.
  std::vector<std::int64_t> distance_;
  std::vector<Link> via_;
  std::vector<std::int32_t> touched_;
};

}  // namespace twin
