// How blocks are made: the order, the columns in it, and what each block knows (bounds.hpp).
//
// Nothing here decides what is true. Any order and any cut give the same best net values: they only decide how many pairs
// are excluded without a look at them. What must be right are the ends of the boxes, and these are minima and maxima.

#include "blocks.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>

namespace twin {

bool has_falling_distance(const Terms &terms) {
  if (!terms.has_distance) return false;
  const Distance &d = terms.distance;
  if (!(d.slope >= 0.0f && d.slope <= 0x1p60f && d.centre <= 0.0f && d.centre >= -0x1p60f)) return false;
  if (!std::isfinite(d.top)) return false;
  const auto sane = [](float v) { return std::abs(v) <= 0x1p27f; };  // false for what is not a number
  for (int axis = 0; axis < 3; ++axis)
    if (!std::all_of(d.left[axis], d.left[axis] + terms.num_left, sane) ||
        !std::all_of(d.right[axis], d.right[axis] + terms.num_right, sane))
      return false;
  return true;
}

template <class Value>
void Features::add(const Value *values, double scale, double cap) {
  std::vector<float> column(count_);
  for (std::int64_t k = 0; k < count_; ++k) column[k] = static_cast<float>(static_cast<double>(values[k]) * scale);
  value_.push_back(std::move(column));
  cap_.push_back(static_cast<float>(cap));
}

Features Features::of_left(const Terms &terms, bool by_distance) {
  Features f(terms.num_left);
  for (int c = 0; c < terms.num_linear; ++c) f.add(terms.linear[c].left, 1.0, terms.linear[c].cap);
  if (by_distance)
    for (const float *axis : terms.distance.left) f.add(axis, terms.distance.slope, terms.distance.cap);
  return f;
}

Features Features::of_right(const Terms &terms, bool by_distance, const std::int64_t *price) {
  Features f(terms.num_right);
  for (int c = 0; c < terms.num_linear; ++c) f.add(terms.linear[c].right, 1.0, terms.linear[c].cap);
  if (by_distance)
    for (const float *axis : terms.distance.right) f.add(axis, terms.distance.slope, terms.distance.cap);
  f.add(price, 1.0, 0x1p63);
  return f;
}

std::vector<std::int64_t> Features::ordered(const std::int32_t *of_class, std::uint8_t *cancel) const {
  std::vector<std::int64_t> order(count_);
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [=](std::int64_t a, std::int64_t b) { return of_class[a] < of_class[b]; });
  for (std::int64_t from = 0, to; from < count_; from = to) {
    for (to = from + 1; to < count_ && of_class[order[to]] == of_class[order[from]];) ++to;
    halve(order.data() + from, order.data() + to, cancel);
  }
  return order;
}

void Features::halve(std::int64_t *from, std::int64_t *to, std::uint8_t *cancel) const {
  constexpr std::int64_t WHOLE = IN_BLOCK * IN_GROUP;
  while (to - from > IN_BLOCK) {
    if (cancel && std::atomic_ref<std::uint8_t>(*cancel).load(std::memory_order_relaxed)) return;
    float widest = 0.0f;
    const float *along = nullptr;
    for (std::size_t c = 0; c < value_.size(); ++c) {
      float low = value_[c][*from], high = low;
      for (const std::int64_t *k = from; k < to; ++k) {
        const float v = value_[c][*k];
        low = v < low ? v : low, high = v > high ? v : high;
      }
      const float width = std::min(high - low, cap_[c]);
      if (width > widest) widest = width, along = value_[c].data();
    }
    if (along == nullptr) return;  // all alike
    const std::int64_t unit = to - from > WHOLE ? WHOLE : IN_BLOCK;
    std::int64_t *middle = from + ((to - from + unit - 1) / unit + 1) / 2 * unit;
    std::nth_element(from, middle, to, [=](std::int64_t a, std::int64_t b) {
      return along[a] != along[b] ? along[a] < along[b] : a < b;
    });
    halve(from, middle, cancel);
    from = middle;
  }
}

