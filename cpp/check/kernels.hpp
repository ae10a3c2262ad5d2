// The inner loops of the passes, compiled once per instruction set (kernels.cpp) and chosen at run time (pass.cpp).
//
// The *offer* of a right school to a class of left schools is what a pair of theirs is worth before its numeric
// columns: the table's entry less the school's price. Forbidden pairs get an offer so low that no points can lift it to
// where an admissible pair can be. Two widths: 32 bits where prices are small enough (faster), 64 bits
// otherwise.

#pragma once

#include "points.hpp"

namespace twin {

// Narrow offers: entries less prices, and the numeric points, keep within NARROW of zero (pass.cpp sees to it).
constexpr std::int32_t NARROW = std::int32_t{1} << 29;
// Wide offers: prices up to this much.
constexpr std::int64_t WIDE = std::int64_t{1} << 62;

template <class Offer>
struct Limits;
template <>
struct Limits<std::int32_t> {
  static constexpr std::int32_t none = -2 * NARROW - 1, least = -NARROW;  // none + NARROW < least
};
template <>
struct Limits<std::int64_t> {
  static constexpr std::int64_t none = INT64_MIN, least = -WIDE - (std::int64_t{1} << 31);  // none + 2^31 < least
};

// So many blocks of right schools are bounded at once.
constexpr std::int64_t LANES = 16;

// What is known about blocks of right schools, one array an end; LANES numbers more than there are blocks can be read.
struct Boxes {
  float *low[3], *high[3];
  std::int32_t *linear_low[MAX_COLUMNS], *linear_high[MAX_COLUMNS];
  std::uint64_t *tags[MAX_COLUMNS];  // of any school in the block
  bool by_distance;                  // whether low and high are there
  std::int32_t slack;                // points of the criteria that boxes do not bound
};

template <class Offer>
struct Loops {
  // offer[k] of `count` right schools with these classes and prices, to the left class with this row of the table.
  void (*offers)(const std::int32_t *table_row, const std::int32_t *right_class, const Offer *price,
                 std::int64_t count, Offer *offer);
  // The greatest offer[k] + numeric points of left school i with right school first + k.
  Offer (*best)(const Terms &, std::int64_t i, std::int64_t first, std::int64_t count, const Offer *offer,
                std::int32_t *scratch);
  // The same on the curve that the terms have: `entry` is the offer at no price.
  Offer (*best_on_curve)(const Terms &, std::int64_t i, std::int64_t first, std::int64_t count, const Offer *entry,
                         const Offer *price, std::int32_t *scratch);
  // The blocks of LANES from `first` on, a bit each, that may hold a net value above `best` for left school i (bounds.hpp).
  std::uint32_t (*promising)(const Terms &, const Boxes &, std::int64_t i, std::int64_t first, const Offer *entry,
                             const Offer *price, Offer best);
};

// A block of right schools, and how they rank left school i: by the points of the pair, by a number of i's own, or by a
// key that each has for it (FORBIDDEN: never). Of equal keys the left school with the lower number goes first.
struct Rivals {
  enum By { POINTS, OWN, KEY } by;
  std::int32_t own;
  const std::int32_t *key;
  const std::int32_t *worst, *holder;  // key and left school of the last pair that each right school keeps
};

struct Kernels {
  const char *name;
  Loops<std::int32_t> narrow;
  Loops<std::int64_t> wide;
  // The points of left school i with right school j, whose table entry is `base`.
  std::int32_t (*points)(const Terms &, std::int64_t i, std::int64_t j, std::int32_t base);
  // The table's entries for `count` right schools of these classes.
  void (*entries)(const std::int32_t *table_row, const std::int32_t *right_class, std::int64_t count, std::int32_t *out);
  // Adds the numeric points of left school i and right school first + k, where entry[k] is not FORBIDDEN.
  void (*add_points)(const Terms &, std::int64_t i, std::int64_t first, std::int64_t count, std::int32_t *entry,
                     std::int32_t *scratch);
  // How many of these pairs block: they are worth more than `limit` to i, and i is ranked above the last that is kept.
  std::int64_t (*blocking)(const Terms &, std::int64_t i, std::int64_t first, std::int64_t count,
                           const std::int32_t *entry, std::int32_t limit, const Rivals &, std::int32_t *scratch);
  // The same for pairs in which i is ranked below it: nearest[k] becomes the highest (key, -i) of these, packed.
  void (*nearest)(const Terms &, std::int64_t i, std::int64_t first, std::int64_t count, const std::int32_t *entry,
                  std::int32_t limit, const Rivals &, std::int32_t *scratch, std::int64_t *nearest);
};

namespace portable {
extern const Kernels check_kernels;
}
#ifdef TM_X86
namespace avx2 {
extern const Kernels check_kernels;
}
namespace avx512 {
extern const Kernels check_kernels;
}
#endif

}  // namespace twin
