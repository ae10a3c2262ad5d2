// Sixteen whole numbers side by side, for what plain loops do not say well: which of them exceed a limit, and the largest.
// Included once per instruction set, in the namespace of the kernel.

#pragma once
#if defined(__AVX2__)
#include <immintrin.h>
#endif
#include <cstdint>

namespace twin::TM_LEVEL {

constexpr int WIDE = 16;

// Bit n is set where v[n] > limit.
static inline std::uint32_t exceeding(const std::int32_t *v, std::int32_t limit) {
#if defined(__AVX512F__)
  return _mm512_cmpgt_epi32_mask(_mm512_loadu_si512(v), _mm512_set1_epi32(limit));
#elif defined(__AVX2__)
  const __m256i least = _mm256_set1_epi32(limit), *half = reinterpret_cast<const __m256i *>(v);
  const auto bits = [&](__m256i eight) {
    return std::uint32_t(_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(eight, least))));
  };
  return bits(_mm256_loadu_si256(half)) | bits(_mm256_loadu_si256(half + 1)) << 8;
#else
  std::uint32_t bits = 0;
  for (int n = 0; n < WIDE; ++n) bits |= std::uint32_t(v[n] > limit) << n;
  return bits;
#endif
}

static inline std::int32_t largest(const std::int32_t *v) {
#if defined(__AVX2__)
  const auto *part = reinterpret_cast<const __m128i *>(v);
  __m128i most = _mm_max_epi32(_mm_max_epi32(_mm_loadu_si128(part), _mm_loadu_si128(part + 1)),
                               _mm_max_epi32(_mm_loadu_si128(part + 2), _mm_loadu_si128(part + 3)));
  most = _mm_max_epi32(most, _mm_shuffle_epi32(most, 0x4e));
  most = _mm_max_epi32(most, _mm_shuffle_epi32(most, 0xb1));
  return _mm_cvtsi128_si32(most);
#else
  std::int32_t most = v[0];
  for (int n = 1; n < WIDE; ++n) most = v[n] > most ? v[n] : most;
  return most;
#endif
}

}  // namespace twin::TM_LEVEL
