// Half storage of a symmetric matrix, in the order in which the all-pairs kernels read it.
//
// Columns are grouped into panels of 8 (one vector), rows into blocks of 4. Block b holds rows 4b .. 4b+3 and, as
// consecutive tiles double[4][8], the panels b/2 .. n_panels-1: its diagonal panel in full (both triangles), the rest
// once for both (i, j) and (j, i). About N^2 / 2 numbers, 4 N^2 bytes. Points beyond N pad the last panel.
#pragma once

#include <algorithm>
#include <vector>

#include "aligned.h"

namespace spasne {

constexpr size_t BLOCK_ROWS = 4;
constexpr size_t TILE = BLOCK_ROWS * LANES;

struct SymmetricTiles {
  explicit SymmetricTiles(size_t n) : n_points(n), n_panels((n + LANES - 1) / LANES), n_padded(n_panels * LANES) {}

  size_t n_points, n_panels, n_padded;

  size_t n_blocks() const { return 2 * n_panels; }
  size_t diagonal_panel(size_t block) const { return block / 2; }
  size_t tiles_in(size_t block) const { return n_panels - block / 2; }

  /// Index of the first number of a block.
  size_t offset(size_t block) const {
    const size_t p = block / 2;  // sum over the blocks before it of n_panels - b/2
    return TILE * (2 * p * n_panels - (p == 0 ? 0 : p * (p - 1)) + (block % 2) * (n_panels - p));
  }

  size_t size() const { return offset(n_blocks()); }

  /// Index of entry (row, column) where the column's panel is the row's own or a later one.
  size_t index(size_t row, size_t column) const {
    const size_t block = row / BLOCK_ROWS;
    return offset(block) + (column / LANES - diagonal_panel(block)) * TILE + (row % BLOCK_ROWS) * LANES +
           column % LANES;
  }

  /// Cuts the blocks into consecutive chunks of about equal work. Depends on N alone, never on the threads.
  std::vector<size_t> chunk_bounds() const {
    const size_t n_chunks = std::min<size_t>(64, std::max<size_t>(1, n_points / 64));
    std::vector<size_t> bounds{0};
    const size_t total = size();
    for (size_t block = 1; block < n_blocks(); ++block)
      if (offset(block) >= total / n_chunks * bounds.size()) bounds.push_back(block);
    bounds.push_back(n_blocks());
    return bounds;
  }
};

}  // namespace spasne
