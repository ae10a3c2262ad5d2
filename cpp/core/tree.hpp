// The right side of a scored graph as a shallow tree, and the search for the best partners under prices.
//
// Problem     For a left school i and prices p, find the k largest net values points(i, j) - p_j over admissible j, and
//             a number that no school left out exceeds.
// Idea        Right schools of one class stand together, split again and again along the feature that moves their points
//             most, into leaves of 16; 16 leaves make a block. Leaves and blocks know bounds on the net values inside; what
//             cannot beat the k-th best so far is not opened.
// Bounds      Any policy has boxes: the points of the nearest corner of a node's features, minus its lowest price
//             (boxes.hpp). They are loose where it hurts, because near good prices the schools near the corner are the dear
//             ones. The common policies (a falling distance, a few linear columns) have a tighter one besides (slopes.hpp).
// Exactness   Boxes use the operations of points.hpp in the same order on feature differences that are no larger than
//             those of any school in the box. IEEE rounding is monotone, so the bound is never below a true value:
//             no tolerance. Slopes are bounds in real numbers, and leave a margin for rounding. The k best net values
//             are the same whatever the bounds are; which of several that tie with the last are kept, see below.
// Ties        Of partners tied with the k-th, those of the lowest index are kept. So the answer depends on the question
//             alone: not on the order of visits, on what was asked before, on who else is in the tree, on threads or
//             instruction sets. Leaves that promise no more than the k-th have to be opened for it (measured: no slower,
//             because lists that are whole are drawn again less often).
// Pools       Between two lists of the same school prices have risen a little here and there, and the same leaves matter. A
//             search may remember the leaves that hold a partner within `margin` of its best, the best first, and the most
//             that any other leaf promised (`edge`). As long as no price fell, no leaf exceeds what it held then; so the
//             next search looks into these leaves alone, stops where the rest cannot matter, and is done if its list ends
//             above the edge. Where it does not, the whole tree is searched: pools save time, and change nothing.
// Parts       Prices may be counted in parts of a point; then so are bounds and net values. Columns and tables stay.
// Cost        All block bounds (16 at a time), then the leaves that may matter: typically 1 % of the pairs.

#pragma once
#include "points.hpp"

