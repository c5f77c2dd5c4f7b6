// Entropies of Pg and Ps, point by point: over all pairs where points are few, over a sample of them above.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "entropies.h"
#include "rows.h"
#include "threads.h"

namespace spasne {

constexpr double SAMPLED_PAIRS = 2e6;

/// Whether points are so few that entropies are taken over all their pairs.
inline bool takes_all_pairs(size_t n) { return SAMPLED_PAIRS / static_cast<double>(n) >= static_cast<double>(n - 1); }

namespace detail {

inline size_t common_divisor(size_t a, size_t b) {
  while (b != 0) std::swap(a %= b, b);
  return a;
}

/// Partners of every point: j = factor i + shift modulo n, for as many (factor, shift) as there are partners each.
/// Factors have no divisor in common with n, so that each point is a partner as often as it has one; they are drawn at
/// random, because the order of points is not. All points are partners of each if there are few.
class Partners {
 public:
  Partners(size_t n, double most_pairs) : n_(n) {
    const size_t each = std::max<size_t>(1, static_cast<size_t>(most_pairs / static_cast<double>(n)));
    if (each >= n - 1) {
      for (size_t shift = 1; shift < n; ++shift) maps_.push_back({1, shift});
      return;
    }
    std::mt19937_64 random;
    while (maps_.size() < each) {
      const size_t factor = 1 + random() % (n - 1);
      if (common_divisor(factor, n) == 1 && factor != 1) maps_.push_back({factor, random() % n});
    }
  }

  size_t each() const { return maps_.size(); }
  size_t operator()(size_t i, size_t t) const { return (maps_[t].factor * i + maps_[t].shift) % n_; }

 private:
  struct Map {
    size_t factor, shift;
  };
  size_t n_;
  std::vector<Map> maps_;
};

}  // namespace detail

/// Of P = (c + d^2) / Z over pairs of rows of X, which is centred. The masses are exact; of the entropies
/// p ln(p / mean) - (p - mean) is taken from each point's partners, because the sum of p is known and, sampled, would
/// be most of the error.
inline Entropies pair_entropies(const Rows& X, double c, ThreadPool& pool) {
  const size_t n = X.n, D = X.n_columns;
  Entropies of{std::vector<double>(n, 0.0), std::vector<double>(n, 0.0)};
  const double count = static_cast<double>(n), Z = pair_sum(X, c), mean = Z / (count * (count - 1));
  double norms = 0;
  for (size_t i = 0; i < n; ++i) norms += squared_norm(X[i], D);
  const detail::Partners partners(n, SAMPLED_PAIRS);
  pool.for_each_range(n, 256, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const double* x = X[i];
      double logs = 0, met = 0;
      for (size_t t = 0; t < partners.each(); ++t) {
        const size_t j = partners(i, t);
        if (j == i) continue;
        ++met;
        const double p = c + squared_distance(x, X[j], D);
        logs += mean - p;
        if (p > 0) logs += p * std::log(p / mean);
      }
      if (met > 0) logs *= (count - 1) / met;
      const double sum = c * (count - 1) + count * squared_norm(x, D) + norms;
      of.mass[i] = sum / Z;
      of.entropy[i] = (logs + sum - (count - 1) * mean) / Z - of.mass[i] * std::log(count * (count - 1));
    }
  });
  return of;
}

}  // namespace spasne
