// The auction: nearly right prices, fast.
//
// Problem     Give every left node (bidder) a place at a right node so that the total of points is largest. A bidder
//             with an outside value may stay without. Right node j has capacity_j >= 1 places.
// Idea        Bertsekas' forward auction with eps-scaling. A bidder without a place takes the place with the best net
//             value v1 = points - price, and raises its price by v1 - v2 + eps, where v2 is the best net value
//             elsewhere; whoever held the place bids again. Bidders never see all pairs: they bid from candidate lists
//             (candidates.hpp) drawn through the oracle at current prices.
// State       place_owner, place_price: bidder and price of each place, places of one right node together as a heap with
//             the cheapest first; price_j is that of its cheapest place; mate_place of each bidder.
// Invariants  (1) prices only rise inside a phase; (2) every bidder with a place has points - price_j >= v - eps, where v
//             is its best net value over all right nodes (eps-complementary slackness); (3) a place that nobody
//             bid for in this phase keeps its opening price.
// When it stops  All bidders have a place (or took their outside value), so the total is within n eps of the bound, up to
//             the opening prices of places left empty. The exact finish (paths.hpp) removes both.
// Start       From prices of zero, or from any others (`seed`, see levels.py): a phase makes no difference between them.
// Parts       Points are whole numbers, and with steps of a point half of the pairs end up a point from their best: as many
//             paths to look for. Counted in sixteenths, with steps down to one of them, prices are right to a sixteenth; and
//             rounded down to points they leave one pair in sixteen or fewer that is not tight. If prices are rounded down,
//             every net value is rounded up, and so are the best: bounds stay exact.
// Cost        About six bids and as many list draws per bidder and phase, on the registers: nearly all bids need a new list.
//             Fewer draws from longer lists, from lists shared out among neighbours, or from lists that are trusted beyond
//             their end, were no faster (measured); cheaper draws were (the pools of tree.hpp).
// Traps       Opening prices must come down far enough between phases: places that lose their bidder keep their opening
//             price, which nobody owes (invariant 3). With a single admissible partner v2 does not exist: the bid
//             stops at `range`. Places of one right node are the same thing, so v2 looks at other right nodes only:
//             otherwise twins would be bid up one eps at a time. For the same reason a node's own members are no
//             bidders for its empty places: where they fill its list, the place comes down by a step (`offer`).
//             Bidders left over at the end of a phase leave the whole market a little too cheap, and every later
//             phase inherits it: very few may be left. Empty places left too dear are inherited too, and none may be
//             (measured: two minutes of bids by small steps). Where nearly every place is taken it is the other way round:
//             to wait for the last hundred of a million takes more lists than everything else, a region rises by one
//             step after the other, and a phase that ends without them gains far more (`budget`).
//             Between phases all places of a right node come down to its price, that of the cheapest: one that was bid up
//             and is too dear now would come down by a drop a phase, while its node asks the price of another, and each
//             phase would bid for what the one before has settled (measured on squares with 1.05 to 3 places a node:
//             1.6 to 12 times as long).
// Parallel    Lists are drawn in batches by several threads at prices that stand still; bidding is one thread. The
//             batches depend on the instance alone, so the result is the same for any number of threads.
// References  D. P. Bertsekas, "Auction algorithms for network flow problems", Comput. Optim. Appl. 1 (1992);
//             D. P. Bertsekas and D. A. Castanon, "The auction algorithm for the transportation problem", Ann. Oper.
//             Res. 20 (1989).
// Departures  Implicit graph with bounded lists; v2 may be the list's bound (a smaller, still valid bid).

#pragma once
#include <vector>

#include "core/candidates.hpp"

namespace twin {

// The outside value of a bidder that is not there: it is never in need of a place, and nobody's to have.
constexpr std::int64_t AWAY = INT64_MAX / 4;

struct Market {
  Oracle &oracle;
  std::vector<std::int64_t> place_offset;  // places of right node j: place_offset[j] .. place_offset[j + 1]
  std::vector<std::int32_t> place_owner;   // -1: free
  std::vector<std::int64_t> place_price, price;
  std::vector<std::int32_t> mate_place, mate;  // of each bidder; -1: none
  std::vector<std::int64_t> outside;           // what a bidder has without a partner; NO_VALUE: it must have one