namespace twin {

constexpr std::int64_t LEAF = 16, FAN = 16, BLOCK = LEAF * FAN;
constexpr std::int32_t NO_NET = INT32_MIN;       // less than any net value
constexpr std::int32_t NO_POOL = -1;
constexpr std::int64_t POOL = 512;               // leaves
constexpr int BANDS = 8;                         // of a pool's margin
constexpr std::int32_t PRICE_CAP = 1 << 30;      // prices and points stay below it, so that net values fit 32 bits
constexpr float STEEPEST = 3.0f;                 // more than the arc ever grows with the chord
constexpr int MAX_FUSED = 3;                     // linear columns of a policy that has slopes

// Boxes of a row of nodes (leaves or blocks), one array an end, so that 16 are bounded at once.
struct Boxes {
  float *low[3], *high[3];
  std::int32_t *linear_low[MAX_COLUMNS], *linear_high[MAX_COLUMNS];
  std::uint64_t *tags[MAX_COLUMNS];
  std::int8_t *dot_low, *dot_high;  // `width` numbers a node
  std::int32_t *price;              // lowest in the node
};

// The same for slopes: 16 nodes are a panel, one line of 16 numbers for each field; so one stretch of memory is read.
// Those before LOWEST are float32, the others 32-bit integers.
enum Field {
  CENTRE_X, CENTRE_Y, CENTRE_Z,   // of the node
  ALONG_X, ALONG_Y, ALONG_Z,      // a unit vector towards the left schools, along the ground
  ACROSS_X, ACROSS_Y, ACROSS_Z,   // and one across it
  TILT_ALONG, TILT_ACROSS,        // what prices rise by, a unit of length, counted as prices are
  TILT_LINEAR,                    // and a unit of each linear column
  HALF_ALONG = TILT_LINEAR + MAX_FUSED, HALF_ACROSS,  // how far the node reaches from its centre
  BEND,                           // points that distance takes at least, a unit of length across, squared
  RADIUS,
  LOWEST,                         // lowest price
  LEANING,                        // lowest of price less tilt, which is nearly the same for all in a node
  LINEAR_LOW, LINEAR_HIGH = LINEAR_LOW + MAX_FUSED, FIELDS = LINEAR_HIGH + MAX_FUSED
};
struct Slopes {
  float *panel;          // FIELDS lines of 16 for each 16 nodes
  std::int32_t *numbers;  // the same memory, for the lines that hold integers
};
static inline std::int64_t line_of(std::int64_t group, int field) { return (group * FIELDS + field) * FAN; }

// What the kernels see: plain pointers. Right schools stand in leaf order, padded with item -1; a leaf is a panel too, with
// lines for price, item, and, where there are slopes, the columns: columns[0 .. 2] place, then linear ones.
struct TreeView {
  Terms terms;                  // right columns in leaf order: at first(leaf)
  std::int64_t num_blocks;
  std::int32_t parts = 1;       // prices and net values are counted in so many parts of a point
  const std::int32_t *block_base;  // for each left class, the table entries of the blocks (padded with FORBIDDEN)
  std::int64_t padded_blocks;
  std::int32_t *leaf_panel;     // `stride` numbers a leaf; the price is line 0, the item line 1
  std::int64_t stride;
  bool has_slopes;              // then the right columns stand in the panels
  Boxes leaves, blocks;         // without slopes
  Slopes leaf_slopes, block_slopes;
  std::int32_t margin;          // what rounding can make of a slope
  const std::int64_t *ban_offset;  // per left school, or nullptr
  const std::int32_t *ban_item;
};

// Functions of headers that kernels include are static: the linker must not keep for everybody the copy of one of them.
static inline std::int64_t first_of(const TreeView &t, std::int64_t leaf) { return leaf * (t.has_slopes ? t.stride : LEAF); }
static inline std::int32_t *prices_of(const TreeView &t, std::int64_t leaf) { return t.leaf_panel + leaf * t.stride; }
static inline std::int32_t *items_of(const TreeView &t, std::int64_t leaf) { return prices_of(t, leaf) + LEAF; }
// What a node may hold at most: its table entry, in parts of a point, and the rest. Unsigned, so that the loop may add
// first and ask then.
static inline std::int32_t masked_sum(std::int32_t base, std::int32_t parts, std::int32_t rest) {
  const auto sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(base) * static_cast<std::uint32_t>(parts) +
                                             static_cast<std::uint32_t>(rest));
  return base == FORBIDDEN ? NO_NET : sum;
}
static inline std::int32_t net_of(std::int64_t packed) { return static_cast<std::int32_t>(packed >> 32); }
static inline std::int32_t item_of(std::int64_t packed) { return static_cast<std::int32_t>(~packed & 0xffffffff); }

// Scratch of one searching thread.
struct Scratch {
  std::int32_t *block_bound;  // num_blocks, padded to 16
  std::int64_t *heap;         // num_blocks
  std::int64_t *found;        // capacity below, packed (net, -item)
  std::int64_t capacity;
  std::int64_t *leaf;         // 4 POOL
  std::int32_t *pool;         // POOL
  std::int64_t visited;       // pairs evaluated so far
};

struct Pool {
  std::int32_t margin = NO_POOL;       // how far below the best a new one goes; NO_POOL: nothing is to be remembered
  const std::int32_t *leaf = nullptr;  // nullptr: nothing is known
  std::int32_t edge = NO_NET;          // no partner in another leaf exceeds it
  std::int32_t top = NO_NET, width = 1;  // no partner in a leaf from end[b - 1] on exceeds top - b * width
  std::int32_t end[BANDS] = {};
  bool is_new = false;                 // it was made by this search, and stands in scratch
};

// Writes the (at most) k best partners of left school i whose net value exceeds `floor`, in no order, packed as
// (net << 32 | ~item), into scratch.found; returns their number and sets `bound`, which no other partner exceeds: the
// k-th net value, or the floor where there are fewer.
using SearchFunction = int (*)(const TreeView &, std::int64_t i, int k, std::int32_t floor, Pool &, Scratch &,
                               std::int32_t &bound);

// The best net value of left school i over all right schools, one after the other: the plain twin of the search.
using ScanFunction = std::int32_t (*)(const TreeView &, std::int64_t i);
// The points of left school i with every right school, in the order of the terms; FORBIDDEN where the classes are not
// admissible.
using RowFunction = void (*)(const Terms &, std::int64_t i, std::int32_t *points);
using PointsFunction = std::int32_t (*)(const Terms &, std::int64_t i, std::int64_t j);

struct Kernels {
  SearchFunction search;
  ScanFunction scan;
  PointsFunction points;
  RowFunction row;
};

}  // namespace twin
