// Bounds that follow the slope of prices. Included once per instruction set, in the namespace of the kernel.
//
// Problem     Near good prices a school is dear where it is near: what distance gives, the price takes. The points of the
//             nearest corner of a node minus its lowest price, a dear corner at the price of a cheap one, is loose by twice
//             what the node spans, some thousands of points, where the best few hundred partners lie within fifty.
// Idea        Distance is convex. With c the centre of a node, r = |c - i|, w the unit vector from i to c, and F the length
//             of the arc over a chord (convex and rising),
//                 arc(i, j) >= F(r) + F'(r) w.(j - c)       for every j,
//             so the points of a distance are at most top - slope F(r) and a linear function of the place. Prices are about
//             linear too, and take back what it gives. Say they rise by `tilt`, a vector along the ground that is fitted to
//             the prices of the node; the lowest of price_j - tilt.(j - c), its *leaning* price, is kept. Then
//                 net(i, j) <= base + top - slope F(r) - leaning - (tilt + slope F'(r) w).(j - c),
//             and the last is at most |tilt + slope F' w| times what the node spans, along and across. The bulge of the
//             ground is in the leaning price. Any tilt will do; this one is right for the left schools that set the prices,
//             and they are those that look here.
// Columns     A linear column is tilted in the same way. Points less a tilt are piecewise linear there, so their maximum over
//             the node is exact.
// Bend        Distance bends: a school off the line from i through c is farther than the plane says, by at least
//                 (along wb - across wa)^2 / 2 (r + R),
//             with R the radius of the node, and wa, wb the parts of w along and across. What the left schools that may look
//             here agree on, a number times across^2, is in the leaning price; what a single one gives less than that is
//             added to its bound.
// Why it holds  For distances that fall: points = min(cap, max(0, top - slope arc)). The linear function is above them also
//             where they are capped. Where they are 0 the tilt alone is left; the larger of the two counts if the node may
//             reach so far. A second bound (the nearest the node can be, capped, at its lowest price) holds everywhere,
//             and the smaller of both is taken.
// Rounding    Real numbers become float32 in a dozen steps, on sums of a few `top`: less than `margin`, which is added.
// Parts       Where prices are counted in parts of a point, so are tilts and all that is added up here.

#pragma once
#include "core/tree.hpp"