  Market(Oracle &oracle, const std::int64_t *capacity, const std::int64_t *outside);
  std::int64_t num_left() const { return oracle.num_left(); }
  std::int64_t num_right() const { return oracle.num_right(); }
  // Every place asks the price of its right node.
  void reprice() {
    for (std::size_t j = 0; j < price.size(); ++j)
      for (std::int64_t p = place_offset[j]; p < place_offset[j + 1]; ++p) place_price[std::size_t(p)] = price[j];
  }
  bool any_empty_priced() const {
    for (std::size_t j = 0; j < price.size(); ++j)
      for (std::int64_t p = place_offset[j]; price[j] > 0 && p < place_offset[j + 1]; ++p)
        if (place_owner[std::size_t(p)] < 0) return true;
    return false;
  }
  std::int64_t places(std::int64_t j) const { return place_offset[std::size_t(j) + 1] - place_offset[std::size_t(j)]; }
};

class Auction {
 public:
  Auction(Market &market, Oracle &transposed, int k, int back_k, std::int64_t range, Crew &crew, Flag flag,
          std::int64_t *counters)
      : market_(market), transposed_(transposed), lists_(market.oracle, k), back_lists_(transposed, back_k), range_(range),
        crew_(crew), flag_(flag), counters_(counters) {}

  // Opens a phase with steps of eps: the places of a right node ask its price, all come down by `drop` (not below zero), and
  // every list is drawn. Until the next bid, `best` is exact: what it adds up to with the prices is a bound on every matching.
  void open(std::int64_t drop, std::int64_t eps, int keep);
  std::int64_t best(std::int64_t i) const;

  // Bids with steps of eps: pairs that are within eps of their best stay, the others bid again. The last `leave`
  // bidders, whose chains are long and keep one thread busy, may be left for the next phase, or for the paths.
  // No more than `spare` bidders without a place are reason enough to stop, and so are more lists drawn than `budget`.
  // Returns how many lists were drawn for bids.
  std::int64_t bid(std::int64_t eps, int keep, std::int64_t leave, std::int64_t spare, std::int64_t budget);

  Candidates &lists() { return lists_; }
  Candidates &back_lists() { return back_lists_; }
  // Counts in as many parts of a point as the graphs can, at most `most`, and not so many that prices lack room; or in points
  // again (1): then prices are rounded down. Steps and drops are counted likewise. The graphs count so only while a phase
  // is opened or bids are made: others ask them in between, but not between `open` and `bid`, which goes on from the prices
  // that `open` has told them.
  void refine(std::int64_t most);
  std::int64_t parts() const { return parts_; }
  // The auction as it was between two phases, after its market and its lists.
  void restore(std::int64_t parts, std::int64_t range, bool lowered) {
    parts_ = parts, range_ = range, has_lowered = lowered;
  }
  std::int64_t range() const { return range_; }
  // Pairs are worth so many points less than when lists were drawn.
  template <class More>
  void discount(const More &more) {
    lists_.discount([&](std::int64_t i, std::int64_t j) { return parts_ * more(i, j); });
    back_lists_.discount([&](std::int64_t j, std::int64_t i) { return parts_ * more(i, j); });
  }

  bool has_lowered = false;  // whether a price fell since the phase was opened

 private:
  struct Counting {
    Auction &auction;
    explicit Counting(Auction &whose) : auction(whose) { tell(auction.parts_); }
    ~Counting() { tell(1); }
    void tell(std::int64_t parts) const {
      auction.market_.oracle.count_in(std::int32_t(parts)), auction.transposed_.count_in(std::int32_t(parts));
    }
  };

  // Parts that a pair may be worth; prices have room for 64 times as many.
  static constexpr std::int64_t MOST_RANGE = 1 << 24;

  // With steps of eps, what a search should remember: what comes within a few steps of its list.
  std::int64_t margin_of(std::int64_t eps) const {
    return eps <= LARGEST_POOLED * parts_ ? MARGIN * std::max<std::int64_t>(1, eps) : ONCE;
  }

  bool is_taken(std::int32_t j) const {
    return market_.place_owner[std::size_t(market_.place_offset[std::size_t(j)])] >= 0;
  }
  bool bid_for(std::int32_t i, std::int64_t eps, std::vector<std::int32_t> &losers);
  bool offer(std::int32_t j, std::int64_t eps, std::vector<std::int32_t> &losers);
  void forward(std::int64_t eps, int keep, std::int64_t leave, std::int64_t spare, std::int64_t budget,
               std::vector<std::int32_t> waiting);
  void settle_up();
  void reverse(std::int64_t eps, int keep);
  void settle(std::int64_t j);
  void settle_profits(std::int32_t j);
  void lower(std::int64_t place, std::int64_t price, std::int32_t owner);

  static constexpr std::int64_t LARGEST_POOLED = 3200, MARGIN = 12;  // points of a step, and how many steps a pool goes
  static constexpr std::size_t BATCH = 256;  // lists drawn at prices that stand still

  Market &market_;
  Oracle &transposed_;
  std::int64_t margin_ = ONCE, parts_ = 1;
  Candidates lists_, back_lists_;
  std::vector<std::int64_t> profit_;
  std::int64_t range_;
  Crew &crew_;
  Flag flag_;
  std::int64_t *counters_;  // [0]: bidders with a place, for whoever watches
  std::vector<std::int32_t> changed_, back_changed_;
  std::vector<std::uint8_t> is_changed_;
};

}  // namespace twin
