// Plans of the fast Fourier transforms of kernels/fft.inl: sizes 2^a 3^b, eight transforms at once.
#pragma once

#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "kernels/fft.h"

namespace spasne {

class FftPlan {
 public:
  FftPlan() = default;

  /// Throws invalid_argument unless n = 2^a 3^b.
  explicit FftPlan(size_t n) : n_(n), roots_(2 * n) {
    size_t rest = n;
    for (const size_t radix : {size_t{4}, size_t{2}, size_t{3}})
      for (; rest > 0 && rest % radix == 0; rest /= radix) radices_.push_back(radix);
    if (rest != 1) throw std::invalid_argument("expected a transform of size 2^a 3^b, found " + std::to_string(n));
    for (size_t k = 0; k < n; ++k) {
      const double angle = 2 * std::acos(-1.0) * static_cast<double>(k) / static_cast<double>(n);
      roots_[2 * k] = std::cos(angle);
      roots_[2 * k + 1] = -std::sin(angle);
    }
  }

  size_t size() const { return n_; }
  FftView view() const { return {n_, radices_.size(), radices_.data(), roots_.data()}; }

 private:
  size_t n_ = 0;
  std::vector<size_t> radices_;
  std::vector<double> roots_;
};

/// The smallest even size 2^a 3^b that is at least n.
inline size_t fast_even_size(size_t n) {
  size_t best = 2;
  while (best < n) best *= 2;
  for (size_t threes = 3; 2 * threes <= best; threes *= 3) {
    size_t size = 2 * threes;
    while (size < n) size *= 2;
    if (size < best) best = size;
  }
  return best;
}

}  // namespace spasne
