// Keeping a market optimal while it changes.
//
// Problem     Prices and a matching prove each other (paths.hpp says how). Then a node goes, a place is added or lost, a pair
//             is worth something else. Mend both, so that they prove each other again.
// Idea        Whatever is still right stays. A left node that lost its place looks for one along a shortest path (the
//             forward pass of paths.hpp); a place that nobody pays for any more comes down in price, or finds somebody
//             (the backward pass). Between two changes the trees, the lists and the potentials stay in memory, so a change costs
//             what lies within the paths' reach and no more.
// Gone        A node that has left stays in the arrays, with a potential that goes on obeying all pairs: a right node without
//             places, a left node that is away. Paths that come to it end nowhere. So it may come back at any time, and no list
//             is ever wrong about it.
// Any order   Passes move potentials up and down in turn, and a market may be taken back to an earlier state (`go_to`). A list
//             is good while potentials of what it lists rise; so each pass is told by how much those fell at most (`fell`).
//             The state that changes start from is home: lists that were drawn there are as good as new whenever it is.
// Invariants  After go_to and after mend: left_price[i] + price[j] >= points(i, j) for all pairs, with equality where they are
//             matched; after mend besides: every left node that is not away has a place, and right nodes with an empty place
//             have a price of 0.
// Cost        Nodes within the path's length of the change, a list each (a search where there is none yet). On the national
//             registers a thousand or so for one partner that leaves.
// Traps       Lists end earlier with everything that falls: after thousands of changes most are drawn again when they are
//             next looked at.
// References  The dual of one change: A. Volgenant, "An addendum on sensitivity analysis of the optimal assignment", European
//             J. Oper. Res. 169 (2006); G. A. Mills-Tettey, A. Stentz, M. B. Dias, "The dynamic Hungarian algorithm for the
//             assignment problem with changing costs", CMU-RI-TR-07-27 (2007).

#pragma once
#include <cstdint>
#include <vector>

#include "core/paths.hpp"

namespace twin {

class Upkeep {
 public:
  // The graphs are nobody else's while this lives.
  Upkeep(Oracle &graph, Oracle &transposed, int k, int threads, Flag flag);

  // Takes the market to a state.
  void go_to(const std::int64_t *capacity, const std::int64_t *price, const std::int64_t *left_price,
             const std::int64_t *mate, const std::uint8_t *away);
  // A pair of this node is worth something else than before.
  void expire_left(std::int32_t i) { forward_.expire(i); }
  void expire_right(std::int32_t j) { backward_.expire(j); }
  // Serves everybody in need, one after the other: together (see paths.hpp) took up to twice as long (measured). Throws std::runtime_error where a left node can have no place; then only go_to may follow.
  void mend();
  // The same matching at its highest prices (places may go: left nodes find others at these prices), or at its lowest.
  void lift(bool up);

  // Since the last go_to.
  std::vector<std::int32_t> fallen_left, fallen_right;  // whose potential is lower, each once
  std::int64_t fall = 0;                                // no left potential has fallen by more
  std::int64_t searches = 0;

  const Market &market() const { return market_; }
  const std::vector<std::int64_t> &left_price() const { return left_price_; }

 private:
  void place(const std::int64_t *capacity, const std::int64_t *mate);

  std::vector<std::int64_t> home_price_, home_left_price_;
  std::size_t home_forward_ = 0, home_backward_ = 0;  // their epochs
  const std::int64_t n_, m_;
  Crew crew_;
  std::vector<std::int64_t> left_price_;
  Market market_;
  Paths forward_, backward_;
};

}  // namespace twin
