// Which parts of a row of points can hold a good partner: the loop over all of them, once per instruction set.

#pragma once
#include <cstdint>

namespace twin {

// A row is cut in segments of right nodes and a segment in LANES groups: group g holds every LANES-th node from the g-th
// on, so that maxima of groups are taken side by side.
constexpr std::int64_t LANES = 32;

// out[s * LANES + g]: the best net value in group g of segment s; the last segment may be short.
template <class T>
using GroupMaxima = void (*)(const T *points, const std::int64_t *price, std::int64_t count, std::int64_t segment,
                             std::int64_t *out);

struct DenseKernels {
  GroupMaxima<std::int32_t> narrow;
  GroupMaxima<std::int64_t> wide;
};

}  // namespace twin
