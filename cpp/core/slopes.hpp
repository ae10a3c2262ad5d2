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
// Why it holds  For distances that fall: points = min(cap, max(0, top - slope arc)). The linear function is above them also
//             where they are capped, but not where they are 0; so it is used where all of the node is nearer than that. A
//             second bound (the nearest the node can be, capped, at its lowest price) holds everywhere; the smaller counts.
// Rounding    Real numbers become float32 in a dozen steps, on values up to `top`: less than `margin`, which is added.

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
  const Distance &d = tree.terms.distance;
  const float *f = slopes.panel + line_of(group, 0);
  const std::int32_t *lowest = slopes.numbers + line_of(group, LOWEST), *leaning = lowest + FAN;
  const auto line = [f](int field) { return f + field * FAN; };
  std::int32_t least[FAN], lean[FAN];
  for (std::int64_t n = 0; n < FAN; ++n) {
    const float x = line(CENTRE_X)[n] - from.x, y = line(CENTRE_Y)[n] - from.y, z = line(CENTRE_Z)[n] - from.z;
    const float q = (x * x + y * y) + z * z, r = __builtin_sqrtf(q), t = q * ARC_SCALE;
    const float arc = r * (1.0f + t * (ARC_C1 + t * (ARC_C2 + t * ARC_C3)));
    const float steep = d.slope * (1.0f + t * (3.0f * ARC_C1 + t * (5.0f * ARC_C2 + t * (7.0f * ARC_C3)))) / (r + 1.0f);
    const float along = (x * line(ALONG_X)[n] + y * line(ALONG_Y)[n]) + z * line(ALONG_Z)[n];
    const float across = (x * line(ACROSS_X)[n] + y * line(ACROSS_Y)[n]) + z * line(ACROSS_Z)[n];
    const float spread = __builtin_fabsf(line(TILT_ALONG)[n] + steep * along) * line(HALF_ALONG)[n] +
                         __builtin_fabsf(line(TILT_ACROSS)[n] + steep * across) * line(HALF_ACROSS)[n];
    const float centre = d.top - d.slope * arc, reach = r - line(RADIUS)[n];
    float near = d.top - d.slope * (reach > 0.0f ? reach : 0.0f);
    near = near > 0.0f ? near : 0.0f;
    near = near < d.cap ? near : d.cap;
    const float sloping = centre + spread < 1e9f ? centre + spread : 1e9f;
    // A node that does not lean, or reaches too far.
    const bool holds = centre - STEEPEST * d.slope * line(RADIUS)[n] >= 0.0f && line(HALF_ALONG)[n] < 1e30f;
    least[n] = static_cast<std::int32_t>(near) - lowest[n];
    lean[n] = holds ? static_cast<std::int32_t>(sloping) - leaning[n] : least[n];
  }
  for (std::int64_t n = 0; n < FAN; ++n) least[n] = (lean[n] < least[n] ? lean[n] : least[n]) + tree.margin;
  for (int c = 0; c < tree.terms.num_linear; ++c) {
    const Linear &l = tree.terms.linear[c];
    const std::int32_t value = from.value[c];
    const std::int32_t *low = lowest + (LINEAR_LOW + c - LOWEST) * FAN, *high = lowest + (LINEAR_HIGH + c - LOWEST) * FAN;
    for (std::int64_t n = 0; n < FAN; ++n) {
      const std::int32_t below = low[n] - value, beyond = value - high[n];
      least[n] += linear_points(l.top, l.cap, (below > 0 ? below : 0) + (beyond > 0 ? beyond : 0));
    }
  }
  for (std::int64_t n = 0; n < FAN; ++n) out[n] = masked_sum(base[n], least[n]);
}

}  // namespace twin::TM_LEVEL
