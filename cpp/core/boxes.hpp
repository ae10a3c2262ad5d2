// Bounds from boxes, for any policy. Included once per instruction set, in the namespace of the kernel.

#pragma once
#include "core/tree.hpp"

namespace twin::TM_LEVEL {

static inline float above(float v) { return v > 0.0f ? v : 0.0f; }
static inline std::int32_t above(std::int32_t v) { return v > 0 ? v : 0; }
static inline float larger(float a, float b) { return a > b ? a : b; }

// Upper bounds on the net values of left school i inside nodes first .. first + FAN of `boxes`, whose table entries are
// `base`; prices are counted in so many `parts` of a point.
static inline void bound_boxes(const Terms &terms, const Boxes &boxes, std::int32_t parts, std::int64_t i,
                               std::int64_t first, const std::int32_t *__restrict base, std::int32_t *__restrict out) {
  for (std::int64_t n = 0; n < FAN; ++n) out[n] = 0;
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
  if (terms.curve != nullptr) {
    for (std::int64_t n = 0; n < FAN; ++n) {
      const std::int32_t most = on_curve(terms, base[n] == FORBIDDEN ? 0 : base[n] + out[n]);
      out[n] = base[n] == FORBIDDEN ? NO_NET : most * parts - boxes.price[first + n];
    }
    return;
  }
  for (std::int64_t n = 0; n < FAN; ++n) out[n] = masked_sum(base[n], parts, parts * out[n] - boxes.price[first + n]);
}

}  // namespace twin::TM_LEVEL
