// The precision 1/(2 sigma_i^2) of one point's Gaussian, such that its affinities have the wanted perplexity.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>

namespace spasne {

constexpr double ENTROPY_TOLERANCE = 1e-5;  // on |H - ln(perplexity)|, van der Maaten 2014
constexpr int PERPLEXITY_STEPS = 200;

/// p_j = exp(-precision (d_j - shift)) / total
struct RowGaussian {
  double precision = 1, shift = 0, total = 0;
  bool found = false;
};

using RowSums = void (*)(const double*, size_t, double, double, double*);

/// One step of the published bisection. It may leave the positive numbers when no lower bracket is known.
inline double published_step(double precision, bool too_flat, double& lower, double& upper) {
  const double INF = std::numeric_limits<double>::infinity();
  if (too_flat) {
    lower = precision;
    return upper == INF ? precision * 2 : (precision + upper) / 2;
  }
  upper = precision;
  if (lower != -INF) return (precision + lower) / 2;
  if (precision < 0) return precision * 2;
  return precision <= 1 ? -0.5 : precision / 2;
}

/// The same with 0 as lower bracket from the start.
inline double positive_step(double precision, bool too_flat, double& lower, double& upper) {
  if (too_flat) {
    lower = precision;
    return std::isinf(upper) ? precision * 2 : (precision + upper) / 2;
  }
  upper = precision;
  return (precision + std::fmax(lower, 0)) / 2;
}

template <class Step>
RowGaussian bisect(const double* d, size_t n, double perplexity, double shift, RowSums row_sums, Step step) {
  RowGaussian row;
  row.shift = shift;
  double lower = -INFINITY, upper = INFINITY, next = 1;
  for (int i = 0; i < PERPLEXITY_STEPS && !row.found; ++i) {
    row.precision = next;
    double sums[2];
    row_sums(d, n, row.precision, shift, sums);
    row.total = sums[0] + std::numeric_limits<double>::min();  // the diagonal counts as the smallest number
    const double entropy = row.precision * (sums[1] / row.total - shift) + std::log(row.total);
    const double excess = entropy - std::log(perplexity);
    row.found = std::fabs(excess) < ENTROPY_TOLERANCE;
    next = step(row.precision, excess > 0, lower, upper);
  }
  return row;
}

/// d: squared distances to the n other points. Where the published search runs away (sums that overflow or vanish), a
/// search among positive precisions, relative to the nearest neighbour, takes its place.
inline RowGaussian find_precision(const double* d, size_t n, double perplexity, RowSums row_sums) {
  RowGaussian row = bisect(d, n, perplexity, 0, row_sums, published_step);
  if (row.found || (std::isfinite(row.total) && row.total >= 1e-300)) return row;
  double nearest = INFINITY;
  for (size_t j = 0; j < n; ++j) nearest = std::fmin(nearest, d[j]);
  return bisect(d, n, perplexity, nearest, row_sums, positive_step);
}

}  // namespace spasne
