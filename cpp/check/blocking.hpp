// One plain pass over all pairs that counts those that block.
//
// A pair of a left and a right school blocks a matching where both would rather have each other: the left school has a
// place to give away, or a partner that it likes less, and so has the right one. What a left school may still want is
// the caller's to say: points above `limit`, and of `limit` points a partner before `mate`. So is what a right school
// still keeps: nobody whose key is below `worst`, and of that key only numbers before `holder`. Right schools may keep
// something else from each kind of left schools, as where a quota of that kind is full.
//
// Every pair is evaluated, admissible or not, in the order of pass.cpp; counts are sums and nearest rivals maxima of the
// same integers in any order, so the output does not depend on threads, blocks or instruction sets.

#pragma once

#include <vector>

#include "pass.hpp"

namespace twin {

struct Contest {
  const Terms &terms;                   // without a curve
  const std::vector<Banned> &banned;    // sorted
  const std::int32_t *limit;            // of each left school: INT32_MIN wants anybody, INT32_MAX nobody
  const std::int32_t *mate;             // -1: of equal points, no partner is better
  const std::int32_t *kind;             // of each left school
  const std::int32_t *worst, *holder;   // rows of num_right numbers, one a kind; INT32_MIN keeps anybody, INT32_MAX nobody
  // How right schools rank: by these terms, or by these numbers; by the points of the pair where there are neither.
  const Terms *key_terms;
  const std::vector<Banned> *key_banned;
  const std::int32_t *own;
  // Out: blocking pairs of each left school; and, unless null, the nearest rival of each right school: among left
  // schools that want it and are ranked below the last that it keeps, the highest (key << 32 | ~number).
  std::int64_t *count, *nearest;
  std::uint8_t *cancel;
  std::int64_t *progress;
};

// False if it was cancelled, and then the output is worth nothing.
bool run(const Contest &contest, const Kernels &kernels, int threads);

}  // namespace twin
