// One plain pass over all pairs: no tree, no lists, no pruning. It shares with the core the points of a pair only.

#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels.hpp"

namespace twin {

// The loops for "auto", "portable", "avx2" or "avx512". Throws std::invalid_argument where there is none.
const Kernels &kernels_for(const std::string &isa);
std::vector<std::string> instruction_sets();

struct Banned {
  std::int64_t left, right;
  auto operator<=>(const Banned &) const = default;
};

struct Pass {
  const Terms &terms;
  const std::vector<Banned> &banned;  // sorted
  const std::int64_t *right_price;
  const std::uint8_t *witness;
  // Out: best net value of each left school (INT64_MIN where it has no admissible partner), and whether a right school
  // is admissible to some school of the witness.
  std::int64_t *best_net;
  std::uint8_t *reached;
  std::uint8_t *cancel;    // set by anybody, at any time; may be null
  std::int64_t *progress;  // pairs evaluated so far; may be null
};

// Evaluates every pair on `threads` threads. False if it was cancelled, and then the output is worth nothing.
bool run(const Pass &pass, const Kernels &kernels, int threads);

}  // namespace twin
