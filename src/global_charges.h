// Global and spatial affinities without their N^2 numbers.
//
// With |xi - xj|^2 = |xi|^2 + |xj|^2 - 2 xi.xj the weighted affinities alpha Pg + beta Ps of a pair are
//   G_ij = a + u_i + u_j - sum_k q_ik q_jk,
//   a = alpha / Zx + beta c / Zs,   u_i = alpha |xi|^2 / Zx + beta |si|^2 / Zs,
//   q_i = (sqrt(2 alpha / Zx) xi, sqrt(2 beta / Zs) si),
// so sums over j of G_ij times a kernel are kernel sums with the charges 1, u_j and the q_jk. All columns of X enter
// the products: near the minimum Pg and Qg pull against each other, and leaving out those of least variance shows in
// what is left (benchmarks/README.md).
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>
#include <utility>
#include <vector>

#include "affinities.h"
#include "neighbours.h"
#include "simd.h"
#include "threads.h"

namespace spasne {

constexpr double SAMPLED_PAIRS = 2e6;  // for the entropies of Pg and Ps, which need every pair's distance

struct GlobalCharges {
  size_t n_points = 0, n_charges = 1;  // n_charges: 1 without global terms, else a multiple of LANES
  AlignedFloats charges;               // n_points x n_charges: 1, u, q..., 0 ...
  double constant = 0;                 // a
  // Per point, of alpha Pg and of beta Ps: the sum over j, and sampled, of p ln p.
  std::vector<double> global_mass, global_entropy, space_mass, space_entropy;
};

namespace detail {

inline double squared_norm(const double* x, size_t D) { return std::inner_product(x, x + D, x, 0.0); }

inline void centre_columns(std::vector<double>& S, size_t n, size_t D) {
  for (size_t k = 0; k < D; ++k) {
    double mean = 0;
    for (size_t i = 0; i < n; ++i) mean += S[i * D + k] / static_cast<double>(n);
    for (size_t i = 0; i < n; ++i) S[i * D + k] -= mean;
  }
}

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

/// Mass and entropy per point of P = (c + d^2) / Z over pairs of rows of X (centred), times `weight`. The masses are
/// exact; of the entropies p ln(p / mean) - (p - mean) is taken from each point's partners, because the sum of p is
/// known and, sampled, would be most of the error.
inline void mass_and_entropy(const std::vector<double>& X, size_t n, size_t D, double c, double Z, double weight,
                             ThreadPool& pool, std::vector<double>& mass, std::vector<double>& entropy) {
  mass.assign(n, 0.0);
  entropy.assign(n, 0.0);
  if (weight == 0) return;
  const double count = static_cast<double>(n), mean = Z / (count * (count - 1));
  double norms = 0;
  for (size_t i = 0; i < n; ++i) norms += squared_norm(X.data() + i * D, D);
  const Partners partners(n, SAMPLED_PAIRS);
  pool.for_each_range(n, 256, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const double* x = X.data() + i * D;
      double logs = 0, met = 0;
      for (size_t t = 0; t < partners.each(); ++t) {
        const size_t j = partners(i, t);
        if (j == i) continue;
        ++met;
        const double p = c + squared_distance(x, X.data() + j * D, D);
        logs += mean - p;
        if (p > 0) logs += p * std::log(p / mean);
      }
      if (met > 0) logs *= (count - 1) / met;
      const double sum = c * (count - 1) + count * squared_norm(x, D) + norms;
      mass[i] = weight * sum / Z;
      entropy[i] = weight * (logs + sum - (count - 1) * mean) / Z - mass[i] * std::log(count * (count - 1));
    }
  });
}

}  // namespace detail

struct ChargeOptions {
  double alpha, beta, space_offset;
};

/// X (n x D) centred and scaled, S (n x n_space) as given.
inline GlobalCharges global_charges(const std::vector<double>& X, size_t D, std::vector<double> S, size_t n_space,
                                    size_t n, const ChargeOptions& o, ThreadPool& pool) {
  GlobalCharges g;
  g.n_points = n;
  detail::centre_columns(S, n, n_space);
  const double Zx = pair_sum(X, n, D, 1), Zs = pair_sum(S, n, n_space, o.space_offset);
  const double weight_x = o.alpha / Zx, weight_s = o.beta > 0 ? o.beta / Zs : 0;
  detail::mass_and_entropy(X, n, D, 1, Zx, o.alpha, pool, g.global_mass, g.global_entropy);
  detail::mass_and_entropy(S, n, n_space, o.space_offset, Zs, o.beta, pool, g.space_mass, g.space_entropy);
  if (o.alpha == 0 && o.beta == 0) {
    g.charges.assign(n, 1.0f);
    return g;
  }
  const size_t n_expression = o.alpha > 0 ? D : 0, n_positions = o.beta > 0 ? n_space : 0;
  g.n_charges = round_up(2 + n_expression + n_positions, LANES);
  g.constant = weight_x + weight_s * o.space_offset;
  g.charges.assign(n * g.n_charges, 0.0f);
  for (size_t i = 0; i < n; ++i) {
    const double* x = X.data() + i * D;
    const double* s = S.data() + i * n_space;
    float* q = g.charges.data() + i * g.n_charges;
    q[0] = 1;
    q[1] = static_cast<float>(weight_x * detail::squared_norm(x, D) + weight_s * detail::squared_norm(s, n_space));
    for (size_t k = 0; k < n_expression; ++k) q[2 + k] = static_cast<float>(std::sqrt(2 * weight_x) * x[k]);
    for (size_t k = 0; k < n_positions; ++k)
      q[2 + n_expression + k] = static_cast<float>(std::sqrt(2 * weight_s) * s[k]);
  }
  return g;
}

}  // namespace spasne
