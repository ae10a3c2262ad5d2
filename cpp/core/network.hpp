// A cheapest flow through a network whose arcs have lower and upper bounds, or a cut that shows there is none.
//
// Problem     Whole flows x with lower <= x <= upper, of which b_v more leave node v than enter it, at the least total
//             cost. Costs and supplies have any sign; the supplies sum to 0.
// Idea        Cost scaling: a flow that is right up to a step eps at the prices pi is made right up to a smaller step.
//             Arcs that are worth using are filled, which leaves nodes with too much (excess) and with too little;
//             excess is pushed downhill, and a node from which nothing runs downhill lowers its price. At the smallest
//             step what is left to mend is little, and shortest paths mend it exactly.
// State       Each arc is two: itself, and its reverse at the opposite cost, with cap: what may still be sent. The
//             arcs of a node lie side by side. Reduced cost of (v, w): rc = cost + pi_v - pi_w. Searches run backwards,
//             and most arcs they pass cannot be used: a byte for each says so, without a look at the arc.
// Invariants  1. After `saturate` no arc with cap has rc < 0. From there on none has rc < -eps (eps = 0 at the end).
//             2. Excess only ever moves along arcs with rc < 0 (rc = 0 at the end).
//             3. The sum of all excess is 0; so there is a node with too little as long as one has too much.
// A round     1. measure: how far, in steps, every node is from the nearest one with too little, backwards. Prices
//                move by these distances, and everybody in need gets a path downhill. Lengths are rc / eps + 1, at the
//                end rc. Ends when the last node with excess is met.
//             2. block: many such paths at once, depth first, each arc once. The order in which nodes were met is
//                a level that forbids going round in circles.
//             3. discharge, but not at the end: push and relabel until as many relabels are done as there are nodes.
// Why it is right   With eps = 0 and no excess, x and pi satisfy complementary slackness. Inside, costs may be
//             multiplied by a power of two; prices are divided and rounded down at the end: from c + a / s >= b / s
//             follows c + floor(a / s) >= floor(b / s), for whole c.
//             Where a node with excess reaches no node with too little, X is everybody that reaches none: all arcs
//             out of X are full, all into X at their lower bound, and still too much is in X:
//                 sum of b over X + lower bounds of the arcs into X > upper bounds of the arcs out of X.
// Cost        Some ten passes over the arcs for each step, in practice. Each round at the end places a unit at least, and
//             nearly always nearly all: there is no better bound than that here.
// Start       Any prices and any flow serve. The first step is read off the excess they leave: how much must the price
//             of such a node fall before it can send anything? Nine in ten are content with the step. So a few prices
//             that are far off do not spoil the others. Where the first rounds are many, the prices were worse than
//             none, and start from 0. Where few are in need, shortest paths come before any step, for as long as they
//             make headway.
// Traps       Groups with tens of thousands of members would be scanned at every relabel; they keep their arcs in a
//             heap of what was on offer. Prices of others only fall between two measurements, so that what the heap
//             says is never too low, and only its top has to be true. A node that is about to get more than it can
//             pass on is relabelled before it gets it ("look-ahead"), or units run back and forth. A price war over
//             the last few units is what `measure` ends, and it comes after a fixed number of relabels.
// Departures  1. No maximum flow first: `measure` meets everybody or hands over the cut.
//             2. No scaling by the number of nodes: the last steps are shortest paths.
// References  A. Goldberg, R. Tarjan, Math. Oper. Res. 15 (1990), for the method; A. Goldberg, J. Algorithms 22 (1997),
//             for look-ahead and price updates; U. Bünnagel, B. Korte, J. Vygen, Optim. Methods Softw. 10 (1998);
//             R. Ahuja, K. Mehlhorn, J. Orlin, R. Tarjan, J. ACM 37 (1990), for the radix heap; A. Hoffman, Proc. Symp.
//             Appl. Math. 10 (1960), for the cut.

#pragma once
#include <vector>

#include "core/oracle.hpp"

namespace twin {

struct Network {
  std::int32_t num_nodes;
  std::int64_t num_arcs;
  const std::int32_t *tail, *head;
  const std::int64_t *lower, *upper, *cost;
  const std::int64_t *supply;
};

struct NetworkAnswer {
  bool feasible;
  std::vector<std::int64_t> flow, potential;  // if feasible
  std::vector<std::uint8_t> inside;           // of each node, whether it is in X; if not
};

// `potential` and `flow` are where to start, or null; a flow outside of its bounds is moved to the nearest one. Throws
// std::overflow_error where 64 bits might not do.
NetworkAnswer cheapest_flow(const Network &network, const std::int64_t *potential, const std::int64_t *flow, Flag flag);

}  // namespace twin
