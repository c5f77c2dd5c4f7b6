// Global and spatial affinities without their N^2 numbers.
//
// With |xi - xj|^2 = |xi|^2 + |xj|^2 - 2 xi.xj the weighted affinities alpha Pg + beta Ps of a pair are
//   G_ij = a + u_i + u_j - sum_k q_ik q_jk,
//   a = alpha / Zx + beta c / Zs,   u_i = alpha |xi|^2 / Zx + beta |si|^2 / Zs,
//   q_i = (sqrt(2 alpha / Zx) xi, sqrt(2 beta / Zs) si),
// so sums over j of G_ij times a kernel are kernel sums with the charges 1, u_j and the q_jk. Norms are exact; of the
// columns of X as many enter the products as the accuracy asks for, those of largest variance first.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "affinities.h"
#include "neighbours.h"
#include "simd.h"
#include "threads.h"

namespace spasne {

constexpr double SAMPLED_PAIRS = 2e6;  // for the entropies of Pg and Ps, which need every pair's distance

struct GlobalCharges {
  size_t n_points = 0, n_charges = 1;  // n_charges: 1 without global terms, else a multiple of LANES
  size_t rank = 0;                     // columns of X in the inner products
  AlignedVector charges;               // n_points x n_charges: 1, u, q..., 0 ...
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

/// Mass and entropy per point of P = (c + d^2) / Z over pairs of rows of X (centred), times `weight`. The masses are
/// exact; the entropies are sums over the pairs (i, i + offset) for offsets spread evenly over 1 .. n-1, all of them if
/// few enough. What is sampled is p ln(p / mean), because the error in a sum of p is multiplied by the logarithm.
inline void mass_and_entropy(const std::vector<double>& X, size_t n, size_t D, double c, double Z, double weight,
                             ThreadPool& pool, std::vector<double>& mass, std::vector<double>& entropy) {
  mass.assign(n, 0.0);
  entropy.assign(n, 0.0);
  if (weight == 0) return;
  const double count = static_cast<double>(n), mean = Z / (count * (count - 1));
  double norms = 0;
  for (size_t i = 0; i < n; ++i) norms += squared_norm(X.data() + i * D, D);
  const size_t n_offsets = std::min(n - 1, std::max<size_t>(1, static_cast<size_t>(SAMPLED_PAIRS / count)));
  const double spacing = (count - 1) / static_cast<double>(n_offsets);
  pool.for_each_range(n, 256, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const double* x = X.data() + i * D;
      double logs = 0;
      for (size_t t = 0; t < n_offsets; ++t) {
        const size_t offset = 1 + static_cast<size_t>(static_cast<double>(t) * spacing);
        const double p = c + squared_distance(x, X.data() + (i + offset) % n * D, D);
        if (p > 0) logs += p * std::log(p / mean);
      }
      mass[i] = weight * (c * (count - 1) + count * squared_norm(x, D) + norms) / Z;
      entropy[i] = weight * logs * spacing / Z - mass[i] * std::log(count * (count - 1));
    }
  });
}

