// What the search for near points reads and writes (candidates.inl), and its instances per instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lanes.h"

namespace spasne {

constexpr size_t POINT_PANEL = 48;      // points side by side in memory
constexpr size_t SUMMED_COLUMNS = 256;  // columns in one chain of additions

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "merged_lanes tells lanes apart by their order in memory");

/// One bit for every two lanes of a panel: as many as fit, for the even and the odd lanes are told apart otherwise.
struct alignas(64) LaneBits {
  int32_t of_lane[POINT_PANEL] = {};
  constexpr LaneBits() {
    for (size_t lane = 0; lane < POINT_PANEL; ++lane) of_lane[lane] = int32_t{1} << lane / 2;
  }
};
constexpr LaneBits LANE_BITS;

/// X centred and divided by its largest number, by panels: packed[(panel * n_columns + column) * POINT_PANEL + lane].
struct PackedPoints {
  const float* packed;
  const float* half_norm;  // infinity for padding
  size_t n_columns;
};

struct Candidate {
  float score;
  uint32_t point;
};

/// The candidates of one point, which is at `x` in single precision, n_columns numbers; those whose score is above the
/// limit have at least k nearer.
struct CandidateRow {
  const float* x;
  size_t point;
  float limit;
  size_t count;
  Candidate* candidates;
};

struct CandidateKernels {
  void (*scan_panel)(const PackedPoints&, size_t panel, CandidateRow* const* rows, size_t n_rows);
};

}  // namespace spasne

SPASNE_KERNEL_TABLE(CandidateKernels, candidate_kernels)

#define SPASNE_KERNELS "candidates.inl"
#include "for_each_isa.inl"
