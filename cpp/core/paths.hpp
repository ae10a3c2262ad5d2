// Shortest augmenting paths: from nearly right prices to the exact optimum.
//
// Problem     Prices p >= 0 and a matching come from the auction; many pairs are a point or two from tight and a few empty
//             places have a price. Repair both until the matching and the prices prove each other.
// Potentials  u_i of left nodes, p_j of right nodes, whole points. Feasible: u_i + p_j >= points(i, j) for every
//             admissible pair, u_i >= outside_i, p_j >= 0. Tight: equality on every matched pair.
// Optimal     when, besides, every left node without partner has u_i = outside_i and every right node with an empty
//             place has p_j = 0: then objective = sum u + sum capacity p, which no matching can exceed.
// Idea        Two passes, each moving potentials one way only, so that candidate lists stay valid:
//               forward   from left nodes without a place, over the slack u_i + p_j - points(i, j), to right nodes with
//                         an empty place, or to left nodes on the way that may stay without; u falls, p rises.
//               backward  from empty places with a price, over the same slack seen from the right, to right nodes
//                         whose price can fall to zero (they are left with the empty place), or to left nodes without
//                         partner; p falls, u rises.
//             The forward pass leaves no left node to place, the backward pass keeps them placed.
//             A pass goes in rounds. One Dijkstra from all nodes in need at once finds the distance D of the nearest ends;
//             potentials move by what lies within D; the trees that have come to an end give one path each, and then
//             all paths of tight pairs are followed that there are (plateau.cpp). Most nodes in need are within a point
//             or two of an end, so a few rounds serve thousands.
// Grains      A pass may take slack of less than a grain for none, and distances in whole grains: then matched pairs lack less
//             than a grain, and thousands are at the same distance where exact distances would all be different. After an
//             auction that ended early, a few passes with grains of a quarter each bring prices to where the exact pass is
//             quick. What lies within a grain grows with the market: a million by a million has hundreds of partners to a
//             node within 16 points, and auctions of few lists are far quicker there (measured).
// Invariants  Potentials stay feasible and matched pairs tight, to a grain, after every round (checked by tests through the
//             certificate). Every round serves at least one node in need.
// Implicit    The arcs of a node are its candidate list, and one event for all the others: at slack u_i - bound_i the list
//             ends and is drawn again, at the potentials as they stand, and sixteen times as long where that does not
//             bring its end down. On a plateau, where hundreds of partners tie, lists grow to hold them all, but little
//             else: a list that has grown is drawn for what ties at its end, and as far again as it went. Events at one distance
//             are drawn together, by all threads. Lists are in the order of what arcs were worth when they were drawn,
//             so that a look within some slack stops early.
// Cost        A round costs what lies within D of the nodes in need, at most all lists, and serves everybody who can be
//             served at these potentials by the pairs in the lists. National markets take ten rounds forward or fewer.
//             Where distances are all different, as after a coarse auction, a round serves one node, and it is cheaper to
//             search from one at a time (`together`).
// Traps       At one distance items come before the rest of lists. To hide the items that Dijkstra is done with keeps lists
//             short, but then the paths along tight pairs find too little, and rounds are ten times as many (measured).
//             Nor does it help to go on beyond the nearest end while trees have none: what is passed on the way is left
//             for the backward pass, which has thousands of places to bring down then (measured).
// References  J. Hopcroft, R. Karp, "An n^(5/2) algorithm for maximum matchings in bipartite graphs", SIAM J. Comput. 2
//             (1973); H. Gabow, R. Tarjan, "Faster scaling algorithms for network problems", SIAM J. Comput. 18 (1989);
//             L. H. U, K. Mouratidis, M. L. Yiu, N. Mamoulis, "Optimal matching between spatial datasets under capacity
//             constraints", TODS 35 (2010), for arcs that come on demand.
// Departures  Potentials move by the nearest end only, not by a step of a scale; paths to one Dijkstra: see plateau.cpp.

