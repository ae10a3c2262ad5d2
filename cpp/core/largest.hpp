// The largest matching of an explicit graph, points aside, and the set of left nodes that proves it.
//
// Problem     Give as many left nodes as possible a place at one of their right nodes; right node j has capacity_j places.
// Idea        Hopcroft and Karp: in phases, all shortest augmenting paths at once. A phase lays out levels from the left
//             nodes without a place (breadth first), then walks down the levels (depth first), each arc once.
// Why it is right   At the end no augmenting path is left. The left nodes that those without a place still reach over
//             alternating paths form a set S; all places of their partners N(S) are taken, by nodes of S. So
//             |S| - capacity(N(S)) nodes of S must stay without, whoever matches.
// Cost        O(arcs * sqrt(left nodes)), rarely more than ten phases.
// Traps       Depth first without a stack of one's own overflows the stack on long paths; a slot is looked at by one
//             path of a phase only, or the phase is no longer linear.
// References  J. Hopcroft and R. Karp, SIAM J. Comput. 2 (1973); A. Schrijver, "Combinatorial Optimization", ch. 16 and 21.

#pragma once
#include <vector>

#include "core/oracle.hpp"

namespace twin {

struct Largest {
  std::vector<std::int64_t> mate;              // of each left node, -1: none
  std::vector<std::uint8_t> left, right;       // reached from a left node that wants a place and has none
};

// Left nodes with wanted[i] == 0 keep what `mate` gives them, and get nothing new.
Largest largest_matching(const std::int64_t *offset, const std::int32_t *item, std::int64_t num_left,
                         std::int64_t num_right, const std::int64_t *capacity, const std::uint8_t *wanted,
                         const std::int64_t *mate, Flag flag);

}  // namespace twin