namespace twin::TM_LEVEL {

// What a search needs of its left school.
struct Viewpoint {
  float x, y, z;
  std::int32_t value[MAX_FUSED];
};

static inline Viewpoint viewpoint_of(const Terms &terms, std::int64_t i) {
  Viewpoint v{terms.distance.left[0][i], terms.distance.left[1][i], terms.distance.left[2][i], {}};
  for (int c = 0; c < terms.num_linear; ++c) v.value[c] = terms.linear[c].left[i];
  return v;
}

// Upper bounds on the net values inside the 16 nodes of a group, whose table entries are `base`.
static inline void bound_slopes(const TreeView &tree, const Slopes &slopes, const Viewpoint &from, std::int64_t group,
                                const std::int32_t *__restrict base, std::int32_t *__restrict out) {
  const std::int32_t parts = tree.parts;
  const float fine = static_cast<float>(parts);
  const float top = fine * tree.terms.distance.top, slope = fine * tree.terms.distance.slope, cap = fine * tree.terms.distance.cap;
  const float *f = slopes.panel + line_of(group, 0);
  const std::int32_t *lowest = slopes.numbers + line_of(group, LOWEST), *leaning = lowest + FAN;
  const auto line = [f](int field) { return f + field * FAN; };
  std::int32_t flat[FAN], lean[FAN];
  for (std::int64_t n = 0; n < FAN; ++n) {
    const float x = line(CENTRE_X)[n] - from.x, y = line(CENTRE_Y)[n] - from.y, z = line(CENTRE_Z)[n] - from.z;
    const float half_along = line(HALF_ALONG)[n], half_across = line(HALF_ACROSS)[n], radius = line(RADIUS)[n];
    const float q = (x * x + y * y) + z * z, r = __builtin_sqrtf(q), t = q * ARC_SCALE;
    const float arc = r * (1.0f + t * (ARC_C1 + t * (ARC_C2 + t * ARC_C3)));
    const float steep = slope * (1.0f + t * (3.0f * ARC_C1 + t * (5.0f * ARC_C2 + t * (7.0f * ARC_C3)))) / (r + 1.0f);
    const float along = (x * line(ALONG_X)[n] + y * line(ALONG_Y)[n]) + z * line(ALONG_Z)[n];
    const float across = (x * line(ACROSS_X)[n] + y * line(ACROSS_Y)[n]) + z * line(ACROSS_Z)[n];
    const float spread = __builtin_fabsf(line(TILT_ALONG)[n] + steep * along) * half_along +
                         __builtin_fabsf(line(TILT_ACROSS)[n] + steep * across) * half_across;
    // What the leaning price takes for the bend, and what of it this school does not give.
    const float bend = fine * line(BEND)[n] * half_across * half_across;
    const float turn = 0.5f * slope / ((r + radius) * (q + 1.0f));
    float missing = bend - turn * along * along * half_across * half_across;
    missing = (missing > 0.0f ? missing : 0.0f) + 2.0f * turn * __builtin_fabsf(along * across) * half_across * half_along;
    missing = missing < bend ? missing : bend;
    const float centre = top - slope * arc, reach = r - radius;
    float near = top - slope * (reach > 0.0f ? reach : 0.0f);
    near = near > 0.0f ? near : 0.0f;
    near = near < cap ? near : cap;
    float sloping = centre + spread + missing;
    // Some of the node may be so far that distance gives it nothing; then the tilt alone is left.
    const float level = __builtin_fabsf(line(TILT_ALONG)[n]) * half_along + __builtin_fabsf(line(TILT_ACROSS)[n]) * half_across + bend;
    if (centre - STEEPEST * slope * radius < 0.0f) sloping = sloping > level ? sloping : level;
    sloping = sloping < 1e9f ? sloping : 1e9f;
    flat[n] = static_cast<std::int32_t>(near) - lowest[n];
    lean[n] = half_along < 1e30f ? static_cast<std::int32_t>(sloping) - leaning[n] : flat[n];
  }
  for (int c = 0; c < tree.terms.num_linear; ++c) {
    const Linear &l = tree.terms.linear[c];
    const std::int32_t value = from.value[c], plateau = l.top > l.cap ? l.top - l.cap : 0;
    const std::int32_t *low = lowest + (LINEAR_LOW + c - LOWEST) * FAN, *high = lowest + (LINEAR_HIGH + c - LOWEST) * FAN;
    const float *tilt = line(TILT_LINEAR + c);
    for (std::int64_t n = 0; n < FAN; ++n) {
      const auto within = [&](std::int32_t at) { return at < low[n] ? low[n] : at > high[n] ? high[n] : at; };
      const auto points_at = [&](std::int32_t at) { return parts * linear_points(l.top, l.cap, value - at); };
      const auto tilted_at = [&](std::int32_t at) {
        return points_at(at) - static_cast<std::int32_t>(tilt[n] * static_cast<float>(at - low[n]));
      };
      // Along the column points are nothing, rise, are level, fall, and are nothing, and no tilt is steeper. So with it
      // they are largest at an end of the level, or of the node.
      const std::int32_t peak = tilted_at(within(tilt[n] < 0.0f ? value + plateau : value - plateau));
      const std::int32_t end = tilted_at(tilt[n] < 0.0f ? high[n] : low[n]);
      flat[n] += points_at(within(value));
      lean[n] += peak > end ? peak : end;
    }
  }
  for (std::int64_t n = 0; n < FAN; ++n)
    out[n] = masked_sum(base[n], parts, (lean[n] < flat[n] ? lean[n] : flat[n]) + parts * tree.margin);
  // No entry of a curve is above its sum, but a sum below zero counts as zero.
  if (tree.terms.curve != nullptr)
    for (std::int64_t n = 0; n < FAN; ++n)
      out[n] = base[n] == FORBIDDEN || out[n] > -lowest[n] ? out[n] : -lowest[n];
}

}  // namespace twin::TM_LEVEL
