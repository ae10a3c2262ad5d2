// Search through the tree; compiled once per instruction set. The essay is in tree.hpp.

#include "core/tree.hpp"

namespace twin::TM_LEVEL {

static inline std::int64_t pack(std::int32_t net, std::int32_t item) {
  return static_cast<std::int64_t>(net) << 32 | static_cast<std::uint32_t>(~item);
}

static inline float above(float v) { return v > 0.0f ? v : 0.0f; }
static inline std::int32_t above(std::int32_t v) { return v > 0 ? v : 0; }
static inline float larger(float a, float b) { return a > b ? a : b; }

// Upper bounds on the net values of left school i inside nodes first .. first + FAN of `boxes`; `out` holds the table
// entries of the nodes' classes on entry.
static inline void bound_nodes(const Terms &terms, const Boxes &boxes, std::int64_t i, std::int64_t first,
                               std::int32_t *__restrict out) {
  for (std::int64_t n = 0; n < FAN; ++n) out[n] -= boxes.price[first + n];
  for (int c = 0; c < terms.num_linear; ++c) {
    const Linear &l = terms.linear[c];
    const std::int32_t value = l.left[i];
    const std::int32_t *low = boxes.linear_low[c] + first, *high = boxes.linear_high[c] + first;
    for (std::int64_t n = 0; n < FAN; ++n) {
      const std::int32_t below = above(low[n] - value), beyond = above(value - high[n]);
      out[n] += linear_points(l.top, l.cap, below + beyond);
    }
  }
  if (terms.has_distance) {
    const Distance d = terms.distance;
    const float x = d.left[0][i], y = d.left[1][i], z = d.left[2][i];
    const float *x0 = boxes.low[0] + first, *x1 = boxes.high[0] + first;
    const float *y0 = boxes.low[1] + first, *y1 = boxes.high[1] + first;
    const float *z0 = boxes.low[2] + first, *z1 = boxes.high[2] + first;
    if (d.centre <= 0.0f) {
      for (std::int64_t n = 0; n < FAN; ++n) {
        const float dx = above(x0[n] - x) + above(x - x1[n]);
        const float dy = above(y0[n] - y) + above(y - y1[n]);
        const float dz = above(z0[n] - z) + above(z - z1[n]);
        out[n] += arc_points(d, (dx * dx + dy * dy) + dz * dz);
      }
    } else {
      // A band, or "the farther the better": the arc may lie anywhere between the nearest and the farthest corner.
      for (std::int64_t n = 0; n < FAN; ++n) {
        const float dx = above(x0[n] - x) + above(x - x1[n]), fx = larger(x1[n] - x, x - x0[n]);
        const float dy = above(y0[n] - y) + above(y - y1[n]), fy = larger(y1[n] - y, y - y0[n]);
        const float dz = above(z0[n] - z) + above(z - z1[n]), fz = larger(z1[n] - z, z - z0[n]);
        const float near = (dx * dx + dy * dy) + dz * dz, far = (fx * fx + fy * fy) + fz * fz;
        const float off = above(arc_length(near) - d.centre) + above(d.centre - arc_length(far));
        out[n] += band_points(d, off);
      }
    }
  }
  for (int c = 0; c < terms.num_tags; ++c) {
    const Tags &g = terms.tags[c];
    for (std::int64_t n = 0; n < FAN; ++n) {
      const std::int32_t points =
          g.each * static_cast<std::int32_t>(__builtin_popcountll(g.left[i] & boxes.tags[c][first + n]));
      out[n] += points < g.cap ? points : g.cap;
    }
  }
  if (terms.has_dot) {
    const Dot &d = terms.dot;
    const std::int8_t *a = d.left + i * d.width;
    for (std::int64_t n = 0; n < FAN; ++n) {
      const std::int8_t *low = boxes.dot_low + (first + n) * d.width, *high = boxes.dot_high + (first + n) * d.width;
      std::int32_t product = 0;
      for (std::int64_t w = 0; w < d.width; ++w) {
        const std::int32_t p = static_cast<std::int32_t>(a[w]) * low[w], q = static_cast<std::int32_t>(a[w]) * high[w];
        product += p > q ? p : q;
      }
      std::int64_t points = ((d.offset + product) * d.gain) >> d.shift;
      points = points < 0 ? 0 : points;
      out[n] += static_cast<std::int32_t>(points < d.cap ? points : d.cap);
    }
  }
}

// Moves the k largest of found[0 .. count) to the front (quickselect; values are distinct).
static void select(std::int64_t *found, std::int64_t count, std::int64_t k) {
  std::int64_t low = 0, high = count - 1;
  while (low < high) {
    const std::int64_t pivot = found[(low + high) >> 1];
    std::int64_t a = low, b = high;
    while (a <= b) {
      while (found[a] > pivot) ++a;
      while (found[b] < pivot) --b;
      if (a <= b) {
        const std::int64_t swap = found[a];
        found[a++] = found[b], found[b--] = swap;
      }
    }
    if (k - 1 <= b) high = b;
    else if (k - 1 >= a) low = a;
    else return;
  }
}

// Restores the order of a heap, largest first, below place n.
static void sink(std::int64_t *heap, std::int64_t size, std::int64_t n) {
  const std::int64_t value = heap[n];
  for (std::int64_t child; (child = 2 * n + 1) < size; n = child) {
    if (child + 1 < size && heap[child + 1] > heap[child]) ++child;
    if (heap[child] <= value) break;
    heap[n] = heap[child];
  }
  heap[n] = value;
}

static bool banned(const TreeView &tree, std::int64_t i, std::int32_t item) {
  if (tree.ban_offset == nullptr) return false;
  for (std::int64_t n = tree.ban_offset[i]; n < tree.ban_offset[i + 1]; ++n)
    if (tree.ban_item[n] == item) return true;
  return false;
}

// The best so far. Few are kept in order, so that the last of them is at hand after every find; many are gathered in a
// buffer, and those in excess are thrown out now and then.
constexpr std::int64_t FEW = 24;

struct Best {
  std::int64_t *found;
  std::int64_t count, k, capacity;
  std::int32_t least;  // a net value must exceed it to matter
};

static void shrink(Best &best) {
  if (best.k <= FEW || best.count < best.k) return;
  select(best.found, best.count, best.k);
  std::int64_t least = best.found[0];
  for (std::int64_t n = 1; n < best.k; ++n) least = best.found[n] < least ? best.found[n] : least;
  best.least = net_of(least);
  best.count = best.k;
}

static inline void keep(Best &best, std::int64_t value) {
  if (best.k > FEW) {
    best.found[best.count++] = value;
    if (best.count == best.capacity) shrink(best);
    return;
  }
  std::int64_t n = best.count < best.k ? best.count++ : best.k - 1;
  for (; n > 0 && best.found[n - 1] < value; --n) best.found[n] = best.found[n - 1];
  best.found[n] = value;
  if (best.count == best.k) best.least = net_of(best.found[best.k - 1]);
}

// Leaves are read in no order that the processor could foresee: ask for the columns of one before it is opened.
static inline void fetch_leaf(const TreeView &tree, std::int64_t leaf) {
  const std::int64_t first = leaf * LEAF;
  __builtin_prefetch(tree.price + first);
  __builtin_prefetch(tree.item + first);
  if (tree.terms.has_distance)
    for (int axis = 0; axis < 3; ++axis) __builtin_prefetch(tree.terms.distance.right[axis] + first);
  for (int c = 0; c < tree.terms.num_linear; ++c) __builtin_prefetch(tree.terms.linear[c].right + first);
}

// The same for the boxes of a block's leaves.
static inline void fetch_boxes(const TreeView &tree, std::int64_t block) {
  const std::int64_t first = block * FAN;
  const Boxes &boxes = tree.leaves;
  __builtin_prefetch(boxes.price + first);
  if (tree.terms.has_distance)
    for (int axis = 0; axis < 3; ++axis) {
      __builtin_prefetch(boxes.low[axis] + first);
      __builtin_prefetch(boxes.high[axis] + first);
    }
  for (int c = 0; c < tree.terms.num_linear; ++c) {
    __builtin_prefetch(boxes.linear_low[c] + first);
    __builtin_prefetch(boxes.linear_high[c] + first);
  }
}

// Leaves that are evaluated together: whether one holds anything of use cannot be foreseen, and the processor works on the
// next ones meanwhile.
constexpr int GROUP = 4;

// `fill` writes the points of left school i with the LEAF schools from a place on, base included.
template <class Fill>
static inline void open_group(const TreeView &tree, std::int64_t i, const std::int64_t *leaf, int number, std::int32_t base,
                              Best &best, const Fill &fill) {
  alignas(64) std::int32_t net[GROUP][LEAF];
  std::int32_t top[GROUP];
  for (int g = 0; g < number; ++g) {
    const std::int64_t first = leaf[g] * LEAF;
    fill(first, base, net[g]);
    const std::int32_t *price = tree.price + first;
    std::int32_t most = NO_NET;
    for (std::int64_t n = 0; n < LEAF; ++n) {
      net[g][n] -= price[n];
      most = net[g][n] > most ? net[g][n] : most;
    }
    top[g] = most;
  }
  for (int g = 0; g < number; ++g) {
    if (top[g] <= best.least) continue;
    const std::int32_t *item = tree.item + leaf[g] * LEAF;
    std::int32_t place[LEAF];
    int useful = 0;
    for (std::int32_t n = 0; n < LEAF; ++n) {
      place[useful] = n;
      useful += net[g][n] > best.least;
    }
    for (int c = 0; c < useful; ++c) {
      const std::int32_t n = place[c];
      if (net[g][n] > best.least && item[n] >= 0 && !banned(tree, i, item[n])) keep(best, pack(net[g][n], item[n]));
    }
  }
}

// A block whose leaves are bounded and on their way from memory.
struct Opening {
  std::int64_t block;
  std::int32_t base, first;  // first: its most promising leaf
  int number;
  std::int32_t leaf[FAN];
  alignas(64) std::int32_t bound[FAN];
};

static inline void prepare(const TreeView &tree, std::int64_t i, std::int64_t block, std::int32_t base, std::int32_t least,
                           Opening &opening) {
  opening.block = block, opening.base = base;
  for (std::int64_t n = 0; n < FAN; ++n) opening.bound[n] = base;
  bound_nodes(tree.terms, tree.leaves, i, block * FAN, opening.bound);
  std::int32_t top = NO_NET;
  for (std::int64_t n = 0; n < FAN; ++n) top = opening.bound[n] > top ? opening.bound[n] : top;
  opening.number = 0, opening.first = 0;
  for (std::int32_t n = 0; n < FAN; ++n) {
    opening.leaf[opening.number] = n;
    opening.number += opening.bound[n] > least;
    opening.first = opening.bound[n] == top ? n : opening.first;
  }
  for (int c = 0; c < opening.number; ++c) fetch_leaf(tree, block * FAN + opening.leaf[c]);
}

template <class Fill>
static inline void open_leaves(const TreeView &tree, std::int64_t i, const Opening &opening, Best &best,
                               std::int64_t &visited, const Fill &fill) {
  const std::int64_t leaves = opening.block * FAN;
  std::int64_t group[GROUP];
  if (opening.bound[opening.first] <= best.least) return;
  group[0] = leaves + opening.first;
  int number = 1;
  visited += LEAF;
  for (int c = 0; c < opening.number; ++c) {
    const std::int32_t n = opening.leaf[c];
    if (n == opening.first || opening.bound[n] <= best.least) continue;
    if (number == GROUP) open_group(tree, i, group, number, opening.base, best, fill), number = 0;
    group[number++] = leaves + n;
    visited += LEAF;
  }
  if (number > 0) open_group(tree, i, group, number, opening.base, best, fill);
}

template <class Fill>
static int search_with(const TreeView &tree, std::int64_t i, int k, std::int32_t floor, Scratch &scratch,
                       std::int32_t &bound, const Fill &fill) {
  const Terms &terms = tree.terms;
  const std::int32_t *row = terms.table + terms.left_class[i] * terms.num_right_classes;
  std::int32_t *bounds = scratch.block_bound;
  for (std::int64_t b = 0; b < tree.num_blocks; b += FAN) {
    alignas(64) std::int32_t base[FAN], out[FAN];
    std::int32_t most = FORBIDDEN;
    for (std::int64_t n = 0; n < FAN; ++n) {
      base[n] = row[tree.block_class[b + n]];
      out[n] = base[n] == FORBIDDEN ? 0 : base[n];
      most = base[n] > most ? base[n] : most;
    }
    if (most != FORBIDDEN) bound_nodes(terms, tree.blocks, i, b, out);
    for (std::int64_t n = 0; n < FAN; ++n) bounds[b + n] = base[n] == FORBIDDEN ? NO_NET : out[n];
  }
  // Blocks from the most promising on: the k-th best rises early, and the first block that cannot beat it ends the
  // search. The very first is opened before the others are put in order: few are left then.
  Best best{scratch.found, 0, k, scratch.capacity, floor};
  Opening openings[2];
  std::int32_t top = floor;
  for (std::int64_t b = 0; b < tree.num_blocks; ++b) top = bounds[b] > top ? bounds[b] : top;
  if (top > floor) {
    std::int64_t b = 0;
    while (bounds[b] != top) ++b;
    bounds[b] = NO_NET;
    prepare(tree, i, b, row[tree.block_class[b]], best.least, openings[0]);
    open_leaves(tree, i, openings[0], best, scratch.visited, fill);
    shrink(best);
  }
  std::int64_t *heap = scratch.heap;
  std::int64_t size = 0;
  for (std::int64_t b = 0; b < tree.num_blocks; ++b)
    if (bounds[b] > best.least) heap[size++] = pack(bounds[b], static_cast<std::int32_t>(b));
  for (std::int64_t n = size / 2; n-- > 0;) sink(heap, size, n);
  // While the leaves of one block are opened, those of the next are on their way.
  const auto next = [&](Opening &opening) {
    if (size == 0 || net_of(heap[0]) <= best.least) return false;
    const std::int32_t b = item_of(heap[0]);
    heap[0] = heap[--size];
    sink(heap, size, 0);
    if (size > 0) fetch_boxes(tree, item_of(heap[0]));
    prepare(tree, i, b, row[tree.block_class[b]], best.least, opening);
    return true;
  };
  int turn = 0;
  for (bool more = next(openings[0]); more; turn ^= 1) {
    more = next(openings[turn ^ 1]);
    open_leaves(tree, i, openings[turn], best, scratch.visited, fill);
    if (best.k > FEW && best.count >= 2 * best.k) shrink(best);
  }
  shrink(best);
  bound = best.least;
  return static_cast<int>(best.count);
}

static int search(const TreeView &tree, std::int64_t i, int k, std::int32_t floor, Scratch &scratch,
                  std::int32_t &bound) {
  const Terms &terms = tree.terms;
  if (!all_fused(terms))
    return search_with(tree, i, k, floor, scratch, bound, [&](std::int64_t first, std::int32_t base, std::int32_t *out) {
      score(terms, i, first, LEAF, base, out);
    });
  // The columns of the common policies are read once a search, not once a leaf.
  int number = 0;
  with_fused(terms, i, 0, [&](const auto pair) {
    const auto fill = [pair](std::int64_t first, std::int32_t base, std::int32_t *__restrict out) {
      for (std::int64_t n = 0; n < LEAF; ++n) out[n] = base + pair(first + n);
    };
    number = search_with(tree, i, k, floor, scratch, bound, fill);
  });
  return number;
}

static std::int32_t scan(const TreeView &tree, std::int64_t i) {
  const Terms &terms = tree.terms;
  const std::int32_t *row = terms.table + terms.left_class[i] * terms.num_right_classes;
  std::int32_t best = NO_NET;
  for (std::int64_t b = 0; b < tree.num_blocks; ++b) {
    const std::int32_t base = row[tree.block_class[b]];
    if (base == FORBIDDEN) continue;
    alignas(64) std::int32_t net[BLOCK];
    score(terms, i, b * BLOCK, BLOCK, base, net);
    for (std::int64_t n = 0; n < BLOCK; ++n) {
      const std::int32_t value = net[n] - tree.price[b * BLOCK + n];
      if (value > best && tree.item[b * BLOCK + n] >= 0 && !banned(tree, i, tree.item[b * BLOCK + n])) best = value;
    }
  }
  return best;
}

static std::int32_t points(const Terms &terms, std::int64_t i, std::int64_t j) {
  const std::int32_t base = terms.table[terms.left_class[i] * terms.num_right_classes + terms.right_class[j]];
  std::int32_t out = FORBIDDEN;
  if (base != FORBIDDEN) score(terms, i, j, 1, base, &out);
  return out;
}

extern const Kernels kernels;
const Kernels kernels{search, scan, points};

}  // namespace twin::TM_LEVEL
