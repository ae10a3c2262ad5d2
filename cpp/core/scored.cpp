// Building the tree, keeping its prices, and searching many left nodes at once.

#include "core/scored.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>

namespace twin {

namespace portable { extern const Kernels kernels; }
#ifdef TM_X86
namespace avx2 { extern const Kernels kernels; }
namespace avx512 { extern const Kernels kernels; }
#endif

std::string best_isa() {
#ifdef TM_X86
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl"))
    return "avx512";
  if (__builtin_cpu_supports("avx2")) return "avx2";
#endif
  return "portable";
}

const Kernels &kernels_of(const std::string &isa) {
  const std::string name = isa == "auto" ? best_isa() : isa;
#ifdef TM_X86
  if (name == "avx512" && best_isa() == "avx512") return avx512::kernels;
  if (name == "avx2" && best_isa() != "portable") return avx2::kernels;
#endif
  if (name == "portable") return portable::kernels;
  throw std::invalid_argument("instruction set '" + isa + "' is not one that this processor has");
}

// Memory aligned to a cache line, owned by the graph.
template <class T>
T *ScoredGraph::array(std::int64_t count) {
  memory_.emplace_back(static_cast<std::size_t>(count) * sizeof(T) + 64);
  void *start = memory_.back().data();
  std::size_t space = memory_.back().size();
  return static_cast<T *>(std::align(64, static_cast<std::size_t>(count) * sizeof(T), start, space));
}

ScoredGraph::ScoredGraph(const Terms &terms, const std::int64_t *ban_offset, const std::int32_t *ban_item,
                         const std::string &isa)
    : original_(terms), kernels_(kernels_of(isa)) {
  std::vector<std::int32_t> nodes(static_cast<std::size_t>(terms.num_right));
  std::iota(nodes.begin(), nodes.end(), 0);
  std::stable_sort(nodes.begin(), nodes.end(), [&](std::int32_t a, std::int32_t b) {
    return terms.right_class[a] < terms.right_class[b];
  });
  std::vector<std::int32_t> leaves;  // right nodes in leaf order, -1 where a leaf or a block is not full
  for (auto first = nodes.begin(); first != nodes.end();) {
    const auto last = std::find_if(first, nodes.end(), [&](std::int32_t j) {
      return terms.right_class[j] != terms.right_class[*first];
    });
    split(&*first, &*first + (last - first), leaves);
    leaves.resize((leaves.size() + BLOCK - 1) / BLOCK * BLOCK, -1);
    first = last;
  }
  lay_out(leaves);
  view_.ban_offset = ban_offset, view_.ban_item = ban_item;
}

// Appends [first, last) to the leaf order. Cuts where the points spread most, at a multiple of a block (or of a leaf),
// so that only the last leaf of a class is not full.
void ScoredGraph::split(std::int32_t *first, std::int32_t *last, std::vector<std::int32_t> &leaves) {
  const std::int64_t count = last - first;
  if (count <= LEAF) {
    std::sort(first, last);
    leaves.insert(leaves.end(), first, last);
    leaves.resize((leaves.size() + LEAF - 1) / LEAF * LEAF, -1);
    return;
  }
  double widest = -1.0;
  int kind = 0;
  std::int64_t where = 0;
  auto try_axis = [&](int axis, std::int64_t column, auto value, double points_per_unit) {
    double low = value(*first), high = low;
    for (auto *j = first; j != last; ++j) low = std::min(low, double(value(*j))), high = std::max(high, double(value(*j)));
    const double spread = (high - low) * points_per_unit;
    if (spread > widest) widest = spread, kind = axis, where = column;
  };
  const Terms &t = original_;
  if (t.has_distance)
    for (int axis = 0; axis < 3; ++axis)
      try_axis(0, axis, [&](std::int32_t j) { return t.distance.right[axis][j]; }, t.distance.slope);
  for (int c = 0; c < t.num_linear; ++c)
    try_axis(1, c, [&](std::int32_t j) { return t.linear[c].right[j]; }, 1.0);
  if (t.has_dot)
    for (std::int64_t w = 0; w < t.dot.width; ++w)
      try_axis(2, w, [&](std::int32_t j) { return t.dot.right[j * t.dot.width + w]; },
               64.0 * double(t.dot.gain) / double(std::int64_t{1} << t.dot.shift));
  auto key = [&](std::int32_t j) -> double {
    if (kind == 0) return t.has_distance ? double(t.distance.right[where][j]) : 0.0;
    if (kind == 1) return t.linear[where].right[j];
    return t.dot.right[j * t.dot.width + where];
  };
  const std::int64_t unit = count > BLOCK ? BLOCK : LEAF;
  const std::int64_t half = (count / 2 + unit - 1) / unit * unit;
  std::nth_element(first, first + half, last, [&](std::int32_t a, std::int32_t b) {
    const double ka = key(a), kb = key(b);
    return ka != kb ? ka < kb : a < b;
  });
  split(first, first + half, leaves);
  split(first + half, last, leaves);
}

void ScoredGraph::lay_out(const std::vector<std::int32_t> &leaves) {
  const Terms &t = original_;
  const auto slots = static_cast<std::int64_t>(leaves.size());
  const std::int64_t num_blocks = slots / BLOCK, padded_blocks = (num_blocks + FAN - 1) / FAN * FAN;
  // An empty place copies the features of the school before it (a box stays as it is) and is priced out.
  std::vector<std::int32_t> source(leaves);
  for (std::size_t s = 1; s < source.size(); ++s)
    if (source[s] < 0) source[s] = source[s - 1];
  auto copied = [&](const auto *column, std::int64_t width) {
    using T = std::remove_const_t<std::remove_pointer_t<decltype(column)>>;
    T *out = array<T>(slots * width);
    for (std::int64_t s = 0; s < slots; ++s)
      std::memcpy(out + s * width, column + source[static_cast<std::size_t>(s)] * width,
                  sizeof(T) * static_cast<std::size_t>(width));
    return out;
  };
  view_.terms = t;
  view_.num_blocks = num_blocks;
  if (t.has_distance)
    for (int axis = 0; axis < 3; ++axis) view_.terms.distance.right[axis] = copied(t.distance.right[axis], 1);
  for (int c = 0; c < t.num_linear; ++c) view_.terms.linear[c].right = copied(t.linear[c].right, 1);
  for (int c = 0; c < t.num_tags; ++c) view_.terms.tags[c].right = copied(t.tags[c].right, 1);
  if (t.has_dot) view_.terms.dot.right = copied(t.dot.right, t.dot.width);
  view_.item = item_ = array<std::int32_t>(slots);
  view_.price = price_ = array<std::int32_t>(slots);
  view_.block_class = block_class_ = array<std::int32_t>(padded_blocks);
  position_.resize(static_cast<std::size_t>(t.num_right));
  for (std::int64_t s = 0; s < slots; ++s) {
    item_[s] = leaves[static_cast<std::size_t>(s)];
    price_[s] = item_[s] < 0 ? PRICE_CAP : 0;
    if (item_[s] >= 0) position_[static_cast<std::size_t>(item_[s])] = static_cast<std::int32_t>(s);
  }
  for (std::int64_t b = 0; b < padded_blocks; ++b)
    block_class_[b] = b < num_blocks ? t.right_class[item_[b * BLOCK]] : 0;
  measure(view_.leaves, num_blocks * FAN, LEAF);
  measure(view_.blocks, num_blocks, BLOCK);
}

// The boxes of `count` nodes of `width` places each.
void ScoredGraph::measure(Boxes &boxes, std::int64_t count, std::int64_t width) {
  const Terms &t = view_.terms;
  const std::int64_t padded = (count + FAN - 1) / FAN * FAN;
  boxes.count = count;
  auto ends = [&](const auto *column, auto *&low, auto *&high) {
    using T = std::remove_reference_t<decltype(*low)>;
    low = array<T>(padded), high = array<T>(padded);
    std::fill(low, low + padded, T{0}), std::fill(high, high + padded, T{0});
    for (std::int64_t n = 0; n < count; ++n) {
      const auto [a, b] = std::minmax_element(column + n * width, column + (n + 1) * width);
      low[n] = *a, high[n] = *b;
    }
  };
  if (t.has_distance)
    for (int axis = 0; axis < 3; ++axis) ends(t.distance.right[axis], boxes.low[axis], boxes.high[axis]);
  for (int c = 0; c < t.num_linear; ++c) ends(t.linear[c].right, boxes.linear_low[c], boxes.linear_high[c]);
  for (int c = 0; c < t.num_tags; ++c) {
    boxes.tags[c] = array<std::uint64_t>(padded);
    std::fill(boxes.tags[c], boxes.tags[c] + padded, 0);
    for (std::int64_t s = 0; s < count * width; ++s) boxes.tags[c][s / width] |= t.tags[c].right[s];
  }
  if (t.has_dot) {
    const std::int64_t d = t.dot.width;
    boxes.dot_low = array<std::int8_t>(padded * d), boxes.dot_high = array<std::int8_t>(padded * d);
    std::fill(boxes.dot_low, boxes.dot_low + padded * d, INT8_MAX);
    std::fill(boxes.dot_high, boxes.dot_high + padded * d, INT8_MIN);
    for (std::int64_t s = 0; s < count * width; ++s)
      for (std::int64_t w = 0; w < d; ++w) {
        const std::int64_t n = s / width * d + w;
        boxes.dot_low[n] = std::min(boxes.dot_low[n], t.dot.right[s * d + w]);
        boxes.dot_high[n] = std::max(boxes.dot_high[n], t.dot.right[s * d + w]);
      }
  }
  boxes.price = array<std::int32_t>(padded);
  std::fill(boxes.price, boxes.price + padded, PRICE_CAP);
  for (std::int64_t n = 0; n < count; ++n)
    boxes.price[n] = *std::min_element(price_ + n * width, price_ + (n + 1) * width);
}

static std::int32_t priced(std::int64_t price) {
  if (price > PRICE_CAP || price < -PRICE_CAP / 2) throw std::overflow_error("a price left the exact range of 2^30 points");
  return static_cast<std::int32_t>(price);
}

void ScoredGraph::set_prices(const std::int64_t *price) {
  for (std::int64_t j = 0; j < num_right(); ++j) price_[position_[static_cast<std::size_t>(j)]] = priced(price[j]);
  for (std::int64_t n = 0; n < view_.leaves.count; ++n)
    view_.leaves.price[n] = *std::min_element(price_ + n * LEAF, price_ + (n + 1) * LEAF);
  for (std::int64_t n = 0; n < view_.blocks.count; ++n)
    view_.blocks.price[n] = *std::min_element(view_.leaves.price + n * FAN, view_.leaves.price + (n + 1) * FAN);
}

void ScoredGraph::change_prices(const std::int64_t *price, const std::int32_t *changed, std::int64_t count) {
  for (std::int64_t c = 0; c < count; ++c) {
    const std::int32_t s = position_[static_cast<std::size_t>(changed[c])];
    const std::int32_t old = price_[s];
    price_[s] = priced(price[changed[c]]);
    std::int32_t &lowest = view_.leaves.price[s / LEAF];
    if (price_[s] < lowest || old == lowest) refresh_leaf(s / LEAF);
  }
}

void ScoredGraph::refresh_leaf(std::int64_t leaf) {
  view_.leaves.price[leaf] = *std::min_element(price_ + leaf * LEAF, price_ + (leaf + 1) * LEAF);
  const std::int64_t block = leaf / FAN;
  view_.blocks.price[block] =
      *std::min_element(view_.leaves.price + block * FAN, view_.leaves.price + (block + 1) * FAN);
}

void ScoredGraph::search(const std::int32_t *rows, std::int64_t count, int k, const std::int64_t *floor, Lists lists,
                         Crew &crew, Flag flag) {
  const std::int64_t capacity = 3 * k + 4 * LEAF;
  std::atomic<std::int64_t> visited{0};
  crew.run(count, 4, [&](int, std::int64_t first, std::int64_t last) {
    thread_local std::vector<std::int64_t> found, heap;
    thread_local std::vector<std::int32_t> bounds;
    found.resize(std::max(found.size(), static_cast<std::size_t>(capacity)));
    bounds.resize(std::max(bounds.size(), static_cast<std::size_t>(view_.num_blocks + FAN)));
    heap.resize(std::max(heap.size(), static_cast<std::size_t>(view_.num_blocks)));
    Scratch scratch{bounds.data(), heap.data(), found.data(), capacity, 0};
    for (std::int64_t r = first; r < last; ++r) {
      if ((r & 63) == 0) flag.check();
      const std::int64_t least = floor[r] < NO_NET ? NO_NET : floor[r];
      std::int32_t bound = 0;
      const int number = kernels_.search(view_, rows[r], k, static_cast<std::int32_t>(least), scratch, bound);
      lists.number[r] = number;
      lists.bound[r] = bound == NO_NET ? NO_VALUE : bound;
      for (int n = 0; n < number; ++n) {
        const std::int32_t item = item_of(found[static_cast<std::size_t>(n)]);
        lists.item[r * k + n] = item;
        lists.points[r * k + n] =
            std::int64_t{net_of(found[static_cast<std::size_t>(n)])} + price_[position_[static_cast<std::size_t>(item)]];
      }
    }
    visited += scratch.visited;
  });
  visited_ += visited;
}

std::int64_t ScoredGraph::points(std::int64_t i, std::int64_t j) const {
  if (view_.ban_offset != nullptr)
    for (std::int64_t n = view_.ban_offset[i]; n < view_.ban_offset[i + 1]; ++n)
      if (view_.ban_item[n] == j) return NO_VALUE;
  const std::int32_t points = kernels_.points(original_, i, j);
  return points == FORBIDDEN ? NO_VALUE : points;
}

void ScoredGraph::scan(std::int64_t *net, Crew &crew, Flag flag) const {
  crew.run(num_left(), 16, [&](int, std::int64_t first, std::int64_t last) {
    for (std::int64_t i = first; i < last; ++i) {
      flag.check();
      const std::int32_t best = kernels_.scan(view_, i);
      net[i] = best == NO_NET ? NO_VALUE : best;
    }
  });
}

}  // namespace twin
