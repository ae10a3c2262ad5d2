// Shortest augmenting paths: from nearly right prices to the exact optimum.
//
// Problem     Prices p >= 0 and a matching come from the auction; a few pairs are not tight and a few empty places have a
//             price. Repair both until the matching and the prices prove each other.
// Potentials  u_i of left nodes, p_j of right nodes, whole points. Feasible: u_i + p_j >= points(i, j) for every
//             admissible pair, u_i >= outside_i, p_j >= 0. Tight: equality on every matched pair.
// Optimal     when, besides, every left node without partner has u_i = outside_i and every right node with an empty
//             place has p_j = 0: then objective = sum u + sum capacity p, which no matching can exceed.
// Idea        Two passes of Dijkstra, each moving potentials one way only, so that candidate lists stay valid:
//               forward   from each left node without a place, over the slack u_i + p_j - points(i, j), to the nearest
//                         right node with an empty place, or to a left node on the way that may stay without;
//                         u falls, p rises.
//               backward  from each empty place with a price, over the same slack seen from the right, to the
//                         nearest right node whose price can fall to zero (it is left with the empty place), or to a
//                         left node without partner; p falls, u rises.
//             The forward pass leaves no left node to place, the backward pass keeps them placed.
// Invariants  Potentials stay feasible and matched pairs tight after every augmentation (checked by tests through the
//             certificate).
// Implicit    The arcs of a node are its candidate list, and one event for all the others: at slack u_i - bound_i the list
//             ends and a longer one is drawn, at the potentials as they stand.
// Cost        One Dijkstra per repaired node. After an auction with eps = 1 the paths are short.
// References  R. Burkard, M. Dell'Amico, S. Martello, "Assignment Problems", SIAM 2009, ch. 4; L. H. U, K. Mouratidis,
//             M. L. Yiu, N. Mamoulis, "Optimal matching between spatial datasets under capacity constraints", TODS 35
//             (2010), for arcs that come on demand.

#pragma once
#include <memory>
#include <vector>

#include "core/auction.hpp"

namespace twin {

// One direction of search: bidders look for items.
class Paths {
 public:
  // `forward`: bidders are the left nodes. Otherwise `oracle` is that of the graph with its sides exchanged.
  Paths(Market &market, Oracle &oracle, std::vector<std::int64_t> &left_potential, bool forward, int k, Crew &crew,
        Flag flag);

  // Draws all lists that do not answer at the items' potentials.
  void draw_all(int keep);
  // The best net value (forward only: the smallest feasible u).
  std::int64_t best(std::int64_t bidder) const;

  // Augments from every bidder in need; returns how many there were. Stops early, between two paths, once it has done
  // more than `budget` steps, a list drawn counting as `draw_steps`: `finished` tells.
  std::int64_t run(std::int64_t budget = INT64_MAX, std::int64_t draw_steps = 1);
  bool finished = false;
  std::int64_t steps = 0;
  Candidates &lists() { return lists_; }

 private:
  struct Longer {
    int k;
    std::vector<std::int32_t> item;
    std::vector<std::int64_t> points;
    std::int64_t bound;
  };
  bool in_need(std::int64_t bidder) const;
  void augment(std::int32_t start);
  void open(std::int32_t bidder, std::int64_t distance);
  void reach(std::int32_t bidder, std::int64_t distance, const std::int32_t *item, const std::int64_t *points,
             std::int64_t number, std::int64_t bound);
  void lengthen(std::int32_t bidder);
  void push(std::int64_t key, std::int64_t node);

  Market &market_;
  Oracle &oracle_;
  const bool forward_;
  Crew &crew_;
  Flag flag_;
  std::vector<std::int64_t> &left_potential_, &bidder_potential_, &item_potential_;
  Candidates lists_;
  std::vector<std::unique_ptr<Longer>> longer_;
  std::vector<std::int32_t> changed_;
  std::vector<std::uint8_t> is_changed_;

  // One search.
  struct Entry {
    std::int64_t key, node;  // an item, or -1 - bidder: its list ends here
  };
  std::vector<Entry> heap_;
  std::vector<std::int64_t> item_distance_, bidder_distance_;
  std::vector<std::int32_t> from_, via_;  // bidder an item was reached from; item a bidder was reached through
  std::vector<std::uint32_t> item_seen_, item_done_, bidder_seen_;
  std::uint32_t round_ = 0;
  std::vector<std::int32_t> bidders_, items_;
  std::int64_t end_key_ = 0;
  std::int32_t end_item_ = -1, end_bidder_ = -1;
};

}  // namespace twin
