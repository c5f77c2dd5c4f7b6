// The leading principal axes of X, for starts, by orthogonal iteration.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "rows.h"
#include "threads.h"

namespace spasne {

namespace detail {

constexpr int AXIS_ITERATIONS = 30;
constexpr size_t AXIS_CHUNKS = 32;

/// X^T (X V) for centred X (n x D) and V (d vectors of length D), summed over fixed chunks of rows in order.
inline std::vector<double> covariance_times(const Rows& X, const std::vector<double>& V, ThreadPool& pool) {
  const size_t n = X.n, D = X.n_columns, d = V.size() / D;
  std::vector<std::vector<double>> parts(AXIS_CHUNKS);
  pool.for_each_chunk(AXIS_CHUNKS, [&](size_t chunk) {
    std::vector<double>& part = parts[chunk];
    part.assign(D * d, 0.0);
    for (size_t i = chunk * n / AXIS_CHUNKS; i < (chunk + 1) * n / AXIS_CHUNKS; ++i) {
      const double* x = X[i];
      for (size_t c = 0; c < d; ++c) {
        double score = 0;
        for (size_t k = 0; k < D; ++k) score += x[k] * V[c * D + k];
        for (size_t k = 0; k < D; ++k) part[c * D + k] += score * x[k];
      }
    }
  });
  std::vector<double> out(D * d, 0.0);
  for (const std::vector<double>& part : parts)
    for (size_t k = 0; k < out.size(); ++k) out[k] += part[k];
  return out;
}

/// Gram-Schmidt on the d vectors of length D in V; a vector that vanishes becomes 0.
inline void orthonormalise(std::vector<double>& V, size_t D, size_t d) {
  for (size_t c = 0; c < d; ++c) {
    double* v = V.data() + c * D;
    for (size_t b = 0; b < c; ++b) {
      const double* u = V.data() + b * D;
      const double overlap = std::inner_product(v, v + D, u, 0.0);
      for (size_t k = 0; k < D; ++k) v[k] -= overlap * u[k];
    }
    const double norm = std::sqrt(std::inner_product(v, v + D, v, 0.0));
    for (size_t k = 0; k < D; ++k) v[k] = norm > 1e-300 ? v[k] / norm : 0;
  }
}

}  // namespace detail

/// The d leading principal axes of centred X (n x D), one after another, each D long; 0 where there are fewer.
/// Deterministic; for principal components, whose axes are the columns themselves, those columns.
inline std::vector<double> principal_axes(const Rows& X, size_t d, ThreadPool& pool) {
  const size_t D = X.n_columns;
  std::vector<double> variance(D, 0.0);
  for (size_t i = 0; i < X.n; ++i)
    for (size_t k = 0; k < D; ++k) variance[k] += X[i][k] * X[i][k];
  std::vector<size_t> by_variance(D);
  std::iota(by_variance.begin(), by_variance.end(), size_t{0});
  std::stable_sort(by_variance.begin(), by_variance.end(),
                   [&](size_t a, size_t b) { return variance[a] > variance[b]; });
  std::vector<double> V(D * d, 0.0);
  for (size_t c = 0; c < std::min(d, D); ++c) V[c * D + by_variance[c]] = 1;
  for (int iteration = 0; iteration < detail::AXIS_ITERATIONS; ++iteration) {
    V = detail::covariance_times(X, V, pool);
    detail::orthonormalise(V, D, d);
  }
  return V;
}

/// Scores (n x d, row-major) of centred X (n x D) on its d leading principal axes.
inline std::vector<double> principal_scores(const Rows& X, size_t d, ThreadPool& pool) {
  const std::vector<double> V = principal_axes(X, d, pool);
  std::vector<double> scores(X.n * d, 0.0);
  for (size_t i = 0; i < X.n; ++i)
    for (size_t c = 0; c < d; ++c)
      scores[i * d + c] = std::inner_product(X[i], X[i] + X.n_columns, V.data() + c * X.n_columns, 0.0);
  return scores;
}

}  // namespace spasne
