// The points of a pair: the one header that the core and the checker share.
//
// A pair (i, j) is worth the entry of a table for the classes of its two schools (FORBIDDEN: not admissible), plus one
// number for each numeric column:
//
//   linear     min(cap, max(0, top - |left_i - right_j|))                            32-bit integers
//   distance   min(cap, max(0, top - slope * |arc - centre|)), truncated             float32, one fixed order of operations
//   tags       min(cap, each * number of common bits)                                64-bit sets
//   dot        min(cap, max(0, ((offset + <left_i, right_j>) * gain) >> shift))      8-bit vectors
//
// Where there is a curve, a pair is worth its entry for that sum instead: the nearest one, where it has none. Entries never
// fall.
//
// Every operation is either on integers or one of + - * sqrt on float32 in the order written, which IEEE 754 rounds the
// same way everywhere; built without contraction, all instruction sets return the same bits. An unknown value arrives
// as a sentinel so far away that its column adds 0 (its worth is in the table).
//
// The distance is along the great circle: with s the chord and t the squared chord in Earth radii,
// arc = s (1 + C1 t + C2 t^2 + C3 t^3), rising in t, so that a smaller chord can never give a longer arc.
//
// The loops are plain so that the compiler vectorises them; the file is included once per instruction set, each time
// in a namespace of its own (see CMakeLists.txt). It uses nothing of the standard library for the reason given there.

#ifndef TM_POINTS_TYPES
#define TM_POINTS_TYPES
#include <cstdint>

namespace twin {

constexpr std::int32_t FORBIDDEN = INT32_MIN;
constexpr int MAX_COLUMNS = 8;  // of each kind

struct Linear {
  const std::int32_t *left, *right;
  std::int32_t top, cap;
};
struct Distance {
  const float *left[3], *right[3];  // whole numbers, 2^22 to an Earth radius
  float top, slope, centre, cap;
};
struct Tags {
  const std::uint64_t *left, *right;
  std::int32_t each, cap;
};
struct Dot {
  const std::int8_t *left, *right;  // `width` numbers a school
  std::int64_t width, offset, gain;
  std::int32_t shift, cap;
};
struct Terms {
  std::int64_t num_left, num_right, num_right_classes;
  const std::int32_t *left_class, *right_class, *table;
  int num_linear, num_tags;
  bool has_distance, has_dot;
  Linear linear[MAX_COLUMNS];
  Tags tags[MAX_COLUMNS];
  Distance distance;
  Dot dot;
  const std::int32_t *curve;  // nullptr: none
  std::int32_t curve_last;    // entries for sums from 0 to this
};

constexpr float ARC_SCALE = 0x1p-44f, ARC_C1 = 0.0428923108f, ARC_C2 = 0.00209602714f, ARC_C3 = 0.00208822871f;

}  // namespace twin
#endif

#ifdef TM_LEVEL
namespace twin::TM_LEVEL {

static inline std::int32_t linear_points(std::int32_t top, std::int32_t cap, std::int32_t difference) {
  std::int32_t points = top - (difference < 0 ? -difference : difference);
  points = points < 0 ? 0 : points;
  return points < cap ? points : cap;
}

// The arc over a squared chord.
static inline float arc_length(float q) {
  const float t = q * ARC_SCALE;
  return __builtin_sqrtf(q) * (1.0f + t * (ARC_C1 + t * (ARC_C2 + t * ARC_C3)));
}

// The points of an arc that is `off` away from the centre.
static inline std::int32_t band_points(const Distance &d, float off) {
  float points = d.top - d.slope * off;
  points = points > 0.0f ? points : 0.0f;
  points = points < d.cap ? points : d.cap;
  return static_cast<std::int32_t>(points);
}

static inline std::int32_t arc_points(const Distance &d, float q) {
  return band_points(d, __builtin_fabsf(arc_length(q) - d.centre));
}

static inline std::int32_t on_curve(const Terms &terms, std::int32_t sum) {
  const std::int32_t least = sum > 0 ? sum : 0;
  return terms.curve[least < terms.curve_last ? least : terms.curve_last];
}

// The first LINEARS linear columns, and the distance if DISTANCE, of left school i with right school first + k.
template <int LINEARS, bool DISTANCE>
struct Fused {
  Linear linear[LINEARS + 1];
  Distance distance;
  std::int32_t value[LINEARS + 1];
  float x, y, z;

