// Values of all points from those of some, a sample: an affine function of columns that all points have, and what
// neighbours deviate from it.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "rows.h"
#include "sparse_affinities.h"
#include "threads.h"

namespace spasne {

constexpr int SWEEPS = 5;  // over the neighbours: the first reach beyond the sample, the others make smooth

namespace detail {

/// A function of all points, fitted to values at some of them.
class AffineFit {
 public:
  AffineFit(size_t n_points, const std::vector<size_t>& places, const std::vector<double>& rows)
      : n_dims_(rows.size() / places.size()), places_(places), rows_(rows), fitted_(n_points * n_dims_, 0.0) {
    add(std::vector<double>(n_points, 1.0));
  }

  /// Takes a column into the fit: what of it is orthogonal, over the sample, to all before it.
  void add(std::vector<double> column) {
    const double before = dot(column, column);
    for (const std::vector<double>& other : columns_) {
      const double share = dot(column, other) / dot(other, other);
      for (size_t i = 0; i < column.size(); ++i) column[i] -= share * other[i];
    }
    const double norm2 = dot(column, column);
    constexpr double DEPENDENT = 1e-12;
    if (!(norm2 > DEPENDENT * before)) return;
    for (size_t axis = 0; axis < n_dims_; ++axis) {
      double slope = 0;
      for (size_t s = 0; s < places_.size(); ++s) slope += rows_[s * n_dims_ + axis] * column[places_[s]];
      for (size_t i = 0; i < column.size(); ++i) fitted_[i * n_dims_ + axis] += slope / norm2 * column[i];
    }
    columns_.push_back(std::move(column));
  }

  void add_columns(const Rows& rows) {
    for (size_t k = 0; k < rows.n_columns; ++k) {
      std::vector<double> column(rows.n);
      for (size_t i = 0; i < rows.n; ++i) column[i] = rows[i][k];
      add(std::move(column));
    }
  }

  const std::vector<double>& fitted() const { return fitted_; }

 private:
  /// Over the sample.
  double dot(const std::vector<double>& a, const std::vector<double>& b) const {
    double sum = 0;
    for (const size_t place : places_) sum += a[place] * b[place];
    return sum;
  }

  size_t n_dims_;
  const std::vector<size_t>& places_;
  const std::vector<double>& rows_;
  std::vector<double> fitted_;
  std::vector<std::vector<double>> columns_;
};

/// Calls body(i) for each of n points.
template <class Body>
void for_each_point(size_t n, ThreadPool& pool, const Body& body) {
  pool.for_each_range(n, AFFINITY_GRAIN, [&](size_t first, size_t last) {
    for (size_t i = first; i < last; ++i) body(i);
  });
}

/// Values of all points from those of some, which stay: the mean over neighbours whose own is known, sweep after sweep;
/// 0 where no neighbour's is.
inline std::vector<double> spread_over_neighbours(const SparseAffinities& P, const std::vector<size_t>& places,
                                                  const std::vector<double>& values, size_t d, ThreadPool& pool) {
  std::vector<double> now(P.n_points * d, 0.0), next;
  std::vector<char> given(P.n_points, 0), known, known_next;
  for (size_t s = 0; s < places.size(); ++s) {
    given[places[s]] = 1;
    std::copy_n(values.data() + s * d, d, now.data() + places[s] * d);
  }
  next = now;
  known = known_next = given;
  for (int sweep = 0; sweep < SWEEPS; ++sweep) {
    for_each_point(P.n_points, pool, [&](size_t i) {
      if (given[i]) return;
      double weight = 0, sum[3] = {};
      for (uint64_t at = P.offset[i]; at < P.offset[i + 1]; ++at) {
        const size_t j = P.column[at];
        if (!known[j]) continue;
        const double p = static_cast<double>(P.value[at]);
        weight += p;
        for (size_t axis = 0; axis < d; ++axis) sum[axis] += p * now[j * d + axis];
      }
      if (!(weight > 0)) return;
      known_next[i] = 1;
      for (size_t axis = 0; axis < d; ++axis) next[i * d + axis] = sum[axis] / weight;
    });
    std::swap(now, next);
    std::swap(known, known_next);
  }
  return now;
}

}  // namespace detail

}  // namespace spasne