#pragma once
#include <algorithm>
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

  // Tells the oracle all potentials of items: from then on it is told what changes. Whoever asks it at other prices between
  // two runs has to have this called before the next one.
  void tell();
  // Draws all lists that do not answer at the items' potentials.
  void draw_all(int keep);
  // The best net value (forward only: the smallest feasible u).
  std::int64_t best(std::int64_t bidder) const;

  // Serves every bidder in need; returns how many there were. All `together`, or one after the other. Stops early,
  // between two rounds, when no more than `spare` are left, or once it has done more than `budget` steps, a list drawn
  // counting as `draw_steps`: `finished` tells.
  std::int64_t run(bool together, std::int64_t spare = 0, std::int64_t budget = INT64_MAX, std::int64_t draw_steps = 1);
  bool finished = false;
  std::int64_t steps = 0;
  Candidates &lists() { return lists_; }
  // What is worth less than a grain, a power of two, counts as nothing: slack, and prices of empty places.
  void coarsen(std::int64_t grain) { grain_ = grain; }
  std::int64_t grain() const { return grain_; }

  // For a market that goes on changing (upkeep.hpp). What a list hides may be worth as much more as items' potentials have
  // fallen since it was drawn: lists stay, and end that much earlier, until that is STALE points. Each belongs to an epoch, in
  // which potentials of items only rose; and when they are back where an epoch began, its lists are as good as new.
  // An item whose potential somebody else has moved is told to the oracle before it is asked again. A bidder whose
  // pairs are worth something else draws a new list.
  void fell(std::int64_t most) {
    if (most == 0) return;
    for (auto &drift : drift_) drift += most;
    begin_epoch();
  }
  std::size_t begin_epoch(bool at_home = false) {
    drift_.push_back(0), at_home_ = at_home;
    return epoch_ = drift_.size() - 1;
  }
  void back_to(std::size_t home) { drift_[epoch_ = home] = 0, at_home_ = true; }
  void moved(std::int32_t item) {
    if (!is_changed_[std::size_t(item)]) is_changed_[std::size_t(item)] = 1, changed_.push_back(item);
  }
  void expire(std::int32_t bidder) { list_[std::size_t(bidder)].reset(); }
  // Since the last `settle`: bidders whose potential fell, items whose potential rose, and no bidder's fell by more.
  struct Moves {
    std::vector<std::int32_t> bidders, items;
    std::int64_t most = 0;
  };
  Moves settle();
  // Moves potentials, and no partners, until every bidder with a partner has a path of tight pairs to an end, should it lose that
  // partner: then whoever does is served without moving any potential. Of all potentials that prove the matching these
  // are the lowest for bidders.
  void lift();

 private:
  // The arcs of a bidder, best first at the time they were drawn: since then prices have only risen, but for what drift_
  // says, so `most` is no less than what arc c is worth today, and whoever looks for arcs within some slack can stop early.
  struct List {
    int k = 0;
    std::int64_t bound = NO_VALUE, top = 0;  // at that time
    std::size_t epoch = 0;
    std::vector<std::int32_t> item, below;
    std::vector<std::int64_t> points;
    static constexpr std::size_t STRIDE = 8;  // one entry of `below` for so many arcs
  };
  // What arc c is worth at most today, and what those outside the list are.
  std::int64_t most(const List &list, std::size_t c) const {
    return list.top - list.below[c / List::STRIDE] + drift_[list.epoch];
  }
  std::int64_t bound(const List &list) const {
    return list.bound == NO_VALUE ? NO_VALUE : list.bound + drift_[list.epoch];
  }
  void forget_stale(std::int32_t bidder);
  // No arc from c on, listed or hidden, is worth more. Listed ones may be worth less than hidden ones: prices rise.
  std::int64_t next(const List &list, std::size_t c) const {
    return c < list.item.size() ? std::max(most(list, c), bound(list)) : bound(list);
  }
  void write(std::int32_t bidder, int k, const std::int32_t *item, const std::int64_t *points, std::int64_t number,
             std::int64_t bound);
  std::int64_t whole(std::int64_t slack) const { return slack & -grain_; }  // in grains, rounded down
  bool in_need(std::int64_t bidder) const;
  bool is_free(std::int32_t item) const;       // a path may end here
  bool may_stay(std::int32_t bidder) const;    // a path may end here: its potential is as low as it may be
  // The owner of an item's place number `at` or of one after it; `at` moves beyond it. -1: there is none.
  std::int32_t next_owner(std::int32_t item, std::int64_t &at) const {
    const auto b = std::size_t(item);
    if (!forward_) return at++ == 0 && market_.mate_place[b] >= 0 ? market_.mate[b] : -1;
    for (const std::int64_t first = market_.place_offset[b], count = market_.places(item); at < count;)
      if (const std::int32_t owner = market_.place_owner[std::size_t(first + at++)]; owner >= 0) return owner;
    return -1;
  }
  template <class Use>
  void each_owner(std::int32_t item, Use use) const {
    std::int64_t at = 0;
    for (std::int32_t owner; (owner = next_owner(item, at)) >= 0;) use(owner);
  }

  void count_vacant();
  bool measure(const std::vector<std::int32_t> &sources);
  void open(std::int32_t bidder, std::int64_t distance, std::int32_t via);
  void end_at(std::int64_t key, std::int64_t node);
  void scan(std::int32_t bidder, std::int64_t distance);
  std::int64_t floor_of(std::int32_t bidder, int k) const;
  void lengthen(std::vector<std::int32_t> &bidders);
  void push(std::int64_t key, std::int64_t node);
  void move_potentials();
  void augment();

  // Along tight pairs: plateau.cpp.
  struct TightRange {  // tight_[first .. last), the free ones up to free_last
    std::uint32_t plateau = 0;
    std::size_t first = 0, free_last = 0, last = 0;
  };
  void serve(std::vector<std::int32_t> &sources);
  std::size_t pick(std::int32_t bidder, std::vector<std::int32_t> &items) const;
  const TightRange &tight(std::int32_t bidder);
  void pick_many(const std::vector<std::int32_t> &bidders, std::size_t next);
  bool hides(std::int32_t bidder) const;
  bool lay(const std::vector<std::int32_t> &sources);
  void follow(std::int32_t start);
  bool ends_at(std::int32_t bidder);
  void exchange(std::int32_t last);

  void leave(std::int32_t left);
  void join(std::int32_t left, std::int32_t right);

  Market &market_;
  Oracle &oracle_;
  const bool forward_;
  std::int64_t grain_ = 1;
  Crew &crew_;
  Flag flag_;
  std::vector<std::int64_t> &left_potential_, &bidder_potential_, &item_potential_;
  Candidates lists_;
  std::vector<std::unique_ptr<List>> list_;
  std::vector<std::int32_t> vacant_;  // empty places of each right node
  std::vector<std::uint8_t> sure_;    // while lifting: bidders that have a path of tight pairs
  std::vector<std::int32_t> changed_;
  std::vector<std::uint8_t> is_changed_;
  std::vector<std::int64_t> drift_ = {0};  // of each epoch
  std::size_t epoch_ = 0;
  bool at_home_ = false;  // potentials are those of an epoch that may be come back to
  std::int64_t fallen_ = 0;
  std::vector<std::int32_t> fell_, rose_;
  std::vector<std::uint8_t> has_fallen_, has_risen_;

  // One Dijkstra.
  struct Entry {
    std::int64_t key, node;  // an item, or -1 - bidder: the rest of its arcs
  };
  struct Later {  // the order of the heap
    bool operator()(const Entry &a, const Entry &b) const { return a.key != b.key ? a.key > b.key : a.node < b.node; }
  };
  std::vector<Entry> heap_;
  std::vector<std::int64_t> item_distance_, bidder_distance_, ends_;  // an end: an item, or -1 - bidder
  std::vector<std::int32_t> from_, via_;  // bidder an item was reached from; item a bidder was reached through
  std::vector<std::uint32_t> item_seen_, item_done_, bidder_seen_, root_used_;
  std::uint32_t round_ = 0;
  std::vector<std::int32_t> bidders_, items_;
  std::vector<std::size_t> scanned_;  // arcs of each bidder that were looked at
  std::int64_t end_key_ = 0;

  // The paths of one round.
  static constexpr std::int32_t PASSED = -2;
  std::uint32_t plateau_ = 0;
  std::vector<TightRange> tight_of_;
  std::vector<std::int32_t> tight_, fresh_, queue_, bidder_level_, item_level_;
  struct Frame {
    std::int32_t bidder, item;  // the item it looks into
    std::size_t next;           // the tight item to try next
    std::int64_t place;         // the owner of the item to try next
    std::int32_t level;
  };
  std::vector<Frame> stack_;
  std::int32_t end_item_ = -1;
};

}  // namespace twin
