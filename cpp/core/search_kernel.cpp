// Search through the tree; compiled once per instruction set. The essay is in tree.hpp.

#include "core/boxes.hpp"
#include "core/lanes.hpp"
#include "core/slopes.hpp"
#include "core/tree.hpp"

namespace twin::TM_LEVEL {

static inline std::int64_t pack(std::int32_t net, std::int32_t item) {
  return static_cast<std::int64_t>(net) << 32 | static_cast<std::uint32_t>(~item);
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
  std::int32_t least;  // a net value must exceed it to matter: one below the k-th, which may have ties, or the floor
  std::int32_t top, beyond;   // the best so far; leaves that promise no more than `beyond` stay closed
  std::int32_t margin, edge;  // NO_POOL, or how far below the best the pool goes; what leaves thrown out do not exceed
  std::int64_t leaves;
  std::int64_t *leaf;         // (best in it, leaf), packed
};

static inline std::int32_t below(std::int32_t net, std::int32_t margin) { return net < NO_NET + margin ? NO_NET : net - margin; }

static inline void update(Best &best) {
  if (best.margin < 0) {
    best.beyond = best.least;
    return;
  }
  const std::int32_t low = below(best.top, best.margin), edge = low > best.edge ? low : best.edge;
  best.beyond = edge < best.least ? edge : best.least;
}

// Keeps the POOL best leaves.
static void drain(Best &best) {
  std::int64_t kept = 0;
  for (std::int64_t n = 0; n < best.leaves; ++n) {
    best.leaf[kept] = best.leaf[n];
    kept += net_of(best.leaf[n]) > best.beyond;
  }
  best.leaves = kept;
  if (kept <= POOL) return;
  select(best.leaf, kept, POOL);
  for (std::int64_t n = POOL; n < kept; ++n) best.edge = net_of(best.leaf[n]) > best.edge ? net_of(best.leaf[n]) : best.edge;
  best.leaves = POOL;
  update(best);
}

// What the leaves promise is kept to a band: enough to know later which of them to look into first, and when to stop.
static void remember(const Best &best, Pool &pool, std::int32_t *leaf) {
  const std::int32_t width = pool.margin / BANDS + 1;
  const auto band_of = [&](std::int64_t packed) {
    const std::int64_t lacking = std::int64_t{best.top} - net_of(packed);  // negative where the best of a leaf is banned
    return lacking < 0 ? 0 : lacking / width < BANDS ? lacking / width : BANDS - 1;
  };
  int end[BANDS] = {};
  for (std::int64_t n = 0; n < best.leaves; ++n) ++end[band_of(best.leaf[n])];
  for (int band = 1; band < BANDS; ++band) end[band] += end[band - 1];
  for (int band = 0; band < BANDS; ++band) pool.end[band] = end[band];
  for (std::int64_t n = best.leaves; n-- > 0;) leaf[--end[band_of(best.leaf[n])]] = item_of(best.leaf[n]);
  // Leaves that were thrown out may promise more than the list needs, where a banned school is in them.
  pool.edge = best.beyond > best.edge ? best.beyond : best.edge;
  pool.top = best.top, pool.width = width, pool.leaf = leaf, pool.is_new = true;
}

static void shrink(Best &best) {
  if (best.k <= FEW || best.count < best.k) return;
  select(best.found, best.count, best.k);
  std::int64_t least = best.found[0];
  for (std::int64_t n = 1; n < best.k; ++n) least = best.found[n] < least ? best.found[n] : least;
  best.least = net_of(least) - 1;
  best.count = best.k;
  update(best);
}

static inline void keep(Best &best, std::int64_t value) {
  best.top = net_of(value) > best.top ? net_of(value) : best.top;
  if (best.k > FEW) {
    best.found[best.count++] = value;
    if (best.count == best.capacity) shrink(best);
    return;
  }
  if (best.count == best.k && value < best.found[best.k - 1]) return;  // tied with the last, and of a higher index
  std::int64_t n = best.count < best.k ? best.count++ : best.k - 1;
  for (; n > 0 && best.found[n - 1] < value; --n) best.found[n] = best.found[n - 1];
  best.found[n] = value;
  if (best.count == best.k) best.least = net_of(best.found[best.k - 1]) - 1;
}

// How a search reads the tree: the bounds of 16 nodes, the points of a leaf, and lines of memory to ask for beforehand.
// Leaves are read in no order that the processor could foresee.
struct ByBoxes {
  const TreeView &tree;
  std::int64_t i;

