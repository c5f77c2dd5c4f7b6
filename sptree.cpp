#include "sptree.h"

#include <algorithm>
#include <cmath>

#include "src/kernels/tree.h"

namespace spasne {

namespace {

constexpr double ROOT_MARGIN = 1e-5;  // added to the root's half-widths, as published
constexpr int MAX_DEPTH = 128;        // points closer than 2^-128 of the map count as identical
constexpr int MAX_CHILDREN = 8;

}  // namespace

SpTree::SpTree(size_t n_points, int no_dims, double theta)
    : n_points_(n_points),
      n_padded_(round_up(n_points, LANES)),
      no_dims_(no_dims),
      theta_(theta),
      order_(n_points),
      scratch_(n_points),
      child_(n_points),
      sorted_(n_padded_ * static_cast<size_t>(no_dims), 0.0) {
  nodes_.reserve(4 * n_points);
  for (size_t i = 0; i < n_points; ++i) order_[i] = i;
}

SpTree::~SpTree() = default;

void SpTree::build(const double* Y) {
  Y_ = Y;
  nodes_.clear();
  Cell root{};
  for (int axis = 0; axis < no_dims_; ++axis) {
    double mean = 0, low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < n_points_; ++i) {
      const double y = coordinate(axis, i);
      mean += y;
      low = std::min(low, y);
      high = std::max(high, y);
    }
    mean /= static_cast<double>(n_points_);
    root.centre[axis] = mean;
    root.half_width[axis] = std::max(high - mean, mean - low) + ROOT_MARGIN;
  }
  // In the last tree's order points that share a cell mostly lie together already. The order in which they come does
  // not change the tree: only identical points keep it.
  add_cell(0, n_points_, root, 0);
  for (int axis = 0; axis < no_dims_; ++axis)
    for (size_t place = 0; place < n_points_; ++place)
      sorted_[static_cast<size_t>(axis) * n_padded_ + place] = coordinate(axis, order_[place]);
}

bool SpTree::all_identical(size_t begin, size_t end) const {
  for (size_t place = begin + 1; place < end; ++place)
    for (int axis = 0; axis < no_dims_; ++axis)
      if (coordinate(axis, order_[place]) != coordinate(axis, order_[begin])) return false;
  return true;
}

/// Bit k of a child is set on the lower side of axis k; a point on the boundary goes to the upper side.
unsigned char SpTree::child_of(size_t point, const Cell& cell) const {
  int child = 0;
  for (int axis = 0; axis < no_dims_; ++axis) child |= (coordinate(axis, point) < cell.centre[axis]) << axis;
  return static_cast<unsigned char>(child);
}

/// Orders places begin .. end-1 by child; child c gets bounds[c] .. bounds[c+1]-1.
void SpTree::sort_into_children(size_t begin, size_t end, const Cell& cell, size_t* bounds) {
  const int n_children = 1 << no_dims_;
  size_t next[MAX_CHILDREN] = {};
  bool sorted = true;
  for (size_t place = begin; place < end; ++place) {
    child_[place] = child_of(order_[place], cell);
    ++next[child_[place]];
    sorted = sorted && (place == begin || child_[place - 1] <= child_[place]);
  }
  bounds[0] = begin;
  for (int child = 0; child < n_children; ++child) {
    bounds[child + 1] = bounds[child] + next[child];
    next[child] = bounds[child];
  }
  if (sorted) return;
  for (size_t place = begin; place < end; ++place) scratch_[next[child_[place]]++] = order_[place];
  std::copy(scratch_.begin() + static_cast<std::ptrdiff_t>(begin), scratch_.begin() + static_cast<std::ptrdiff_t>(end),
            order_.begin() + static_cast<std::ptrdiff_t>(begin));
}

SpTree::Mass SpTree::add_cell(size_t begin, size_t end, const Cell& cell, int depth) {
  const size_t self = nodes_.size();
  const double count = static_cast<double>(end - begin);
  nodes_.emplace_back();
  Mass mass{};
  double reach2 = -1, single = -1;
  if (depth == MAX_DEPTH || all_identical(begin, end)) {
    for (size_t place = begin; place < end; ++place)
      for (int axis = 0; axis < no_dims_; ++axis) mass.sum[axis] += coordinate(axis, order_[place]);
    if (end - begin == 1) single = static_cast<double>(begin);
  } else {
    size_t bounds[MAX_CHILDREN + 1];
    sort_into_children(begin, end, cell, bounds);
    for (int child = 0; child < 1 << no_dims_; ++child) {
      if (bounds[child] == bounds[child + 1]) continue;
      Cell inner{};
      for (int axis = 0; axis < no_dims_; ++axis) {
        inner.half_width[axis] = cell.half_width[axis] / 2;
        inner.centre[axis] = cell.centre[axis] + ((child >> axis & 1) ? -1 : 1) * inner.half_width[axis];
      }
      const Mass part = add_cell(bounds[child], bounds[child + 1], inner, depth + 1);
      for (int axis = 0; axis < no_dims_; ++axis) mass.sum[axis] += part.sum[axis];
    }
    const double reach = *std::max_element(cell.half_width, cell.half_width + no_dims_) / theta_;
    reach2 = reach * reach;
  }
  TreeNode& node = nodes_[self];
  for (int axis = 0; axis < 3; ++axis) node.centre_of_mass[axis] = mass.sum[axis] / count;
  node.reach2 = reach2;
  node.count = count;
  node.single = single;
  node.skip = static_cast<double>(nodes_.size());
  return mass;
}

void SpTree::sum(double scale2, ThreadPool& pool, TreeSums& out) const {
  const size_t n_force = n_padded_ * static_cast<size_t>(no_dims_);
  out.force.resize(n_force);
  out.Z_local.resize(n_padded_);
  out.Z_global.resize(n_padded_);
  out.scratch.resize(n_force);
  const auto walk = tree_kernels().walk[no_dims_ - 1];
  const TreeWalk input{nodes_.data(),      nodes_.size(),      scale2,
                       sorted_.data(),     n_points_,          n_padded_,
                       out.scratch.data(), out.Z_local.data(), out.Z_global.data()};
  const size_t GROUPS = 4;  // of eight points per chunk
  pool.for_each_range(n_points_, GROUPS * LANES, [&](size_t begin, size_t end) {
    for (size_t first = begin; first < end; first += LANES) walk(input, first);
    for (int axis = 0; axis < no_dims_; ++axis)
      for (size_t place = begin; place < end; ++place)
        out.force[static_cast<size_t>(axis) * n_padded_ + order_[place]] =
            out.scratch[static_cast<size_t>(axis) * n_padded_ + place];
  });
}

}  // namespace spasne
