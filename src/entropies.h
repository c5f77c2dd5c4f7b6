// What the cost needs to know of affinities that do not change.
#pragma once

#include <cstddef>
#include <vector>

namespace spasne {

/// Of affinities P, per point i: sum over j of P_ij, and of P_ij ln P_ij. Empty where a term has no weight.
struct Entropies {
  std::vector<double> mass, entropy;

  /// weight (sum over j of P_ij ln P_ij + P_ij ln Z), the constant part of a divergence; 0 for a term without weight,
  /// even where its sums overflowed.
  double weighted(double weight, size_t i, double log_Z) const {
    return weight > 0 ? weight * (entropy[i] + mass[i] * log_Z) : 0;
  }
};

}  // namespace spasne
