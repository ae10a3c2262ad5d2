// Upper bounds on the net values inside blocks of right schools, for the pruned pass. Included once per instruction set.
//
// A block knows the least and the most of each column, the tags that any of its schools has, and its lowest price. What a
// left school can get in it is at most the points of the nearest values that the block could hold, less the lowest price.
// Linear columns and tags are integers: nothing is rounded. Of the distance, each coordinate's difference to the box is
// rounded from a number that is no larger than the one of any school in it; then the operations of points.hpp follow in
// the same order. Subtraction, product, sum and square root are rounded monotonically, so that at each step what the box
// gets is no larger than what a school gets; the points, which fall with it, are no fewer. No tolerance is needed. Criteria
// for which there is no such argument count with the most that they can give (`slack`).

#pragma once

#include "kernels.hpp"

namespace twin::TM_LEVEL {
namespace {

inline float above_zero(float v) { return v > 0.0f ? v : 0.0f; }
inline std::int32_t above_zero(std::int32_t v) { return v > 0 ? v : 0; }

// The most numeric points of left school i in each of the LANES blocks from `first` on.
void most_points(const Terms &terms, const Boxes &boxes, std::int64_t i, std::int64_t first,
                 std::int32_t *__restrict most) {
  for (std::int64_t n = 0; n < LANES; ++n) most[n] = boxes.slack;
  for (int c = 0; c < terms.num_linear; ++c) {
    const Linear &l = terms.linear[c];
    const std::int32_t value = l.left[i];
    const std::int32_t *__restrict low = boxes.linear_low[c] + first, *__restrict high = boxes.linear_high[c] + first;
    for (std::int64_t n = 0; n < LANES; ++n)
      most[n] += linear_points(l.top, l.cap, above_zero(low[n] - value) + above_zero(value - high[n]));
  }
  if (boxes.by_distance) {
    const Distance d = terms.distance;
    const float x = d.left[0][i], y = d.left[1][i], z = d.left[2][i];
    const float *__restrict x0 = boxes.low[0] + first, *__restrict x1 = boxes.high[0] + first;
    const float *__restrict y0 = boxes.low[1] + first, *__restrict y1 = boxes.high[1] + first;
    const float *__restrict z0 = boxes.low[2] + first, *__restrict z1 = boxes.high[2] + first;
    for (std::int64_t n = 0; n < LANES; ++n) {
      // One of the two is nothing, so that their sum is not rounded.
      const float dx = above_zero(x0[n] - x) + above_zero(x - x1[n]);
      const float dy = above_zero(y0[n] - y) + above_zero(y - y1[n]);
      const float dz = above_zero(z0[n] - z) + above_zero(z - z1[n]);
      most[n] += arc_points(d, (dx * dx + dy * dy) + dz * dz);
    }
  }
  for (int c = 0; c < terms.num_tags; ++c) {
    const Tags &g = terms.tags[c];
    const std::uint64_t value = g.left[i];
    for (std::int64_t n = 0; n < LANES; ++n) {
      const std::int32_t points =
          g.each * static_cast<std::int32_t>(__builtin_popcountll(value & boxes.tags[c][first + n]));
      most[n] += points < g.cap ? points : g.cap;
    }
  }
}

// The blocks of LANES from `first` on, a bit for each, in which left school i may have a net value above `best`.
// `entry` holds the table's entries of the blocks, or Limits<Offer>::none; `price` their lowest prices.
template <class Offer>
std::uint32_t promising(const Terms &terms, const Boxes &boxes, std::int64_t i, std::int64_t first,
                        const Offer *__restrict entry, const Offer *__restrict price, Offer best) {
  std::int32_t most[LANES];
  Offer bound[LANES], largest = Limits<Offer>::none;
  most_points(terms, boxes, i, first, most);
  if (terms.curve != nullptr)
    for (std::int64_t n = 0; n < LANES; ++n) {
      const bool open = entry[n] != Limits<Offer>::none;
      const Offer net = on_curve(terms, static_cast<std::int32_t>(open ? entry[n] : 0) + most[n]) - price[n];
      bound[n] = open ? net : Limits<Offer>::none;
    }
  else
    for (std::int64_t n = 0; n < LANES; ++n) {
      const bool open = entry[n] != Limits<Offer>::none;
      const Offer net = (open ? entry[n] : 0) + most[n] - price[n];
      bound[n] = open ? net : Limits<Offer>::none;
    }
  for (std::int64_t n = 0; n < LANES; ++n) largest = bound[n] > largest ? bound[n] : largest;
  if (largest <= best) return 0;
  std::uint32_t found = 0;
  for (std::int64_t n = 0; n < LANES; ++n) found |= static_cast<std::uint32_t>(bound[n] > best) << n;
  return found;
}

}  // namespace
}  // namespace twin::TM_LEVEL
