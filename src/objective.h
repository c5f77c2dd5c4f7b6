// What the optimiser needs of an objective, and what all objectives share.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

namespace spasne {

struct CostParts {
  double total = 0;
  double local = 0, global = 0, space = 0;  // KL(P||Q), alpha KL(Pg||Qg), beta KL(Ps||Qs)
};

/// Which of the global terms have weight, in any of the runs that share something.
struct UsedTerms {
  bool expression, space;
};

/// Maps are stored by axis: Y[axis * n_padded + point], n_padded = n rounded up to LANES.
class Objective {
 public:
  virtual ~Objective() = default;

  /// Whether the sums are as accurate for a map this wide as they are said to be.
  virtual bool resolves(const double*) { return true; }

  /// Multiplies P in the gradient from now on.
  virtual void exaggerate(double factor) = 0;

  /// gradient[axis * n_padded + point] = dC/dy / 4, the published convention.
  virtual void gradient(const double* Y, double* gradient) = 0;

  /// Whether `precondition` is there.
  virtual bool has_preconditioner() const { return false; }

  /// out = M gradient, M positive definite and near the inverse of the Hessian where attraction decides it.
  virtual void precondition(const double*, double*) {}

  /// The error of the sums over pairs that are not taken exactly, as a share of their length; NAN where it is not
  /// known.
  virtual double error_of_sums(const double*) { return NAN; }

  /// The cost with P as it is (never exaggerated). shares: each point's part (n long), or null where the total is all
  /// that is asked for.
  virtual CostParts cost(const double* Y, std::vector<double>* shares) = 0;
};

/// Sum of 1 + sigma^2 d^2 over all pairs of a map, in closed form,
/// N (N-1) + sigma^2 (2 N sum |y|^2 - 2 |sum y|^2), and the sums of each coordinate.
struct GlobalSum {
  double Z = 0;
  double axis_sum[3] = {0, 0, 0};
};

inline GlobalSum global_sum(const double* Y, size_t n_points, size_t n_padded, size_t n_dims, double scale2) {
  GlobalSum g;
  const double n = static_cast<double>(n_points);
  double squares = 0, squared_sums = 0;
  for (size_t axis = 0; axis < n_dims; ++axis) {
    const double* y = Y + axis * n_padded;
    for (size_t i = 0; i < n_points; ++i) {
      g.axis_sum[axis] += y[i];
      squares += y[i] * y[i];
    }
    squared_sums += g.axis_sum[axis] * g.axis_sum[axis];
  }
  g.Z = n * (n - 1) + scale2 * (2 * n * squares - 2 * squared_sums);
  return g;
}

}  // namespace spasne
