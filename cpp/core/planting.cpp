// Building the tree of planting.hpp: its order, its columns, and what its nodes know of them.

#include "core/planting.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <numeric>

namespace twin {

namespace {
constexpr std::int64_t VIEWPOINTS = 64;  // left schools that the tilt of a node is averaged over

// Whether the bounds of slopes.hpp hold for these columns.
bool can_incline(const Terms &t) {
  // What leans stays within a few times `top`, and must fit 32 bits.
  return t.has_distance && t.distance.centre <= 0.0f && t.distance.top <= 0x1p26f && t.distance.slope <= 1e6f &&
         t.num_linear <= MAX_FUSED && t.num_tags == 0 && !t.has_dot && t.num_left > 0;
}
}  // namespace

// Memory aligned to a cache line, owned by the tree.
template <class T>
T *Tree::array(std::int64_t count) {
  memory_.emplace_back(static_cast<std::size_t>(count) * sizeof(T) + 64);
  void *start = memory_.back().data();
  std::size_t space = memory_.back().size();
  return static_cast<T *>(std::align(64, static_cast<std::size_t>(count) * sizeof(T), start, space));
}

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
  view_.has_slopes = can_incline(t);
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
  std::int32_t *base = array<std::int32_t>(classes * view_.padded_blocks);
  view_.block_base = base;
  for (std::int64_t left = 0; left < classes; ++left)
    for (std::int64_t b = 0; b < view_.padded_blocks; ++b)
      *base++ = b < view_.num_blocks ? t.table[left * t.num_right_classes + t.right_class[leaves[std::size_t(b * BLOCK)]]]
                                     : FORBIDDEN;
  if (view_.has_slopes) {
    view_.margin = static_cast<std::int32_t>(4.0f + STEEPEST * t.distance.slope + t.distance.top * 0x1p-20f);
    incline(view_.leaf_slopes, leaf_ground_, view_.num_blocks * FAN, LEAF);
    incline(view_.block_slopes, block_ground_, view_.num_blocks, BLOCK);
  } else {
    measure(view_.leaves, view_.num_blocks * FAN, LEAF);
    measure(view_.blocks, view_.num_blocks, BLOCK);
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

// The slopes of `count` nodes of `width` places each.
void Tree::incline(Slopes &slopes, Ground &ground, std::int64_t count, std::int64_t width) {
  using Vector = std::array<double, 3>;
  const auto dot = [](const Vector &a, const Vector &b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; };
  const auto scaled = [](const Vector &a, double by) { return Vector{a[0] * by, a[1] * by, a[2] * by}; };
  const auto less = [](const Vector &a, const Vector &b) { return Vector{a[0] - b[0], a[1] - b[1], a[2] - b[2]}; };
  const Terms &t = view_.terms;
  const std::int64_t groups = (count + FAN - 1) / FAN;
  slopes.panel = array<float>(groups * FIELDS * FAN);
  slopes.numbers = reinterpret_cast<std::int32_t *>(slopes.panel);
  std::fill(slopes.panel, slopes.panel + groups * FIELDS * FAN, 0.0f);
  for (auto *slots : {&ground.along, &ground.across}) slots->assign(static_cast<std::size_t>(count * width), 0.0f);
  for (auto *slots : {&ground.bulge, &ground.offset}) slots->assign(static_cast<std::size_t>(count * width), 0);
  ground.general.assign(static_cast<std::size_t>(count), 0.0f);
  // A place that is not known stands far outside the Earth.
  const double outside = std::sqrt(16.0 / double(ARC_SCALE));
  std::vector<Vector> views;
  for (std::int64_t v = 0; v < VIEWPOINTS; ++v) {
    const std::int64_t i = v * t.num_left / VIEWPOINTS;
    const Vector at{t.distance.left[0][i], t.distance.left[1][i], t.distance.left[2][i]};
    if (dot(at, at) < outside * outside) views.push_back(at);
  }
  for (std::int64_t node = 0; node < groups * FAN; ++node) {
    const auto field = [&](int f) -> float & { return slopes.panel[line_of(node / FAN, f) + node % FAN]; };
    const auto number = [&](int f) -> std::int32_t & { return slopes.numbers[line_of(node / FAN, f) + node % FAN]; };
    if (node >= count) {
      number(LOWEST) = number(LEANING) = PRICE_CAP;
      continue;
    }
    const auto place = [&](std::int64_t n) {
      const std::int64_t slot = node * width + n, at = slot / LEAF * view_.stride + slot % LEAF;
      return Vector{t.distance.right[0][at], t.distance.right[1][at], t.distance.right[2][at]};
    };
    for (int c = 0; c < t.num_linear; ++c) {
      const auto value = [&](std::int64_t n) {
        const std::int64_t slot = node * width + n;
        return t.linear[c].right[slot / LEAF * view_.stride + slot % LEAF];
      };
      number(LINEAR_LOW + c) = number(LINEAR_HIGH + c) = value(0);
      for (std::int64_t n = 1; n < width; ++n) {
        number(LINEAR_LOW + c) = std::min(number(LINEAR_LOW + c), value(n));
        number(LINEAR_HIGH + c) = std::max(number(LINEAR_HIGH + c), value(n));
      }
    }
    Vector middle{}, up{};
    bool leans = true;  // all places are known, and it is so small that slopes can be bounds (slopes.hpp)
    for (std::int64_t n = 0; n < width; ++n) {
      const Vector at = place(n);
      leans = leans && dot(at, at) < outside * outside;
      for (int axis = 0; axis < 3; ++axis) middle[std::size_t(axis)] += at[std::size_t(axis)] / double(width);
    }
    double reach = 0.0;
    for (std::int64_t n = 0; n < width; ++n) {
      const Vector from = less(place(n), middle);
      reach = std::max(reach, std::sqrt(dot(from, from)));
    }
    leans = leans && dot(middle, middle) > 0.0 && STEEPEST * t.distance.slope * reach < 2.0 * t.distance.top;
    // Axes: towards the left schools along the ground, across, and up.
    Vector along{}, across{};
    double tilt = 0.0;
    if (leans) {
      up = scaled(middle, 1.0 / std::sqrt(dot(middle, middle)));
      Vector pull{};
      for (const Vector &view : views) {
        const Vector to = less(view, middle);
        const double r = std::sqrt(dot(to, to)) + 1.0, q = r * r * double(ARC_SCALE);
        const double steep = 1.0 + q * (3.0 * ARC_C1 + q * (5.0 * ARC_C2 + q * 7.0 * ARC_C3));
        for (std::size_t axis = 0; axis < 3; ++axis) pull[axis] += steep * to[axis] / r / double(views.size());
      }
      pull = less(pull, scaled(up, dot(pull, up)));
      const double strength = std::sqrt(dot(pull, pull));
      if (strength > 1e-6) {
        along = scaled(pull, 1.0 / strength), tilt = t.distance.slope * strength;
      } else {
        const Vector any = std::abs(up[0]) < 0.9 ? Vector{1, 0, 0} : Vector{0, 1, 0};
        const Vector flat = less(any, scaled(up, dot(any, up)));
        along = scaled(flat, 1.0 / std::sqrt(dot(flat, flat)));
      }
      across = {up[1] * along[2] - up[2] * along[1], up[2] * along[0] - up[0] * along[2],
                up[0] * along[1] - up[1] * along[0]};
      // The middle of the range along each axis is the centre.
      Vector shift{};
      for (const auto &axis : {along, across, up}) {
        double low = 1e300, high = -1e300;
        for (std::int64_t n = 0; n < width; ++n) {
          const double v = dot(less(place(n), middle), axis);
          low = std::min(low, v), high = std::max(high, v);
        }
        for (std::size_t a = 0; a < 3; ++a) shift[a] += axis[a] * (low + high) / 2.0;
      }
      for (std::size_t a = 0; a < 3; ++a) middle[a] += shift[a];
    }
    // What the kernels compute with: rounded. Everything below is measured from the rounded centre.
    for (int a = 0; a < 3; ++a) {
      field(CENTRE_X + a) = static_cast<float>(middle[std::size_t(a)]), middle[std::size_t(a)] = field(CENTRE_X + a);
      field(ALONG_X + a) = static_cast<float>(along[std::size_t(a)]);
      field(ACROSS_X + a) = static_cast<float>(across[std::size_t(a)]);
    }
    ground.general[static_cast<std::size_t>(node)] = static_cast<float>(tilt);
    double half_along = 0.0, half_across = 0.0, radius = 0.0;
    for (std::int64_t n = 0; n < width; ++n) {
      const Vector from = less(place(n), middle);
      half_along = std::max(half_along, std::abs(dot(from, along)));
      half_across = std::max(half_across, std::abs(dot(from, across)));
      radius = std::max(radius, std::sqrt(dot(from, from)));
      const auto slot = static_cast<std::size_t>(node * width + n);
      if (!leans) continue;
      ground.along[slot] = static_cast<float>(dot(from, along));
      ground.across[slot] = static_cast<float>(dot(from, across));
      ground.bulge[slot] = static_cast<std::int32_t>(std::ceil(STEEPEST * t.distance.slope * std::abs(dot(from, up))));
    }
    // Half a unit for the rounding of the axes.
    field(HALF_ALONG) = leans ? static_cast<float>(half_along + 1.0) : 1e30f;
    field(HALF_ACROSS) = leans ? static_cast<float>(half_across + 1.0) : 1e30f;
    field(RADIUS) = static_cast<float>(radius * 1.000001 + 1.0);
  }
}

std::vector<std::int32_t> Tree::order() const {
  std::vector<std::int32_t> order;
  order.reserve(position_.size());
  for (std::int64_t slot = 0; slot < view_.num_blocks * BLOCK; ++slot)
    if (const std::int32_t item = items_of(view_, slot / LEAF)[slot % LEAF]; item >= 0) order.push_back(item);
  return order;
}

}  // namespace twin
