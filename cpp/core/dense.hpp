// Which parts of a row of points hold good partners: the loops over all of a row, once per instruction set.

#pragma once
#include <cstdint>

namespace twin {

// A row is cut in segments of right nodes and a segment in LANES groups: group g holds every LANES-th node from the g-th
// on, so that maxima of groups are taken side by side.
constexpr std::int64_t LANES = 32;

template <class T>
struct RowLoops {
  // out[s * LANES + g]: the best net value in group g of segment s; the last segment may be short.
  void (*maxima)(const T *points, const std::int64_t *price, std::int64_t count, std::int64_t segment, std::int64_t *out);
  // Lowers distance[j] to base + price[j] - points[j] where that is less, with via[j] = row;
  // out: the least distance in each group.
  void (*relax)(const T *points, const std::int64_t *price, std::int64_t base, std::int64_t row, std::int64_t count,
                std::int64_t segment, std::int64_t *distance, std::int64_t *via, std::int64_t *out);
  // Raises most[j] to points[j], adds them to sum[j], and returns the sum of the row.
  std::int64_t (*survey)(const T *points, std::int64_t count, std::int64_t *most, std::int64_t *sum);
};

struct DenseKernels {
  RowLoops<std::int32_t> narrow;
  RowLoops<std::int64_t> wide;
};

}  // namespace twin
