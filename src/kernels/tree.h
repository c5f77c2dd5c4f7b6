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

}  // namespace spasne

#define SPASNE_KERNELS "tree.inl"
#include "for_each_isa.inl"
