// The loop of dense.hpp, compiled once per instruction set. Plain loops over raw pointers only (see CMakeLists.txt).

#include "core/dense.hpp"

namespace twin::TM_LEVEL {

template <class T>
static void group_maxima(const T *points, const std::int64_t *price, std::int64_t count, std::int64_t segment,
                         std::int64_t *out) {
  for (; count > 0; points += segment, price += segment, count -= segment, out += LANES) {
    std::int64_t best[LANES];
    for (std::int64_t g = 0; g < LANES; ++g) best[g] = INT64_MIN;
    const std::int64_t length = count < segment ? count : segment;
    std::int64_t n = 0;
    for (; n + LANES <= length; n += LANES)
      for (std::int64_t g = 0; g < LANES; ++g) {
        const std::int64_t net = points[n + g] - price[n + g];
        best[g] = net > best[g] ? net : best[g];
      }
    for (std::int64_t g = 0; n + g < length; ++g) {
      const std::int64_t net = points[n + g] - price[n + g];
      best[g] = net > best[g] ? net : best[g];
    }
    for (std::int64_t g = 0; g < LANES; ++g) out[g] = best[g];
  }
}

extern const DenseKernels dense_kernels;
const DenseKernels dense_kernels{group_maxima<std::int32_t>, group_maxima<std::int64_t>};

}  // namespace twin::TM_LEVEL
