// What sums over a grid read and write (grid.inl), and their instances per instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fft.h"
#include "lanes.h"

namespace spasne {

/// A grid as spreading and gathering see it. Nodes: [[axis 0] axis 1] last axis, charge.
struct GridView {
  size_t nodes[3];
  size_t n_padded;   // between the axes of Y and of vectors per point
  size_t n_charges;  // 1, or a multiple of LANES
  double origin[3];  // of the first node
  double per_spacing;
  const unsigned char* far;  // points left out, or null
};

/// The points on a grid in the order of their cells; cell[point] is the number of the first node of its stencil.
struct CellOrderView {
  const uint32_t* order;
  const uint32_t* cell;
};

/// A grid as its convolution sees it.
struct ConvolutionView {
  FftView first, half, middle, last;  // along the axes; half: of half the first axis's length
  size_t nodes[3];
  size_t n_last, n_charges;
  size_t n_columns;    // doubles in a row along the first axis
  size_t n_groups;     // spectrum elements in a line along the last axis
  size_t n_lines;      // of the spectrum
  size_t slab;         // spectrum elements per frequency of the first axis
  size_t line_stride;  // of the transform: [line][frequency along the last axis], for one charge the other way round
  double* data;
  double* spectrum;
  const double* transform;
};

/// What direct sums of far points read and write; out: Z, value, repulsion by axis, force by axis, each may be null.
struct FarView {
  const double* Y;
  const float* charges;
  const unsigned char* far;
  const size_t* index;
  size_t n_far, n_padded, n_charges;
  double a, scale2;
  double* out[8];
};

}  // namespace spasne

#define SPASNE_KERNELS "grid.inl"
#include "for_each_isa.inl"
