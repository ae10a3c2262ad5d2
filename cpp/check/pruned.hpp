// A pass over all pairs that need not evaluate them all. It shares with the core the points of a pair only; with the plain
// pass, its loops.

#pragma once

#include "pass.hpp"

namespace twin {

struct Pruned {
  const Pass &pass;
  const std::int64_t *floor;  // of each left school: net values up to this need not be found
  // Out: pairs evaluated, and in how many blocks right schools were.
  std::int64_t *evaluated, *blocks;
};

// What the plain pass finds, but that a best net value below the floor of its left school is the floor. False if it was
// cancelled.
bool run(const Pruned &pruned, const Kernels &kernels, int threads);

}  // namespace twin