  void bound_blocks(std::int64_t block, const std::int32_t *base, std::int32_t *out) const {
    bound_boxes(tree.terms, tree.blocks, tree.parts, i, block, base, out);
  }
  void bound_leaves(std::int64_t block, const std::int32_t *base, std::int32_t *out) const {
    bound_boxes(tree.terms, tree.leaves, tree.parts, i, block * FAN, base, out);
  }
  void score_leaf(std::int64_t leaf, std::int32_t base, std::int32_t *out) const {
    score(tree.terms, i, leaf * LEAF, LEAF, base, out);
    for (std::int64_t n = 0; n < LEAF; ++n) out[n] *= tree.parts;
  }
  void fetch_leaf(std::int64_t leaf) const {
    __builtin_prefetch(prices_of(tree, leaf));
    __builtin_prefetch(items_of(tree, leaf));
    if (tree.terms.has_distance)
      for (int axis = 0; axis < 3; ++axis) __builtin_prefetch(tree.terms.distance.right[axis] + leaf * LEAF);
    for (int c = 0; c < tree.terms.num_linear; ++c) __builtin_prefetch(tree.terms.linear[c].right + leaf * LEAF);
  }
  void fetch_leaves(std::int64_t block) const {
    __builtin_prefetch(tree.leaves.price + block * FAN);
    if (tree.terms.has_distance)
      for (int axis = 0; axis < 3; ++axis) {
        __builtin_prefetch(tree.leaves.low[axis] + block * FAN);
        __builtin_prefetch(tree.leaves.high[axis] + block * FAN);
      }
  }
};

template <class Pair>
struct BySlopes {
  const TreeView &tree;
  const Viewpoint from;
  const Pair pair;

