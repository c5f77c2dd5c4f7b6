// What the last steps tell of the objective's curvature: the limited-memory inverse Hessian of L-BFGS (Nocedal,
// Math. Comp. 35 (1980) 773-782), as a product with a gradient.
//
//   H+ = (I - r s y^T) H (I - r y s^T) + r s s^T,   r = 1 / y.s,   s: step, y: change of the gradient,
//
// applied for the last MEMORY pairs to H = (s.y / y.M y) M of the newest; M is the identity, or whatever approximates
// the inverse Hessian (preconditioner.h). M need not be at hand: products with it are linear, so those with the
// gradients are enough.
#pragma once

#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

#include "aligned.h"
#include "long_vectors.h"

namespace spasne {

class InverseHessian {
 public:
  explicit InverseHessian(LongVectors& vectors) : vectors_(vectors) {}

  bool knows_nothing() const { return n_pairs_ == 0; }

  void forget() { n_pairs_ = 0; }

  /// Takes a pair whose curvature y.s is positive, and leaves out others; reuses the memory of the oldest pair.
  /// M_change: M times the change; null where M is the identity.
  void learn(const AlignedVector& step, const AlignedVector& change, const AlignedVector* M_change = nullptr) {
    constexpr double FLAT = 1e-10;  // of |s| |y|: what is left of a smaller curvature is rounding
    const double curvature = vectors_.dot(step, change), change2 = vectors_.dot(change, change);
    if (!(curvature > FLAT * std::sqrt(vectors_.dot(step, step) * change2))) return;
    newest_ = (newest_ + 1) % MEMORY;
    if (pairs_.size() <= newest_) pairs_.emplace_back();
    Pair& pair = pairs_[newest_];
    vectors_.copy(pair.step, step);
    vectors_.copy(pair.change, change);
    if (M_change) vectors_.copy(pair.M_change, *M_change);
    pair.curvature = curvature;
    scale_ = curvature / (M_change ? vectors_.dot(change, *M_change) : change2);
    if (n_pairs_ < MEMORY) ++n_pairs_;
  }

  /// vector = H vector, in the two loops of Nocedal's paper. M_vector: M times it, which is used up; null where M is
  /// the identity.
  void apply(AlignedVector& vector, AlignedVector* M_vector = nullptr) {
    double weight[MEMORY];
    for (size_t age = 0; age < n_pairs_; ++age) {
      const Pair& pair = pair_of(age);
      weight[age] = vectors_.dot(pair.step, vector) / pair.curvature;
      vectors_.add(vector, -weight[age], pair.change);
      if (M_vector) vectors_.add(*M_vector, -weight[age], pair.M_change);
    }
    vectors_.scale(vector, scale_, M_vector ? *M_vector : vector);
    for (size_t age = n_pairs_; age-- > 0;) {
      const Pair& pair = pair_of(age);
      vectors_.add(vector, weight[age] - vectors_.dot(pair.change, vector) / pair.curvature, pair.step);
    }
  }

 private:
  static constexpr size_t MEMORY = 10;  // 20 pairs are no better (benchmarks/README.md)

  struct Pair {
    AlignedVector step, change, M_change;
    double curvature = 1;
  };

  const Pair& pair_of(size_t age) const { return pairs_[(newest_ + MEMORY - age) % MEMORY]; }

  size_t n_pairs_ = 0, newest_ = MEMORY - 1;
  double scale_ = 1;
  LongVectors& vectors_;
  std::vector<Pair> pairs_;
};

}  // namespace spasne