  Fused(const Terms &terms, std::int64_t i, std::int64_t first) : distance(terms.distance) {
    for (int c = 0; c < LINEARS; ++c) {
      linear[c] = terms.linear[c];
      linear[c].right += first;
      value[c] = linear[c].left[i];
    }
    if constexpr (DISTANCE) {
      x = distance.left[0][i], y = distance.left[1][i], z = distance.left[2][i];
      for (const float *&axis : distance.right) axis += first;
    }
  }

  std::int32_t operator()(std::int64_t k) const {
    std::int32_t points = 0;
    for (int c = 0; c < LINEARS; ++c)
      points += linear_points(linear[c].top, linear[c].cap, value[c] - linear[c].right[k]);
    if constexpr (DISTANCE) {
      const float dx = x - distance.right[0][k], dy = y - distance.right[1][k], dz = z - distance.right[2][k];
      points += arc_points(distance, (dx * dx + dy * dy) + dz * dz);
    }
    return points;
  }
};

// Hands `use` the widest Fused that these columns allow, so that one loop holds all that the common policies need.
// Returns how many linear columns are in it.
template <class Use>
static inline int with_fused(const Terms &terms, std::int64_t i, std::int64_t first, Use use) {
  if (terms.has_distance) {
    if (terms.num_linear == 0) return use(Fused<0, true>(terms, i, first)), 0;
    if (terms.num_linear == 1) return use(Fused<1, true>(terms, i, first)), 1;
    if (terms.num_linear == 2) return use(Fused<2, true>(terms, i, first)), 2;
    return use(Fused<3, true>(terms, i, first)), 3;
  }
  if (terms.num_linear == 0) return use(Fused<0, false>(terms, i, first)), 0;
  if (terms.num_linear == 1) return use(Fused<1, false>(terms, i, first)), 1;
  if (terms.num_linear == 2) return use(Fused<2, false>(terms, i, first)), 2;
  return use(Fused<3, false>(terms, i, first)), 3;
}

// Whether one Fused holds every numeric column.
static inline bool all_fused(const Terms &terms) {
  return terms.num_linear <= 3 && terms.num_tags == 0 && !terms.has_dot;
}

// The points of left school i with each of `count` right schools from `first` on, all of one class whose table entry
// with i is `base` (not FORBIDDEN).
static inline void score(const Terms &terms, std::int64_t i, std::int64_t first, std::int64_t count, std::int32_t base,
                         std::int32_t *__restrict out) {
  const int done = with_fused(terms, i, first, [=](const auto pair) {
    std::int32_t *__restrict to = out;
    for (std::int64_t k = 0; k < count; ++k) to[k] = base + pair(k);
  });
  for (int c = done; c < terms.num_linear; ++c) {
    const Linear &l = terms.linear[c];
    const std::int32_t value = l.left[i];
    for (std::int64_t k = 0; k < count; ++k) out[k] += linear_points(l.top, l.cap, value - l.right[first + k]);
  }
  for (int c = 0; c < terms.num_tags; ++c) {
    const Tags &g = terms.tags[c];
    const std::uint64_t value = g.left[i];
    for (std::int64_t k = 0; k < count; ++k) {
      const std::int32_t points = g.each * static_cast<std::int32_t>(__builtin_popcountll(value & g.right[first + k]));
      out[k] += points < g.cap ? points : g.cap;
    }
  }
  if (terms.has_dot) {
    const Dot &d = terms.dot;
    const std::int8_t *a = d.left + i * d.width;
    for (std::int64_t k = 0; k < count; ++k) {
      const std::int8_t *b = d.right + (first + k) * d.width;
      std::int32_t product = 0;
      for (std::int64_t w = 0; w < d.width; ++w) product += static_cast<std::int32_t>(a[w]) * b[w];
      std::int64_t points = ((d.offset + product) * d.gain) >> d.shift;
      points = points < 0 ? 0 : points;
      out[k] += static_cast<std::int32_t>(points < d.cap ? points : d.cap);
    }
  }
  if (terms.curve != nullptr)
    for (std::int64_t k = 0; k < count; ++k) out[k] = on_curve(terms, out[k]);
}

}  // namespace twin::TM_LEVEL
#endif
