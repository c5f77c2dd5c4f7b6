// What sums over a grid read and write (grid.inl), and their instances per instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "fft.h"
#include "lanes.h"

namespace spasne {

/// The orders of splines that there are kernels for: with one charge (a row of eight nodes is one vector), and with
/// many, on narrow and on wide maps.
constexpr int REPULSION_ORDER = 8, CHARGE_ORDER = 4, WIDE_CHARGE_ORDER = 6;

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

/// Points and their charges by point, [point * n_charges + c]; a: of the weights w in grid_sums.h.
struct ChargedPoints {
  const double* Y;
  const float* charges;
  double a;
  CellOrderView cells;
};

/// Potentials at the nodes, of each charge as they differ from `reference` (one for each charge): slopes are small
/// differences of large numbers.
struct PotentialView {
  const float* nodes;
  const float* reference;
};

/// What is gathered of many charges; either may be null.
struct ChargeSums {
  double* force;
  double* value;
};

/// What is gathered of the repulsion: its potential at the nodes, the number of points on the grid; either of Z and
/// repulsion may be null.
struct RepulsionView {
  const double* Y;
  const double* nodes;
  double number;
  double* Z;
  double* repulsion;
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

/// Even real sequences in a table, by their first halves, whose elements lie `stride` apart.
struct EvenSequences {
  double* table;
  size_t n_sequences, stride;
};

/// The kernels of one order and many charges; points are taken in the order of their cells, but by find_cells.
struct ChargeKernels {
  void (*find_cells)(const GridView&, const double* Y, size_t begin, size_t end, uint32_t* cell);
  void (*spread)(const GridView&, const ChargedPoints&, size_t begin, size_t end, double* nodes);
  void (*gather)(const GridView&, const ChargedPoints&, const PotentialView&, size_t begin, size_t end,
                 const ChargeSums& out);
};

/// Arrays by dimension: [dimensions - 1].
struct GridKernels {
  void (*spread_points[3])(const GridView&, const double* Y, size_t begin, size_t end, double* nodes);
  void (*gather_repulsion[3])(const GridView&, const RepulsionView&, size_t begin, size_t end);
  ChargeKernels charges[3], wide_charges[3];
  void (*far_sums[3])(const FarView&, size_t begin, size_t end, double* far_sums);
  void (*add_grids)(double* grids, size_t n_grids, size_t stride, size_t begin, size_t end);
  void (*transform_columns)(const ConvolutionView&, size_t group, double* scratch);
  void (*restore_columns)(const ConvolutionView&, size_t group, double* scratch);
  void (*multiply_columns)(const ConvolutionView&, size_t group);
  void (*transform_middle)(const ConvolutionView&, size_t k, bool inverse, double* scratch);
  void (*convolve_line)(const ConvolutionView&, size_t line, double* scratch);
  void (*convolve_line_block)(const ConvolutionView&, size_t block, double* scratch);
  void (*transform_even)(const FftView&, const EvenSequences&, size_t batch, double* scratch);
};

}  // namespace spasne

SPASNE_KERNEL_TABLE(GridKernels, grid_kernels)

#define SPASNE_KERNELS "grid.inl"
#include "for_each_isa.inl"
