// A preconditioner from the affinities: what moves a point also moves its neighbours.
//
// Attraction has the curvature D - P where kernels are near 1, D: the row sums of P. With A = D^-1 P its inverse is
// (I + A + A^2 + ...) D^-1, which is cut after A^2; the weight is that of three steps of Chebyshev's iteration:
//
//   M = (I + 25/13 (A + A^2)) D^-1,
//
// symmetric, and positive definite since eigenvalues of A lie within -1 and 1, where the polynomial is 0.52 or more.
//
// P is here the part of the affinities above half their mean: some third of them, which has most of the weight, is as
// good in descents and less to read.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "kernels/neighbour_sums.h"
#include "sparse_affinities.h"
#include "threads.h"

namespace spasne {

/// Of an affinity that counts, in units of the mean of all.
constexpr double HEAVY = 0.5;

/// The rows of P that an M is made of, and their sums.
struct HeavyAffinities {
  SparseAffinities P;
  std::vector<double> mass, diagonal;  // sums of rows; the same, but of all of a row of which nothing is heavy

  /// mass_of_all: sums of all rows, none of them 0.
  HeavyAffinities(const SparseRows& all, const std::vector<double>& mass_of_all, ThreadPool& pool)
      : mass(mass_of_all.size()), diagonal(mass_of_all) {
    const size_t n = mass.size();
    double total = 0;
    for (const double of_row : mass_of_all) total += of_row;
    const float least = static_cast<float>(HEAVY * total / static_cast<double>(all.offset[n]));
    P.n_points = n;
    P.offset.assign(n + 1, 0);
    for_each_heavy(all, least, pool, [&](size_t i, uint64_t) { ++P.offset[i + 1]; });
    P.make_room();
    std::vector<uint64_t> next(P.offset.begin(), P.offset.end() - 1);
    for_each_heavy(all, least, pool, [&](size_t i, uint64_t at) {
      P.column[next[i]] = all.column[at];
      P.value[next[i]++] = all.value[at];
      mass[i] += static_cast<double>(all.value[at]);
    });
    for (size_t i = 0; i < n; ++i)
      if (mass[i] > 0) diagonal[i] = mass[i];
  }

 private:
  /// Calls body(i, at) for each affinity of row i that is no less than `least`.
  template <class Body>
  void for_each_heavy(const SparseRows& all, float least, ThreadPool& pool, const Body& body) const {
    constexpr size_t GRAIN = 1024;
    pool.for_each_range(mass.size(), GRAIN, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i)
        for (uint64_t at = all.offset[i]; at < all.offset[i + 1]; ++at)
          if (all.value[at] >= least) body(i, at);
    });
  }
};

/// M for the rows of P, and their sums (none of them 0). Maps are stored by axis.
class Preconditioner {
 public:
  Preconditioner(const SparseRows& affinities, const std::vector<double>& mass, size_t n_dims, ThreadPool& pool)
      : heavy_(affinities, mass, pool),
        n_dims_(n_dims),
        n_padded_(affinities.n_padded),
        pool_(pool),
        points_(mass.size() * n_dims),
        product_(mass.size() * n_dims),
        laplacian_(n_padded_ * n_dims) {}

  /// out = M vector; padding stays 0.
  void apply(const double* vector, double* out) {
    pool_.for_each_range(heavy_.mass.size(), CHUNK, [&](size_t begin, size_t end) {
      for_each_number(begin, end, [&](size_t i, size_t axis, size_t at) {
        out[at] = vector[at] / heavy_.diagonal[i];
        points_[i * n_dims_ + axis] = static_cast<float>(out[at]);
      });
    });
    for (int power = 1; power <= HIGHEST_POWER; ++power) {
      multiply(out);
      std::swap(points_, product_);
    }
  }

 private:
  static constexpr double WEIGHT = 25.0 / 13;
  static constexpr int HIGHEST_POWER = 2;
  static constexpr size_t CHUNK = 1024;  // points per task

  /// product = A points, by the kernel's (E - P) points, E: the sums of heavy affinities; out += WEIGHT product.
  void multiply(double* out) {
    const auto kernel = neighbour_kernels().laplacians[n_dims_ - 1];
    const SparseRows rows = heavy_.P.rows(points_.data(), n_padded_);
    pool_.for_each_range(heavy_.mass.size(), CHUNK, [&](size_t begin, size_t end) {
      kernel(rows, begin, end, laplacian_.data());
      for_each_number(begin, end, [&](size_t i, size_t axis, size_t at) {
        const double y = static_cast<double>(points_[i * n_dims_ + axis]);
        const double product = (heavy_.mass[i] * y - laplacian_[at]) / heavy_.diagonal[i];
        product_[i * n_dims_ + axis] = static_cast<float>(product);
        out[at] += WEIGHT * product;
      });
    });
  }

  template <class Body>
  void for_each_number(size_t begin, size_t end, const Body& body) {
    for (size_t axis = 0; axis < n_dims_; ++axis)
      for (size_t i = begin; i < end; ++i) body(i, axis, axis * n_padded_ + i);
  }

  HeavyAffinities heavy_;
  size_t n_dims_, n_padded_;
  ThreadPool& pool_;
  std::vector<float> points_, product_;  // by point
  std::vector<double> laplacian_;
};

}  // namespace spasne
