// The right side of a scored graph as a shallow tree, and the search for the best partners under prices.
//
// Problem     For a left school i and prices p, find the k largest net values points(i, j) - p_j over admissible j, and
//             a number that no school left out exceeds.
// Idea        Right schools of one class stand together, split again and again along the feature that moves their points
//             most, into leaves of 16; 16 leaves make a block. A leaf and a block know the box of their features and
//             their lowest price. The points of the nearest corner of the box minus the lowest price bound every net
//             value inside; what cannot beat the k-th best so far is not opened.
// Exactness   Bounds use the operations of points.hpp in the same order on feature differences that are no larger than
//             those of any school in the box. IEEE rounding is monotone, so the bound is never below a true value:
//             no tolerance, and the same answer from every instruction set.
// Ties        Of partners tied with the k-th, those visited first are kept. The order of visits depends on the schools
//             alone, so the answer is the same for every thread count and instruction set.
// Cost        All block bounds (16 at a time), then the leaves that may matter: typically 1-6 % of the pairs.

#pragma once
#include "points.hpp"

namespace twin {

constexpr std::int64_t LEAF = 16, FAN = 16, BLOCK = LEAF * FAN;
constexpr std::int32_t NO_NET = INT32_MIN;       // less than any net value
constexpr std::int32_t PRICE_CAP = 1 << 30;      // prices and points stay below it, so that net values fit 32 bits

// Bounds of a row of nodes (leaves or blocks), one array an end, so that 16 are bounded at once.
struct Boxes {
  std::int64_t count;
  float *low[3], *high[3];
  std::int32_t *linear_low[MAX_COLUMNS], *linear_high[MAX_COLUMNS];
  std::uint64_t *tags[MAX_COLUMNS];
  std::int8_t *dot_low, *dot_high;  // `width` numbers a node
  std::int32_t *price;              // lowest in the node
};

// What the kernels see: plain pointers, right columns in leaf order (padded with item -1).
struct TreeView {
  Terms terms;
  std::int64_t num_blocks;
  const std::int32_t *item, *price, *block_class;
  Boxes leaves, blocks;
  const std::int64_t *ban_offset;  // per left school, or nullptr
  const std::int32_t *ban_item;
};

// Scratch of one searching thread.
struct Scratch {
  std::int32_t *block_bound;  // num_blocks, padded to 16
  std::int64_t *heap;         // num_blocks
  std::int64_t *found;        // capacity below, packed (net, -item)
  std::int64_t capacity;
  std::int64_t visited;       // pairs evaluated so far
};

// Writes the (at most) k best partners of left school i whose net value exceeds `floor`, in no order, packed as
// (net << 32 | ~item), into scratch.found; returns their number and sets `bound`, which no other partner exceeds.
using SearchFunction = int (*)(const TreeView &, std::int64_t i, int k, std::int32_t floor, Scratch &, std::int32_t &bound);

// The best net value of left school i over all right schools, one after the other: the plain twin of the search.
using ScanFunction = std::int32_t (*)(const TreeView &, std::int64_t i);
using PointsFunction = std::int32_t (*)(const Terms &, std::int64_t i, std::int64_t j);

struct Kernels {
  SearchFunction search;
  ScanFunction scan;
  PointsFunction points;
};

inline std::int32_t net_of(std::int64_t packed) { return static_cast<std::int32_t>(packed >> 32); }
inline std::int32_t item_of(std::int64_t packed) { return static_cast<std::int32_t>(~packed & 0xffffffff); }

}  // namespace twin
