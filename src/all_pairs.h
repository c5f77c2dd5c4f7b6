// What the all-pairs kernels read and write (all_pairs_kernels.inl), and their instances per instruction set.
#pragma once

#include "simd.h"
#include "symmetric_tiles.h"

namespace spasne {

/// Kinds of row sums taken with the affinities: of P, P ln P, alpha Pg, alpha Pg ln Pg, beta Ps, beta Ps ln Ps.
constexpr size_t AFFINITY_SUMS = 6;

/// Input of affinities_from_distances. Per point (n_padded long): precision, shift and row_factor, with
/// p_(j|i) / 2N = exp(-precision_i (d_ij - shift_i)) row_factor_i.
struct AffinityInput {
  double* matrix;    // tiles: squared expression distances in, P out
  double* weighted;  // tiles: alpha Pg + beta Ps out; null where alpha = beta = 0
  const double* precision;
  const double* shift;
  const double* row_factor;
  double alpha, beta;
  double global_factor;        // 1 / sum of (1 + |xi - xj|^2)
  const double* packed_space;  // positions by panels
  size_t n_space;
  double space_offset;  // c of Ps = (c + |si - sj|^2) / sum
  double space_factor;  // 1 / that sum
};

/// Input of pair_sums.
struct PairSums {
  const double* matrix;
  const double* weighted;
  double exaggeration;
  double scale2;  // sigma^2
  const double* Y;
  double* forces;
};

/// Input of cost_sums.
struct CostInput {
  const double* matrix;
  const double* weighted;
  bool merged;  // matrix holds exaggeration * P - weighted, not P
  double exaggeration;
  double scale2;
  double beta;
  const double* packed_space;
  size_t n_space;
  double space_offset, space_factor;
  const double* Y;
};

}  // namespace spasne

#include "lanes.h"

#define SPASNE_KERNELS "all_pairs_kernels.inl"
#include "for_each_isa.h"
