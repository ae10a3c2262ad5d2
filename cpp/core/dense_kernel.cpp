// The loops of dense.hpp, compiled once per instruction set. Plain loops over raw pointers only (see CMakeLists.txt).

#include "core/dense.hpp"

namespace twin::TM_LEVEL {

template <class T>
static void maxima(const T *points, const std::int64_t *price, std::int64_t count, std::int64_t segment,
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

template <class T>
static void relax(const T *__restrict points, const std::int64_t *__restrict price, std::int64_t base, std::int64_t row,
                  std::int64_t count, std::int64_t segment, std::int64_t *__restrict distance,
                  std::int64_t *__restrict via, std::int64_t *__restrict out) {
  for (; count > 0; points += segment, price += segment, distance += segment, via += segment, count -= segment, out += LANES) {
    std::int64_t least[LANES];
    for (std::int64_t g = 0; g < LANES; ++g) least[g] = INT64_MAX;
    const std::int64_t length = count < segment ? count : segment;
    std::int64_t n = 0;
    for (; n + LANES <= length; n += LANES)
      for (std::int64_t g = 0; g < LANES; ++g) {
        const std::int64_t here = base + price[n + g] - points[n + g], old = distance[n + g];
        const std::int64_t now = here < old ? here : old;
        via[n + g] = here < old ? row : via[n + g];
        distance[n + g] = now;
        least[g] = now < least[g] ? now : least[g];
      }
    for (std::int64_t g = 0; n + g < length; ++g) {
      const std::int64_t here = base + price[n + g] - points[n + g], old = distance[n + g];
      const std::int64_t now = here < old ? here : old;
      via[n + g] = here < old ? row : via[n + g];
      distance[n + g] = now;
      least[g] = now < least[g] ? now : least[g];
    }
    for (std::int64_t g = 0; g < LANES; ++g) out[g] = least[g];
  }
}

template <class T>
static std::int64_t survey(const T *__restrict points, std::int64_t count, std::int64_t *__restrict most,
                           std::int64_t *__restrict sum) {
  std::int64_t row = 0;
  for (std::int64_t j = 0; j < count; ++j) {
    const std::int64_t here = points[j];
    most[j] = here > most[j] ? here : most[j];
    sum[j] += here;
    row += here;
  }
  return row;
}

extern const DenseKernels dense_kernels;
const DenseKernels dense_kernels{{maxima<std::int32_t>, relax<std::int32_t>, survey<std::int32_t>},
                                 {maxima<std::int64_t>, relax<std::int64_t>, survey<std::int64_t>}};

}  // namespace twin::TM_LEVEL
