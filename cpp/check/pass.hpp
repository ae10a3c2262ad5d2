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

// A pair that is worth more than its columns say. The pass sees it like any other, and at the end with what it is worth.
struct Bonus {
  std::int64_t left, right;
  std::int32_t points;
  auto operator<=>(const Bonus &) const = default;
};

struct Pass {
  const Terms &terms;
  const std::vector<Banned> &banned;  // sorted
  const std::vector<Bonus> &bonus;    // sorted, none of them banned
  const std::int64_t *right_price;
  const std::uint8_t *witness;
  // Out: best net value of each left school (INT64_MIN where it has no admissible partner), and whether a right school
  // is admissible to some school of the witness.
  std::int64_t *best_net;
  std::uint8_t *reached;
  std::uint8_t *cancel;    // set by anybody, at any time; may be null
  std::int64_t *progress;  // pairs evaluated so far; may be null
};

// The points of one pair with its bonus; FORBIDDEN where its classes are not admissible.
std::int32_t points_with(const Terms &terms, const Kernels &kernels, const Bonus &pair);

std::int64_t num_left_classes(const Terms &terms);
// Whether 32 bits hold every offer and every sum that the loops make of it.
bool is_narrow(const Pass &pass);
// What pairs with a bonus are worth raises the best net values.
void add_bonus(const Pass &pass, const Kernels &kernels);

// Evaluates every pair on `threads` threads. False if it was cancelled, and then the output is worth nothing.
bool run(const Pass &pass, const Kernels &kernels, int threads);

}  // namespace twin
