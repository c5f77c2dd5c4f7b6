// The space-partitioning tree of Barnes-Hut t-SNE (quadtree, octree) over the points of a map.
//
// van der Maaten, Accelerating t-SNE using Tree-Based Algorithms, JMLR 15 (2014).
#pragma once

#include <cstddef>
#include <vector>

#include "src/aligned.h"
#include "src/threads.h"

namespace spasne {

struct TreeNode;  // src/kernels/tree.h

/// What the tree yields per point, K = 1/(1 + d^2): sums over cells of n K^2 (y_i - com), n K and n (1 + sigma^2 d^2).
struct TreeSums {
  AlignedVector force;              // [axis * n_padded + point]
  AlignedVector Z_local, Z_global;  // [place in tree order]; only their totals are of use
  AlignedVector scratch;            // force in tree order
};

/// Rebuilt for every map without allocating, after the first.
class SpTree {
 public:
  SpTree(size_t n_points, int no_dims, double theta);
  ~SpTree();

  /// Y[axis * n_padded + point], n_padded = n_points rounded up to LANES.
  void build(const double* Y);

  /// Sums over the tree for each point; a cell is summarised when it is a leaf or half-width / distance < theta.
  void sum(double scale2, ThreadPool& pool, TreeSums& out) const;

 private:
  struct Cell {
    double centre[3], half_width[3];
  };
  struct Mass {
    double sum[3];
  };

  Mass add_cell(size_t begin, size_t end, const Cell& cell, int depth);
  bool all_identical(size_t begin, size_t end) const;
  void sort_into_children(size_t begin, size_t end, const Cell& cell, size_t* bounds);
  unsigned char child_of(size_t point, const Cell& cell) const;
  double coordinate(int axis, size_t point) const { return Y_[static_cast<size_t>(axis) * n_padded_ + point]; }

  size_t n_points_, n_padded_;
  int no_dims_;
  double theta_;
  const double* Y_ = nullptr;
  std::vector<TreeNode> nodes_;
  std::vector<size_t> order_, scratch_;  // points in tree order
  std::vector<unsigned char> child_;     // by place: the child of the cell at hand that a point is in
  AlignedVector sorted_;                 // their coordinates, by axis
};

}  // namespace spasne