Blocks::Blocks(const Terms &given, const std::int64_t *price, std::uint8_t *cancel) : terms(given) {
  blocks.by_distance = has_falling_distance(given);
  if (given.has_distance && !blocks.by_distance) blocks.slack += static_cast<std::int32_t>(given.distance.cap);
  if (given.has_dot) blocks.slack += given.dot.cap;
  groups = blocks;
  order = Features::of_right(given, blocks.by_distance, price).ordered(given.right_class, cancel);
  arrange(given);
  cut();
  std::vector<std::int64_t> ends;
  for (const std::int64_t block : group) ends.push_back(first[block]);
  bound(price, first, blocks, block_price);
  bound(price, ends, groups, group_price);
}

template <class Value>
Value *Blocks::room(std::int64_t count) {
  memory_.push_back(std::make_unique<std::uint64_t[]>(count * sizeof(Value) / 8 + 1));
  return reinterpret_cast<Value *>(memory_.back().get());
}

template <class Value>
const Value *Blocks::moved(const Value *values, std::int64_t width) {
  Value *to = room<Value>(terms.num_right * width);
  for (std::int64_t k = 0; k < terms.num_right; ++k) std::copy_n(values + order[k] * width, width, to + k * width);
  return to;
}

void Blocks::arrange(const Terms &given) {
  terms.right_class = moved(given.right_class);
  for (int c = 0; c < given.num_linear; ++c) terms.linear[c].right = moved(given.linear[c].right);
  if (given.has_distance)
    for (int axis = 0; axis < 3; ++axis) terms.distance.right[axis] = moved(given.distance.right[axis]);
  for (int c = 0; c < given.num_tags; ++c) terms.tags[c].right = moved(given.tags[c].right);
  if (given.has_dot) terms.dot.right = moved(given.dot.right, given.dot.width);
}

void Blocks::cut() {
  first = {0}, group = {0};
  for (std::int64_t from = 0, to; from < terms.num_right; from = to) {
    for (to = from; to < terms.num_right && terms.right_class[to] == terms.right_class[from];) ++to;
    for (std::int64_t at = from; at < to; at += IN_BLOCK) {
      first.push_back(std::min(at + IN_BLOCK, to));
      if (num_blocks() - group.back() == IN_GROUP) group.push_back(num_blocks());
    }
    if (group.back() != num_blocks()) group.push_back(num_blocks());
  }
}

// The least or the most of a column between each two ends; as many numbers more as a kernel may read beyond.
template <class Value, class Fold>
static void folded(const Value *values, const std::vector<std::int64_t> &ends, Fold fold, Value *to) {
  const std::size_t count = ends.size() - 1;
  for (std::size_t n = 0; n < count; ++n)
    to[n] = std::accumulate(values + ends[n] + 1, values + ends[n + 1], values[ends[n]], fold);
  std::fill_n(to + count, LANES, Value{});
}

void Blocks::bound(const std::int64_t *price, const std::vector<std::int64_t> &ends, Boxes &boxes,
                   std::vector<std::int64_t> &lowest) {
  const std::int64_t size = static_cast<std::int64_t>(ends.size()) - 1 + LANES;
  const auto least = [](auto a, auto b) { return b < a ? b : a; };
  const auto most = [](auto a, auto b) { return a < b ? b : a; };
  for (int c = 0; c < terms.num_linear; ++c) {
    folded(terms.linear[c].right, ends, least, boxes.linear_low[c] = room<std::int32_t>(size));
    folded(terms.linear[c].right, ends, most, boxes.linear_high[c] = room<std::int32_t>(size));
  }
  for (int axis = 0; axis < 3 && boxes.by_distance; ++axis) {
    folded(terms.distance.right[axis], ends, least, boxes.low[axis] = room<float>(size));
    folded(terms.distance.right[axis], ends, most, boxes.high[axis] = room<float>(size));
  }
  const auto either = [](std::uint64_t a, std::uint64_t b) { return a | b; };
  for (int c = 0; c < terms.num_tags; ++c)
    folded(terms.tags[c].right, ends, either, boxes.tags[c] = room<std::uint64_t>(size));
  lowest.assign(size, 0);
  for (std::size_t n = 0; n + 1 < ends.size(); ++n) {
    lowest[n] = price[order[ends[n]]];
    for (std::int64_t k = ends[n]; k < ends[n + 1]; ++k) lowest[n] = std::min(lowest[n], price[order[k]]);
  }
}

}  // namespace twin
