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

/// Points rounded to bytes: column c of a point is step * (byte - CODE_OF_0). By panels, four columns at a time:
/// packed[((panel * n_words + word) * POINT_PANEL + lane) * 4 + byte].
struct PackedCodes {
  const uint8_t* packed;
  const float *half_norm, *step;  // half_norm: infinity for padding
  size_t n_words;
};
constexpr int CODE_OF_0 = 128, LARGEST_CODE = 127;  // of a point; above and below CODE_OF_0

/// Another one, to be compared with those: column c is step * (signed byte), four columns to a word.
struct RowCodes {
  const int32_t* words = nullptr;
  int32_t offset = 0;         // of sums of products with bytes of points, whose 0 is CODE_OF_0
  float step = 0, error = 0;  // error: what rounding adds to a half squared distance, on average
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
  RowCodes codes = {};
};

struct CandidateKernels {
  void (*scan_panel)(const PackedPoints&, size_t panel, CandidateRow* const* rows, size_t n_rows);
  /// Null where the processor has no sums of products of bytes.
  void (*scan_codes)(const PackedCodes&, size_t panel, CandidateRow* const* rows, size_t n_rows);
  int largest_row_code;
};

}  // namespace spasne

SPASNE_KERNEL_TABLE(CandidateKernels, candidate_kernels)

#define SPASNE_KERNELS "candidates.inl"
#include "for_each_isa.inl"
