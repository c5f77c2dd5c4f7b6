// The walk through the space-partitioning tree for eight points at once. Compiled per instruction set
// (for_each_isa.inl).

namespace spasne {
namespace SPASNE_ISA {

/// Walks the tree for the points first .. first+7 in tree order. Each lane holds the index of the cell at which it
/// takes part again: one that summarised a cell pauses until the next cell outside it; the walk jumps when no lane
/// needs the inside.
template <int DIMS>
static void walk_tree(const TreeWalk& walk, size_t first) {
  const TreeNode* nodes = walk.nodes;
  const size_t n_nodes = walk.n_nodes;
  const double scale2 = walk.scale2;
  Lanes y[DIMS], total_force[DIMS], total_Z = lanes(0.0), total_Zg = lanes(0.0);
  const LaneArray number = {{0, 1, 2, 3, 4, 5, 6, 7}};
  const Lanes place = load(number) + static_cast<double>(first);
  Lanes resume = select(place < static_cast<double>(walk.n_points), lanes(0.0), lanes(__builtin_inf()));
  for (int axis = 0; axis < DIMS; ++axis) {
    y[axis] = load(walk.Y + static_cast<size_t>(axis) * walk.n_padded + first);
    total_force[axis] = lanes(0.0);
  }
  for (size_t at = 0; at < n_nodes;) {
    const TreeNode& node = nodes[at];
    const LanesInt active = resume <= static_cast<double>(at);
    Lanes difference[DIMS], d2 = lanes(0.0);
    for (int axis = 0; axis < DIMS; ++axis) {
      difference[axis] = y[axis] - node.centre_of_mass[axis];
      d2 += difference[axis] * difference[axis];
    }
    const LanesInt accepted = active & (d2 > node.reach2);
    if (any(accepted)) {
      const Lanes n = select(accepted & (place != node.single), lanes(node.count), lanes(0.0));
      const Lanes kernel = 1.0 / (d2 + 1.0);
      const Lanes weight = n * kernel;
      total_Z += weight;
      total_Zg += n * (d2 * scale2 + 1.0);
      for (int axis = 0; axis < DIMS; ++axis) total_force[axis] += weight * kernel * difference[axis];
      resume = select(accepted, lanes(node.skip), resume);
    }
    at = any(active & ~accepted) ? at + 1 : static_cast<size_t>(node.skip);
  }
  for (int axis = 0; axis < DIMS; ++axis)
    store(walk.force + static_cast<size_t>(axis) * walk.n_padded + first, total_force[axis]);
  store(walk.Z_local + first, total_Z);
  store(walk.Z_global + first, total_Zg);
}

SPASNE_LINKAGE const TreeKernels& tree_kernels() {
  static const TreeKernels kernels = {{walk_tree<1>, walk_tree<2>, walk_tree<3>}};
  return kernels;
}

}  // namespace SPASNE_ISA
}  // namespace spasne
