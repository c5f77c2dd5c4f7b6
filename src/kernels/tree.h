// What the walk through the space-partitioning tree reads (tree.inl), and its instances per instruction set.
#pragma once

#include "lanes.h"

namespace spasne {

/// A cell, in the order of a walk that visits a cell before its children. Numbers are doubles, so that a vector of
/// points can be compared with all of them at once.
struct TreeNode {
  double centre_of_mass[3];
  double reach2;  // (largest half-width / theta)^2: nearer than that it is opened; -1 for a leaf, never opened
  double count;   // points in the cell
  double single;  // place, in tree order, of a leaf's only point; -1 elsewhere
  double skip;    // index of the next cell outside this one
};

/// A walk's input and, per point, what it yields. Y, force: [axis * n_padded + place]; Z: [place], all in tree order.
struct TreeWalk {
  const TreeNode* nodes;
  size_t n_nodes;
  double scale2;  // sigma^2
  const double* Y;
  size_t n_points, n_padded;
  double* force;
  double* Z_local;
  double* Z_global;
};

struct TreeKernels {
  void (*walk[3])(const TreeWalk&, size_t first);  // [dimensions - 1]; for the points first .. first+7
};

}  // namespace spasne

SPASNE_KERNEL_TABLE(TreeKernels, tree_kernels)

#define SPASNE_KERNELS "tree.inl"
#include "for_each_isa.inl"