  void bound_blocks(std::int64_t block, const std::int32_t *base, std::int32_t *out) const {
    bound_slopes(tree, tree.block_slopes, from, block / FAN, base, out);
  }
  void bound_leaves(std::int64_t block, const std::int32_t *base, std::int32_t *out) const {
    bound_slopes(tree, tree.leaf_slopes, from, block, base, out);
  }
  void score_leaf(std::int64_t leaf, std::int32_t base, std::int32_t *__restrict out) const {
    const std::int64_t first = leaf * tree.stride;
    if (tree.terms.curve != nullptr) {
      for (std::int64_t n = 0; n < LEAF; ++n) out[n] = on_curve(tree.terms, base + pair(first + n)) * tree.parts;
      return;
    }
    for (std::int64_t n = 0; n < LEAF; ++n) out[n] = (base + pair(first + n)) * tree.parts;
  }
  void fetch_leaf(std::int64_t leaf) const {
    for (std::int64_t line = 0; line < tree.stride; line += LEAF) __builtin_prefetch(prices_of(tree, leaf) + line);
  }
  void fetch_leaves(std::int64_t block) const {
    const float *panel = tree.leaf_slopes.panel + line_of(block, 0);
    for (int field = 0; field < LINEAR_LOW; ++field) __builtin_prefetch(panel + field * FAN);
    for (int c = 0; c < tree.terms.num_linear; ++c)
      __builtin_prefetch(panel + (LINEAR_LOW + c) * FAN), __builtin_prefetch(panel + (LINEAR_HIGH + c) * FAN);
  }
};

// Leaves that are evaluated together: whether one holds anything of use cannot be foreseen, and the processor works on the
// next ones meanwhile.
constexpr int GROUP = 4;

template <class Reader>
static inline void open_group(const TreeView &tree, std::int64_t i, const std::int64_t *leaf, int number,
                              const std::int32_t *base, Best &best, const Reader &reader) {
  alignas(64) std::int32_t net[GROUP][LEAF];
  for (int g = 0; g < number; ++g) {
    reader.score_leaf(leaf[g], base[leaf[g] / FAN], net[g]);
    const std::int32_t *price = prices_of(tree, leaf[g]);
    for (std::int64_t n = 0; n < LEAF; ++n) net[g][n] -= price[n];
  }
  for (int g = 0; g < number; ++g) {
    if (best.margin >= 0 && exceeding(net[g], best.beyond)) {
      best.leaf[best.leaves++] = pack(largest(net[g]), static_cast<std::int32_t>(leaf[g]));
      if (best.leaves == 4 * POOL) drain(best);
    }
    const std::int32_t *item = items_of(tree, leaf[g]);
    for (std::uint32_t useful = exceeding(net[g], best.least); useful != 0; useful &= useful - 1) {
      const int n = __builtin_ctz(useful);
      if (net[g][n] > best.least && item[n] >= 0 && !banned(tree, i, item[n])) keep(best, pack(net[g][n], item[n]));
    }
  }
  update(best);
}

// A block whose leaves are bounded and on their way from memory.
struct Opening {
  std::int64_t block;
  std::int32_t first;  // its most promising leaf
  int number;
  std::int32_t leaf[FAN];
  alignas(64) std::int32_t bound[FAN];
};

template <class Reader>
static inline void prepare(std::int64_t block, std::int32_t base, std::int32_t least, Opening &opening,
                           const Reader &reader) {
  opening.block = block;
  std::int32_t bases[FAN];
  for (std::int64_t n = 0; n < FAN; ++n) bases[n] = base;
  reader.bound_leaves(block, bases, opening.bound);
  opening.number = 0, opening.first = 0;
  const std::uint32_t promising = exceeding(opening.bound, least);
  if (promising == 0) return;
  opening.first = __builtin_ctz(exceeding(opening.bound, largest(opening.bound) - 1));
  for (std::uint32_t left = promising; left != 0; left &= left - 1) {
    opening.leaf[opening.number++] = __builtin_ctz(left);
    reader.fetch_leaf(block * FAN + __builtin_ctz(left));
  }
}

template <class Reader>
static inline void open_leaves(const TreeView &tree, std::int64_t i, const Opening &opening, const std::int32_t *base,
                               Best &best, std::int64_t &visited, const Reader &reader) {
  const std::int64_t leaves = opening.block * FAN;
  std::int64_t group[GROUP];
  if (opening.number == 0 || opening.bound[opening.first] <= best.beyond) return;
  group[0] = leaves + opening.first;
  int number = 1;
  visited += LEAF;
  for (int c = 0; c < opening.number; ++c) {
    const std::int32_t n = opening.leaf[c];
    if (n == opening.first || opening.bound[n] <= best.beyond) continue;
    if (number == GROUP) open_group(tree, i, group, number, base, best, reader), number = 0;
    group[number++] = leaves + n;
    visited += LEAF;
  }
  if (number > 0) open_group(tree, i, group, number, base, best, reader);
}

// From the leaves of a pool alone.
template <class Reader>
static int search_pool(const TreeView &tree, std::int64_t i, int k, std::int32_t floor, const Pool &pool, Scratch &scratch,
                       std::int32_t &bound, const Reader &reader) {
  const std::int32_t *base = tree.block_base + tree.terms.left_class[i] * tree.padded_blocks;
  const std::int32_t start = floor > pool.edge ? floor : pool.edge;
  Best best{scratch.found, 0, k, scratch.capacity, start, start, start, NO_POOL, NO_NET, 0, nullptr};
  constexpr int AHEAD = 8;
  int c = 0;
  // Band by band, as long as a leaf may still hold something: none holds more than when it was remembered.
  for (int band = 0; band < BANDS && pool.top - band * pool.width > best.least; ++band) {
    const int last = pool.end[band];
    for (int ahead = c; ahead < c + AHEAD && ahead < last; ++ahead) reader.fetch_leaf(pool.leaf[ahead]);
    while (c < last) {
      std::int64_t group[GROUP];
      int number = 0;
      for (; c < last && number < GROUP; ++c) {
        if (c + AHEAD < last) reader.fetch_leaf(pool.leaf[c + AHEAD]);
        group[number++] = pool.leaf[c];
      }
      open_group(tree, i, group, number, base, best, reader);
      scratch.visited += number * LEAF;
    }
  }
  shrink(best);
  bound = best.least + (best.count == best.k ? 1 : 0);
  return static_cast<int>(best.count);
}

template <class Reader>
static int search_with(const TreeView &tree, std::int64_t i, int k, std::int32_t floor, Pool &pool, Scratch &scratch,
                       std::int32_t &bound, const Reader &reader) {
  if (pool.leaf != nullptr && pool.end[BANDS - 1] > 0) {
    const int number = search_pool(tree, i, k, floor, pool, scratch, bound, reader);
    if (number == k || floor >= pool.edge) return number;  // nothing outside the pool could be listed
  }
  const std::int32_t *base = tree.block_base + tree.terms.left_class[i] * tree.padded_blocks;
  std::int32_t *bounds = scratch.block_bound;
  alignas(64) std::int32_t tops[FAN];
  for (std::int64_t n = 0; n < FAN; ++n) tops[n] = floor;
  for (std::int64_t b = 0; b < tree.padded_blocks; b += FAN) {
    if (exceeding(base + b, FORBIDDEN) == 0) {
      for (std::int64_t n = 0; n < FAN; ++n) bounds[b + n] = NO_NET;
      continue;
    }
    reader.bound_blocks(b, base + b, bounds + b);
    for (std::int64_t n = 0; n < FAN; ++n) tops[n] = bounds[b + n] > tops[n] ? bounds[b + n] : tops[n];
  }
  const std::int32_t top = largest(tops);
  // Blocks from the most promising on: the k-th best rises early, and the first block that cannot beat it ends the
  // search. The very first is opened before the others are put in order: few are left then.
  Best best{scratch.found, 0, k, scratch.capacity, floor, floor, floor, pool.margin, NO_NET, 0, scratch.leaf};
  update(best);
  Opening openings[2];
  if (top > floor) {
    std::int64_t b = 0;
    while (exceeding(bounds + b, top - 1) == 0) b += FAN;
    b += __builtin_ctz(exceeding(bounds + b, top - 1));
    bounds[b] = NO_NET;
    prepare(b, base[b], best.beyond, openings[0], reader);
    open_leaves(tree, i, openings[0], base, best, scratch.visited, reader);
    shrink(best);
  }
  std::int64_t *heap = scratch.heap;
  std::int64_t size = 0;
  for (std::int64_t b = 0; b < tree.padded_blocks; b += FAN)
    for (std::uint32_t left = exceeding(bounds + b, best.beyond); left != 0; left &= left - 1) {
      const std::int64_t n = b + __builtin_ctz(left);
      heap[size++] = pack(bounds[n], static_cast<std::int32_t>(n));
    }
  for (std::int64_t n = size / 2; n-- > 0;) sink(heap, size, n);
  // While the leaves of one block are opened, those of the next are on their way.
  const auto next = [&](Opening &opening) {
    if (size == 0 || net_of(heap[0]) <= best.beyond) return false;
    const std::int32_t b = item_of(heap[0]);
    heap[0] = heap[--size];
    sink(heap, size, 0);
    if (size > 0) reader.fetch_leaves(item_of(heap[0]));
    prepare(b, base[b], best.beyond, opening, reader);
    return true;
  };
  int turn = 0;
  for (bool more = next(openings[0]); more; turn ^= 1) {
    more = next(openings[turn ^ 1]);
    open_leaves(tree, i, openings[turn], base, best, scratch.visited, reader);
    if (best.k > FEW && best.count >= 2 * best.k) shrink(best);
  }
  shrink(best);
  bound = best.least + (best.count == best.k ? 1 : 0);
  if (pool.margin >= 0) {
    update(best);
    drain(best);
    remember(best, pool, scratch.pool);
  }
  return static_cast<int>(best.count);
}

static int search(const TreeView &tree, std::int64_t i, int k, std::int32_t floor, Pool &pool, Scratch &scratch,
                  std::int32_t &bound) {
  if (!tree.has_slopes) return search_with(tree, i, k, floor, pool, scratch, bound, ByBoxes{tree, i});
  // The columns of the common policies are read once a search, not once a leaf.
  int number = 0;
  with_fused(tree.terms, i, 0, [&](const auto pair) {
    const BySlopes<decltype(pair)> reader{tree, viewpoint_of(tree.terms, i), pair};
    number = search_with(tree, i, k, floor, pool, scratch, bound, reader);
  });
  return number;
}

static std::int32_t scan(const TreeView &tree, std::int64_t i) {
  const std::int32_t *base = tree.block_base + tree.terms.left_class[i] * tree.padded_blocks;
  std::int32_t best = NO_NET;
  for (std::int64_t leaf = 0; leaf < tree.num_blocks * FAN; ++leaf) {
    if (base[leaf / FAN] == FORBIDDEN) continue;
    alignas(64) std::int32_t net[LEAF];
    score(tree.terms, i, first_of(tree, leaf), LEAF, base[leaf / FAN], net);
    const std::int32_t *price = prices_of(tree, leaf), *item = items_of(tree, leaf);
    for (std::int64_t n = 0; n < LEAF; ++n) {
      const std::int32_t value = net[n] * tree.parts - price[n];
      if (value > best && item[n] >= 0 && !banned(tree, i, item[n])) best = value;
    }
  }
  return best;
}

static void row(const Terms &terms, std::int64_t i, std::int32_t *__restrict points) {
  constexpr std::int64_t STEP = 1024;  // what stays in the first cache
  Terms straight = terms;
  straight.curve = nullptr;
  const std::int32_t *entries = terms.table + terms.left_class[i] * terms.num_right_classes;
  for (std::int64_t first = 0; first < terms.num_right; first += STEP) {
    const std::int64_t count = terms.num_right - first < STEP ? terms.num_right - first : STEP;
    const std::int32_t *__restrict classes = terms.right_class + first;
    std::int32_t *__restrict to = points + first;
    score(straight, i, first, count, 0, to);
    for (std::int64_t k = 0; k < count; ++k) {
      const std::int32_t entry = entries[classes[k]];
      const std::int32_t sum = static_cast<std::int32_t>(static_cast<std::uint32_t>(entry) + static_cast<std::uint32_t>(to[k]));
      to[k] = entry == FORBIDDEN ? FORBIDDEN : sum;
    }
    if (terms.curve != nullptr)
      for (std::int64_t k = 0; k < count; ++k) to[k] = to[k] == FORBIDDEN ? FORBIDDEN : on_curve(terms, to[k]);
  }
}

static std::int32_t points(const Terms &terms, std::int64_t i, std::int64_t j) {
  const std::int32_t base = terms.table[terms.left_class[i] * terms.num_right_classes + terms.right_class[j]];
  std::int32_t out = FORBIDDEN;
  if (base != FORBIDDEN) score(terms, i, j, 1, base, &out);
  return out;
}

extern const Kernels kernels;
const Kernels kernels{search, scan, points, row};

}  // namespace twin::TM_LEVEL
