// The random start of the published program: rand() of the GNU C library, written out so that every platform draws
// the same start, and the polar method on top of it.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace spasne {

/// rand() after srand(seed), as glibc computes it: the additive-feedback generator x^31 + x^3 + 1 ("TYPE_3"), whose 34
/// first words come from the minimal standard generator (multiplier 16807 modulo 2^31 - 1) and whose first 310 outputs
/// are dropped. As there, seed 0 is the same stream as seed 1.
class CLibraryRandom {
 public:
  static constexpr double RANGE = 2147483648.0;  // RAND_MAX + 1

  explicit CLibraryRandom(uint32_t seed) {
    int32_t word = static_cast<int32_t>(seed == 0 ? 1 : seed);
    state_[0] = static_cast<uint32_t>(word);
    for (int i = 1; i < DEGREE; ++i) {
      // 16807 * word modulo 2^31 - 1 by Schrage's method, which no product overflows
      const int32_t high = word / 127773, low = word % 127773;
      word = 16807 * low - 2836 * high;
      if (word < 0) word += 2147483647;
      state_[static_cast<size_t>(i)] = static_cast<uint32_t>(word);
    }
    for (int i = 0; i < 10 * DEGREE; ++i) next();
  }

  /// 0 .. 2^31 - 1
  uint32_t next() {
    state_[front_] += state_[rear_];
    const uint32_t value = state_[front_] >> 1;
    front_ = front_ + 1 == DEGREE ? 0 : front_ + 1;
    rear_ = rear_ + 1 == DEGREE ? 0 : rear_ + 1;
    return value;
  }

 private:
  static constexpr int DEGREE = 31, SEPARATION = 3;
  std::array<uint32_t, DEGREE> state_{};
  size_t front_ = SEPARATION, rear_ = 0;
};

/// Standard normal numbers by Marsaglia's polar method; only the first of each pair is used, as published.
inline double standard_normal(CLibraryRandom& random) {
  double x, y, radius;
  do {
    x = 2 * (random.next() / CLibraryRandom::RANGE) - 1;
    y = 2 * (random.next() / CLibraryRandom::RANGE) - 1;
    radius = x * x + y * y;
  } while (radius >= 1 || radius == 0);
  return x * std::sqrt(-2 * std::log(radius) / radius);
}

}  // namespace spasne
