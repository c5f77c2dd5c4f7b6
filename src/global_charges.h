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

#include <cmath>
#include <vector>

#include "aligned.h"
#include "rows.h"

namespace spasne {

struct GlobalCharges {
  size_t n_charges = 1;   // 1 without global terms, else a multiple of LANES
  AlignedFloats charges;  // n_points x n_charges: 1, u, q..., 0 ...
  double constant = 0;    // a
};

struct ChargeOptions {
  double alpha, beta, space_offset;
};

/// X and S: one row per point, both centred.
inline GlobalCharges global_charges(const Rows& X, const Rows& S, const ChargeOptions& o) {
  const size_t n = S.n, D = X.n_columns, n_space = S.n_columns;
  GlobalCharges g;
  if (o.alpha == 0 && o.beta == 0) {
    g.charges.assign(n, 1.0f);
    return g;
  }
  const double weight_x = o.alpha > 0 ? o.alpha / pair_sum(X, 1) : 0;
  const double weight_s = o.beta > 0 ? o.beta / pair_sum(S, o.space_offset) : 0;
  const size_t n_expression = o.alpha > 0 ? D : 0, n_positions = o.beta > 0 ? n_space : 0;
  g.n_charges = round_up(2 + n_expression + n_positions, LANES);
  g.constant = weight_x + weight_s * o.space_offset;
  g.charges.assign(n * g.n_charges, 0.0f);
  for (size_t i = 0; i < n; ++i) {
    const double* x = X[i];
    const double* s = S[i];
    float* q = g.charges.data() + i * g.n_charges;
    q[0] = 1;
    q[1] = static_cast<float>(weight_x * squared_norm(x, D) + weight_s * squared_norm(s, n_space));
    for (size_t k = 0; k < n_expression; ++k) q[2 + k] = static_cast<float>(std::sqrt(2 * weight_x) * x[k]);
    for (size_t k = 0; k < n_positions; ++k)
      q[2 + n_expression + k] = static_cast<float>(std::sqrt(2 * weight_s) * s[k]);
  }
  return g;
}

}  // namespace spasne
