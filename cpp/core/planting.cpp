// Building the tree of planting.hpp: its order, its columns, and what its nodes know of them.

#include "core/planting.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

namespace twin {

Tree::Tree(const Terms &terms, const std::int64_t *ban_offset, const std::int32_t *ban_item) : original_(terms) {
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
  const std::vector<std::int64_t> nothing(static_cast<std::size_t>(terms.num_right), 0);
  set_prices(nothing.data());
}

// Appends [first, last) to the leaf order. Cuts where the points spread most, at a multiple of a block (or of a leaf),
// so that only the last leaf of a class is not full.
void Tree::split(std::int32_t *first, std::int32_t *last, std::vector<std::int32_t> &leaves) {
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

void Tree::lay_out(const std::vector<std::int32_t> &leaves) {
  const Terms &t = original_;
  const auto slots = static_cast<std::int64_t>(leaves.size());
  view_.terms = t;
  view_.num_blocks = slots / BLOCK;
  view_.padded_blocks = (view_.num_blocks + FAN - 1) / FAN * FAN;
  view_.has_slopes = can_incline();
  view_.stride = LEAF * (view_.has_slopes ? 5 + t.num_linear : 2);
  view_.leaf_panel = array<std::int32_t>(slots / LEAF * view_.stride);
  position_.resize(static_cast<std::size_t>(t.num_right));
  // An empty place copies the features of the school before it (a box stays as it is) and is priced out.
  std::vector<std::int32_t> source(leaves);
  for (std::size_t s = 0; s < source.size(); ++s) {
    const auto slot = static_cast<std::int64_t>(s);
    items_of(view_, slot / LEAF)[slot % LEAF] = source[s];
    *price_at(slot) = source[s] < 0 ? PRICE_CAP : 0;
    if (source[s] < 0) source[s] = source[s - 1];
    else position_[static_cast<std::size_t>(source[s])] = static_cast<std::int32_t>(s);
  }
  auto copied = [&](const auto *column, std::int64_t width) {
    using T = std::remove_const_t<std::remove_pointer_t<decltype(column)>>;
    T *out = array<T>(slots * width);
    for (std::int64_t s = 0; s < slots; ++s)
      std::memcpy(out + s * width, column + source[static_cast<std::size_t>(s)] * width,
                  sizeof(T) * static_cast<std::size_t>(width));
    return out;
  };
  auto placed = [&](const auto *column, int line) {  // in the leaf panels
    using T = std::remove_const_t<std::remove_pointer_t<decltype(column)>>;
    T *out = reinterpret_cast<T *>(view_.leaf_panel) + line * LEAF;
    for (std::int64_t s = 0; s < slots; ++s)
      out[s / LEAF * view_.stride + s % LEAF] = column[source[static_cast<std::size_t>(s)]];
    return out;
  };
  for (int axis = 0; axis < 3 && t.has_distance; ++axis)
    view_.terms.distance.right[axis] =
        view_.has_slopes ? placed(t.distance.right[axis], 2 + axis) : copied(t.distance.right[axis], 1);
  for (int c = 0; c < t.num_linear; ++c)
    view_.terms.linear[c].right = view_.has_slopes ? placed(t.linear[c].right, 5 + c) : copied(t.linear[c].right, 1);
  for (int c = 0; c < t.num_tags; ++c) view_.terms.tags[c].right = copied(t.tags[c].right, 1);
  if (t.has_dot) view_.terms.dot.right = copied(t.dot.right, t.dot.width);

  std::int64_t classes = 0;
  for (std::int64_t i = 0; i < t.num_left; ++i) classes = std::max<std::int64_t>(classes, t.left_class[i] + 1);
  left_classes_ = classes;
  for (std::int64_t b = 0; b < view_.num_blocks; ++b) block_class_.push_back(t.right_class[leaves[std::size_t(b * BLOCK)]]);
  view_.block_base = block_base_ = array<std::int32_t>(classes * view_.padded_blocks);
  set_table(t.table);
  if (view_.has_slopes) {
    view_.margin = rounding();
    incline(view_.leaf_slopes, leaf_ground_, view_.num_blocks * FAN, LEAF);
    incline(view_.block_slopes, block_ground_, view_.num_blocks, BLOCK);
  } else {
    measure(view_.leaves, view_.num_blocks * FAN, LEAF);
    measure(view_.blocks, view_.num_blocks, BLOCK);
  }
}

void Tree::set_table(const std::int32_t *table) {
  ++epoch_;
  view_.terms.table = original_.table = table;
  std::int32_t *base = block_base_;
  for (std::int64_t left = 0; left < left_classes_; ++left)
    for (std::int64_t b = 0; b < view_.padded_blocks; ++b, ++base) {
      *base = b < view_.num_blocks ? table[left * original_.num_right_classes + block_class_[std::size_t(b)]] : FORBIDDEN;
      if (*base != FORBIDDEN) largest_entry_ = std::max(largest_entry_, std::abs(std::int64_t{*base}));
    }
}

// The boxes of `count` nodes of `width` places each.
void Tree::measure(Boxes &boxes, std::int64_t count, std::int64_t width) {
  const Terms &t = view_.terms;
  const std::int64_t padded = (count + FAN - 1) / FAN * FAN;
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
}

std::vector<std::int32_t> Tree::order() const {
  std::vector<std::int32_t> order;
  order.reserve(position_.size());
  for (std::int64_t slot = 0; slot < view_.num_blocks * BLOCK; ++slot)
    if (const std::int32_t item = items_of(view_, slot / LEAF)[slot % LEAF]; item >= 0) order.push_back(item);
  return order;
}

}  // namespace twin
