// What the sums over each point's neighbours read (neighbour_sums.inl), and their instances per instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lanes.h"

namespace spasne {

constexpr size_t READ_BEYOND = 16;  // zeros after the last column and value: rows are read in whole vectors

/// Compressed rows of affinities: those of point i are offset[i] .. offset[i+1]-1. Y: by point, Y[point * DIMS + axis].
struct SparseRows {
  const uint64_t* offset;
  const uint32_t* column;
  const float* value;
  const float* Y;
  size_t n_padded;
};

/// [dimensions - 1]; for the points from `begin` up to before `end`.
struct NeighbourKernels {
  void (*forces[3])(const SparseRows&, size_t begin, size_t end, double* force);
  void (*laplacians[3])(const SparseRows&, size_t begin, size_t end, double* out);
  void (*logs[3])(const SparseRows&, size_t begin, size_t end, double* logs);
  void (*entropies)(const SparseRows&, size_t begin, size_t end, double* entropy, double* mass);
};

}  // namespace spasne

SPASNE_KERNEL_TABLE(NeighbourKernels, neighbour_kernels)

#define SPASNE_KERNELS "neighbour_sums.inl"
#include "for_each_isa.inl"