/// Relative errors (L2, over a sample of points) of sum_j Pg_ij K_ij (y_i - y_j) when only the first ranks[c] columns
/// in `order` (ranks ascending) enter the inner products, on the map that the first two of them make.
inline std::vector<double> truncation_errors(const std::vector<double>& X, size_t n, size_t D,
                                             const std::vector<size_t>& order, const std::vector<size_t>& ranks) {
  const size_t SOURCES = 1500, TARGETS = 100, axes = std::min<size_t>(2, D);
  const size_t step = std::max<size_t>(1, n / SOURCES), targets = step * std::max<size_t>(1, n / step / TARGETS);
  double spread = 0, points = 0;
  for (size_t i = 0; i < n; i += step, ++points)
    for (size_t axis = 0; axis < axes; ++axis) spread += X[i * D + order[axis]] * X[i * D + order[axis]];
  const double scale = spread > 0 ? 0.7 / std::sqrt(spread / points) : 1;
  std::vector<double> wrong(ranks.size(), 0.0);
  double all = 0;
  for (size_t i = 0; i < n; i += targets) {
    const double* x = X.data() + i * D;
    std::vector<double> error(2 * ranks.size(), 0.0);
    double force[2] = {0, 0};
    for (size_t j = 0; j < n; j += step) {
      const double* z = X.data() + j * D;
      double pull[2] = {0, 0}, missing = 0;  // pull: K (y_i - y_j)
      for (size_t axis = 0; axis < axes; ++axis) pull[axis] = scale * (x[order[axis]] - z[order[axis]]);
      const double kernel = 1 / (1 + pull[0] * pull[0] + pull[1] * pull[1]);
      const double p = 1 + squared_distance(x, z, D);
      for (size_t axis = 0; axis < 2; ++axis) force[axis] += p * (pull[axis] *= kernel);
      size_t k = D;
      for (size_t c = ranks.size(); c-- > 0;) {
        while (k > ranks[c]) --k, missing += 2 * x[order[k]] * z[order[k]];
        for (size_t axis = 0; axis < 2; ++axis) error[2 * c + axis] += missing * pull[axis];
      }
    }
    for (size_t c = 0; c < ranks.size(); ++c)
      wrong[c] += error[2 * c] * error[2 * c] + error[2 * c + 1] * error[2 * c + 1];
    all += force[0] * force[0] + force[1] * force[1];
  }
  for (double& w : wrong) w = all > 0 ? std::sqrt(w / all) : 0;
  return wrong;
}

inline std::vector<size_t> columns_by_variance(const std::vector<double>& X, size_t n, size_t D) {
  std::vector<double> variance(D, 0.0);
  for (size_t i = 0; i < n; ++i)
    for (size_t k = 0; k < D; ++k) variance[k] += X[i * D + k] * X[i * D + k];
  std::vector<size_t> order(D);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return variance[a] > variance[b]; });
  return order;
}

/// The fewest columns, in steps of LANES, whose truncation error is at most `accuracy`; `taken` charges come besides
/// them.
inline size_t choose_rank(const std::vector<double>& X, size_t n, size_t D, const std::vector<size_t>& order,
                          size_t taken, double accuracy) {
  std::vector<size_t> ranks;
  for (size_t charges = round_up(taken + 2, LANES); charges - taken < D; charges += LANES)
    ranks.push_back(charges - taken);
  const std::vector<double> errors = truncation_errors(X, n, D, order, ranks);
  for (size_t c = 0; c < ranks.size(); ++c)
    if (errors[c] <= accuracy) return ranks[c];
  return D;
}

}  // namespace detail

struct ChargeOptions {
  double alpha, beta, space_offset, accuracy;
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
    g.charges.assign(n, 1.0);
    return g;
  }
  const std::vector<size_t> order = detail::columns_by_variance(X, n, D);
  const size_t n_positions = o.beta > 0 ? n_space : 0;
  if (o.alpha > 0) g.rank = detail::choose_rank(X, n, D, order, 2 + n_positions, o.accuracy);
  g.n_charges = round_up(2 + g.rank + n_positions, LANES);
  g.constant = weight_x + weight_s * o.space_offset;
  g.charges.assign(n * g.n_charges, 0.0);
  for (size_t i = 0; i < n; ++i) {
    const double* x = X.data() + i * D;
    const double* s = S.data() + i * n_space;
    double* q = g.charges.data() + i * g.n_charges;
    q[0] = 1;
    q[1] = weight_x * detail::squared_norm(x, D) + weight_s * detail::squared_norm(s, n_space);
    for (size_t k = 0; k < g.rank; ++k) q[2 + k] = std::sqrt(2 * weight_x) * x[order[k]];
    for (size_t k = 0; k < n_positions; ++k) q[2 + g.rank + k] = std::sqrt(2 * weight_s) * s[k];
  }
  return g;
}

}  // namespace spasne
