// Structured input: numbers drawn from the bytes that the fuzzer hands over, and from a stream they seed once they are
// used up, so that a short input makes a whole instance.

#pragma once
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

// A fact that does not hold ends the run, and the fuzzer keeps the input.
#define MUST_HOLD(fact)                                                                  \
  do {                                                                                   \
    if (!(fact)) {                                                                       \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #fact);     \
      std::abort();                                                                      \
    }                                                                                    \
  } while (false)

namespace twin::fuzz {

class Draw {
 public:
  Draw(const std::uint8_t *data, std::size_t size) : bytes_(data, size) { state_ = bytes_.ConsumeIntegral<std::uint32_t>(); }

  // A number from low to high.
  std::int64_t number(std::int64_t low, std::int64_t high) {
    if (bytes_.remaining_bytes() > 0) return bytes_.ConsumeIntegralInRange<std::int64_t>(low, high);
    const std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low) + 1;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + (range == 0 ? next() : next() % range));
  }
  std::int32_t number32(std::int64_t low, std::int64_t high) { return static_cast<std::int32_t>(number(low, high)); }
  bool flip(int one_in = 2) { return number(1, one_in) == 1; }
  // Mostly few, sometimes as many as `high`.
  std::int64_t size(std::int64_t low, std::int64_t few, std::int64_t high) { return number(low, flip(4) ? high : few); }
  // Of a magnitude drawn first, so that small numbers and ties are as common as large ones.
  std::int64_t scale(std::int64_t most) {
    const std::int64_t bits = number(0, 62);
    return bits >= 62 || (std::int64_t{1} << bits) > most ? most : std::int64_t{1} << bits;
  }

 private:
  std::uint64_t next() {  // splitmix64
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  FuzzedDataProvider bytes_;
  std::uint64_t state_ = 0;
};

}  // namespace twin::fuzz
