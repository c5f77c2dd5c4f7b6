// A preconditioner from the affinities: what moves a point also moves its neighbours.
//
// Attraction has the curvature D - P where kernels are near 1, D: the row sums of P. With A = D^-1 P its inverse is
// (I + A + A^2 + ...) D^-1, which is cut after A^2; the weight is that of three steps of Chebyshev's iteration:
//
//   M = (I + 25/13 (A + A^2)) D^-1,
//
// symmetric, and positive definite since eigenvalues of A lie within -1 and 1, where the polynomial is 0.52 or more.
#pragma once

#include <cstddef>
#include <vector>

#include "kernels/neighbour_sums.h"
#include "threads.h"

namespace spasne {

/// M for the rows of P, and their sums (none of them 0). Maps are stored by axis.
class Preconditioner {
 public:
  Preconditioner(const SparseRows& affinities, const std::vector<double>& mass, size_t n_dims, ThreadPool& pool)
      : rows_(affinities),
        mass_(mass),
        n_dims_(n_dims),
        pool_(pool),
        points_(mass.size() * n_dims),
        laplacian_(affinities.n_padded * n_dims) {
    rows_.Y = points_.data();
  }

  Preconditioner(const Preconditioner&) = delete;
  Preconditioner& operator=(const Preconditioner&) = delete;

  /// out = M vector; padding stays 0.
  void apply(const double* vector, double* out) {
    for_each_number([&](size_t i, size_t axis, size_t at) {
      out[at] = vector[at] / mass_[i];
      points_[i * n_dims_ + axis] = static_cast<float>(out[at]);
    });
    for (int power = 1; power <= HIGHEST_POWER; ++power) {
      multiply();
      for_each_number([&](size_t i, size_t axis, size_t at) {
        out[at] += WEIGHT * static_cast<double>(points_[i * n_dims_ + axis]);
      });
    }
  }

 private:
  static constexpr double WEIGHT = 25.0 / 13;
  static constexpr int HIGHEST_POWER = 2;
  static constexpr size_t CHUNK = 1024;  // points per task

  /// points = A points = points - D^-1 (D - P) points
  void multiply() {
    const auto kernel = neighbour_kernels().laplacians[n_dims_ - 1];
    pool_.for_each_range(mass_.size(), CHUNK,
                         [&](size_t begin, size_t end) { kernel(rows_, begin, end, laplacian_.data()); });
    for_each_number([&](size_t i, size_t axis, size_t at) {
      points_[i * n_dims_ + axis] -= static_cast<float>(laplacian_[at] / mass_[i]);
    });
  }

  template <class Body>
  void for_each_number(const Body& body) {
    pool_.for_each_range(mass_.size(), CHUNK, [&](size_t begin, size_t end) {
      for (size_t axis = 0; axis < n_dims_; ++axis)
        for (size_t i = begin; i < end; ++i) body(i, axis, axis * rows_.n_padded + i);
    });
  }

  SparseRows rows_;
  const std::vector<double>& mass_;
  size_t n_dims_;
  ThreadPool& pool_;
  std::vector<float> points_;  // by point
  std::vector<double> laplacian_;
};

}  // namespace spasne
