// What the all-pairs kernels read and write (all_pairs.inl), and their instances per instruction set.
#pragma once

#include <cstddef>

#include "../symmetric_tiles.h"
#include "lanes.h"

namespace spasne {

/// Kinds of row sums taken with the affinities: of P, P ln P, Pg, Pg ln Pg, Ps, Ps ln Ps.
constexpr size_t AFFINITY_SUMS = 6;

/// Ps = (c + |si - sj|^2) / sum, computed where it is needed; 0 for points of different sections.
struct SpaceInput {
  const double* packed;  // positions by panels
  size_t n_columns;
  double offset;          // c
  double factor;          // 1 / sum
  const double* section;  // of each point (n_padded long); null: one section
};

/// Input of affinities_from_distances. Per point (n_padded long): precision, shift and row_factor, with
/// p_(j|i) / 2N = exp(-precision_i (d_ij - shift_i)) row_factor_i.
struct AffinityInput {
  double* local;   // tiles: squared expression distances in, P out
  double* global;  // tiles: Pg out; null where neither Pg nor Ps is needed
  const double* precision;
  const double* shift;
  const double* row_factor;
  double global_factor;  // 1 / sum of (1 + |xi - xj|^2)
  SpaceInput space;
};

/// What the global terms subtract from P: alpha Pg + beta Ps.
struct GlobalWeights {
  const double* global;  // tiles: Pg; null where alpha = beta = 0
  double alpha, beta;
  SpaceInput space;
};

/// Input of merge_weights.
struct MergeInput {
  const double* from;  // tiles: P (before = 1, merged false) or W at the exaggeration `before`
  double* to;          // tiles: W; may be `from`
  bool merged;
  double before, exaggeration;
  GlobalWeights weights;
};

/// Input of pair_sums.
struct PairSums {
  const double* matrix;   // tiles: W or, where sigma differs from 1, P
  GlobalWeights weights;  // where sigma differs from 1
  double exaggeration;
  double scale2;  // sigma^2
  const double* Y;
  double* forces;
};

/// Input of cost_sums.
struct CostInput {
  const double* matrix;
  GlobalWeights weights;
  bool merged;  // matrix holds W = exaggeration * P - alpha Pg - beta Ps, not P
  double exaggeration;
  double scale2;
  const double* Y;
};

/// Tiles are taken by blocks: those from `first` up to before `last`.
struct AllPairsKernels {
  void (*squared_distances)(const SymmetricTiles&, const double* packed, size_t n_columns, size_t first, size_t last,
                            double* matrix);
  void (*gaussian_row_sums)(const double* squared_distance, size_t n, double precision, double shift, double* out);
  void (*affinities_from_distances)(const SymmetricTiles&, const AffinityInput&, size_t first, size_t last,
                                    double* sums);
  void (*merge_weights)(const SymmetricTiles&, const MergeInput&, size_t first, size_t last);
  double (*pair_sums[3][2][2])(const SymmetricTiles&, const PairSums&, size_t first,
                               size_t last);  // [dimensions - 1][repulsion][scaled]
  void (*cost_sums[3])(const SymmetricTiles&, const CostInput&, size_t first, size_t last, double* shares,
                       double* totals);
};

}  // namespace spasne

SPASNE_KERNEL_TABLE(AllPairsKernels, all_pairs_kernels)

#define SPASNE_KERNELS "all_pairs.inl"
#include "for_each_isa.inl"
