// Sums over all points of charges times a smooth kernel of distance, by interpolation on an equispaced grid.
//
//   potential_c(y) = sum_j q_jc k(|y - y_j|)  ~  sum_m B(y - m) sum_n G(m - n) sum_j B(y_j - n) q_jc
//
// Charges are spread to the nodes m, n with tensor products B of B-splines, convolved with G by fast Fourier transform
// on a grid padded with zeros, and gathered with the same splines; the gradient is that of the interpolant. G is the
// kernel at the nodes, filtered so that the splines interpolate it: divided by the square of the sampled splines'
// transform. (Cardinal spline interpolation, Schoenberg 1973; as in the smooth particle-mesh Ewald method, Essmann et
// al. 1995, here without periodicity.) Splines of order p reproduce polynomials of degree p - 1, so the error falls as
// spacing^p (^(p-1) in the gradient), with a constant about 150 times below that of Lagrange interpolation at p = 6.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "aligned.h"
#include "cell_order.h"
#include "fft_plan.h"
#include "kernel_transform.h"
#include "kernels/grid.h"
#include "map_box.h"
#include "threads.h"

namespace spasne {

/// A map by axis, [axis * n_padded + point], and the charges of its points, [point * n_charges + c]. constant: a of the
/// weights in grid_sums.h.
struct PointCharges {
  const double* Y;
  const float* values;
  double constant;
};

/// One grid, one kernel, one or many charges per point (n_charges: 1, or a multiple of LANES).
class KernelGrid {
 public:
  /// order: of the splines; REPULSION_ORDER for one charge, CHARGE_ORDER or WIDE_CHARGE_ORDER for many.
  KernelGrid(size_t n_dims, int order, size_t n_charges, GridKernel kernel)
      : n_dims_(n_dims), order_(order), sampled_{kernel, n_dims, order, n_charges == 1} {
    view_.n_charges = n_charges;
  }

  /// From now on for another number of points.
  void take(size_t n_points) {
    n_points_ = n_points;
    view_.n_padded = round_up(n_points, LANES);
  }

  /// Whether no side of the box takes more nodes than an axis may have.
  bool reaches(const Box& box, double spacing) const {
    for (size_t axis = 0; axis < n_dims_; ++axis)
      if (nodes_over(box, axis, spacing) > max_nodes()) return false;
    return true;
  }

  /// Whether a grid over the box stays within bounds of memory.
  bool fits(const Box& box, double spacing) const {
    double size = static_cast<double>(view_.n_charges);
    for (size_t axis = 0; axis < n_dims_; ++axis) size *= nodes_over(box, axis, spacing);
    return reaches(box, spacing) && size <= MAX_SIZE;
  }

  /// Work for each charge, in products of a charge and a weight: spreading and gathering, and what is done at the
  /// nodes.
  double work(const Box& box, double spacing) const {
    double n_padded = 1;
    for (size_t axis = 0; axis < n_dims_; ++axis) n_padded *= 2 * nodes_over(box, axis, spacing);
    return 2 * std::pow(order_, n_dims_) * static_cast<double>(n_points_) + WORK_PER_NODE * n_padded;
  }

  /// Puts the grid over the box; the kernel's transform is computed anew unless one of the last two serves.
  void place(const Box& box, double spacing, ThreadPool& pool) {
    const size_t order = static_cast<size_t>(order_);
    PerAxis padded{};
    size_t n_nodes = 1;
    for (size_t axis = 0; axis < n_dims_; ++axis) {
      const double start = std::floor(box.low[axis] / spacing) - (order_ - 1) / 2;
      view_.origin[axis] = start * spacing;
      const double reach = std::max(0.0, (box.high[axis] - view_.origin[axis]) / spacing);
      size_t n = std::max(order, static_cast<size_t>(reach + order_ / 2.0) + 1);
      padded[axis] = fast_even_size(2 * (n - 1));
      if (one_charge() && axis == n_dims_ - 1 && n_dims_ > 1) n = round_up(n, LANES);
      view_.nodes[axis] = n;
      n_nodes *= n;
    }
    view_.per_spacing = 1 / spacing;
    grid_size_ = n_nodes * view_.n_charges;
    stride_ = round_up(grid_size_, LANES) + LANES;  // rows may be read beyond their end
    n_grids_ = number_of_grids(n_nodes);
    find_transform(spacing, padded, pool);
    reserve(nodes_, n_grids_ * stride_);
    lay_out();
  }

  /// Spreads the points, of one charge each, and convolves: afterwards the nodes hold the potential.
  void fill(const double* Y, const unsigned char* far, ThreadPool& pool) {
    view_.far = far;
    const auto spread = grid_kernels().spread_points[n_dims_ - 1];
    spread_all(n_points_, pool, [&](size_t begin, size_t end, double* nodes) { spread(view_, Y, begin, end, nodes); });
    convolve(pool);
  }

  /// The same of many charges by point.
  void fill(const PointCharges& q, const unsigned char* far, ThreadPool& pool) {
    view_.far = far;
    sort_points(q.Y, pool);
    const auto spread = kernels().spread;
    spread_all(cells_.size(), pool,
               [&](size_t begin, size_t end, double* nodes) { spread(view_, charged(q), begin, end, nodes); });
    convolve(pool);
  }

  /// Z_i = sum over j != i of K_ij and repulsion = sum of K_ij^2 (y_i - y_j); number: of points on the grid.
  void gather_repulsion(const double* Y, double number, ThreadPool& pool, double* Z, double* repulsion) const {
    const auto kernel = grid_kernels().gather_repulsion[n_dims_ - 1];
    const RepulsionView all{Y, nodes_.data(), number, Z, repulsion};
    pool.for_each_range(n_points_, POINTS, [&](size_t begin, size_t end) { kernel(view_, all, begin, end); });
  }

  /// value_i = sum_c w_ic potential_c(y_i), force = 1/2 of its gradient; weights w as in grid_sums.h. 0 for far points.
  void gather_charges(const PointCharges& q, ThreadPool& pool, const ChargeSums& out) {
    const auto gather = kernels().gather;
    const PotentialView potential = potentials(pool);
    pool.for_each_range(cells_.size(), POINTS,
                        [&](size_t begin, size_t end) { gather(view_, charged(q), potential, begin, end, out); });
    for (size_t i = 0; view_.far && i < n_points_; ++i) {
      if (!view_.far[i]) continue;
      if (out.value) out.value[i] = 0;
      for (size_t axis = 0; out.force && axis < n_dims_; ++axis) out.force[axis * view_.n_padded + i] = 0;
    }
  }

 private:
  static constexpr double WORK_PER_NODE = 20;  // measured: transforms, and adding grids, for a node of the padded grid
  static constexpr double MAX_GRIDS = 8;       // more threads than that spread charges no faster
  static constexpr size_t POINTS = 512;        // per task of a gathering
  static constexpr size_t TASKS = 32;          // at most, per pass of a convolution
  static constexpr double MAX_SIZE = 1 << 23;  // doubles at the nodes: 64 MB, the spectrum up to 4 times that
  static constexpr double MAX_SPREAD = 2 * MAX_SIZE;  // of all grids that points are spread to

  /// Per axis.
  double max_nodes() const { return n_dims_ == 1 ? 1 << 15 : 1 << 12; }

  double nodes_over(const Box& box, size_t axis, double spacing) const {
    return (box.high[axis] - box.low[axis]) / spacing + order_ + 1;
  }

  bool one_charge() const { return view_.n_charges == 1; }

  const ChargeKernels& kernels() const {
    return (order_ == CHARGE_ORDER ? grid_kernels().charges : grid_kernels().wide_charges)[n_dims_ - 1];
  }

  ChargedPoints charged(const PointCharges& q) const { return {q.Y, q.values, q.constant, cells_.view()}; }

  /// Of many charges in single precision, as they differ from those in the middle of the grid.
  PotentialView potentials(ThreadPool& pool) {
    const size_t C = view_.n_charges;
    size_t middle = 0;
    for (size_t axis = 0; axis < n_dims_; ++axis) middle = middle * view_.nodes[axis] + view_.nodes[axis] / 2;
    reference_.resize(C);
    potentials_.resize(std::max(potentials_.size(), grid_size_));
    for (size_t c = 0; c < C; ++c) reference_[c] = static_cast<float>(nodes_[middle * C + c]);
    pool.for_each_range(grid_size_ / C, 256, [&](size_t begin, size_t end) {
      for (size_t node = begin; node < end; ++node)
        for (size_t c = 0; c < C; ++c)
          potentials_[node * C + c] = static_cast<float>(nodes_[node * C + c] - static_cast<double>(reference_[c]));
    });
    return {potentials_.data(), reference_.data()};
  }

  void sort_points(const double* Y, ThreadPool& pool) {
    const auto find = kernels().find_cells;
    cells_.sort(n_points_, view_.far, view_.nodes[0] * view_.nodes[1] * view_.nodes[2], pool,
                [&](size_t begin, size_t end, uint32_t* cell) { find(view_, Y, begin, end, cell); });
  }

  /// Calls spread(begin, end, nodes) for shares of n points, each with a grid of its own, and adds the grids.
  template <class Spread>
  void spread_all(size_t n, ThreadPool& pool, const Spread& spread) {
    const size_t share = round_up((n + n_grids_ - 1) / n_grids_, LANES);
    pool.for_each_chunk(n_grids_, [&](size_t chunk) {
      double* nodes = nodes_.data() + chunk * stride_;
      std::memset(nodes, 0, stride_ * sizeof(double));
      const size_t begin = std::min(n, chunk * share);
      spread(begin, std::min(n, begin + share), nodes);
    });
    const auto add = grid_kernels().add_grids;
    if (n_grids_ > 1)
      pool.for_each_range(stride_, 8192,
                          [&](size_t begin, size_t end) { add(nodes_.data(), n_grids_, stride_, begin, end); });
  }

  /// Into how many grids, added afterwards, the points are spread in parallel: few if adding would cost more than
  /// spreading.
  size_t number_of_grids(size_t n_nodes) const {
    const double updates = static_cast<double>(n_points_) * std::pow(order_, n_dims_);
    const double worth = std::min(updates / (4.0 * static_cast<double>(n_nodes)),
                                  MAX_SPREAD / static_cast<double>(n_nodes * view_.n_charges));
    return static_cast<size_t>(std::min(MAX_GRIDS, std::max(1.0, worth)));
  }

  static void reserve(AlignedVector& v, size_t n) {
    if (v.size() >= n) return;
    v.clear();
    v.resize(n);
  }

  void find_transform(double spacing, const PerAxis& padded, ThreadPool& pool) {
    for (size_t tries = 0; tries < 2; ++tries, current_ = 1 - current_)
      if (transforms_[current_].is_for(spacing, padded)) return;
    current_ = 1 - current_;
    transforms_[current_].compute(sampled_, spacing, padded, pool);
  }

  /// The convolution's arrays for the nodes and the transform in use.
  void lay_out() {
    const KernelTransform& t = transforms_[current_];
    ConvolutionView& v = convolution_;
    std::copy(view_.nodes, view_.nodes + 3, v.nodes);
    v.first = t.plan(0);
    v.half = t.half();
    v.middle = t.plan(n_dims_ / 2);  // read in three dimensions only
    v.last = t.plan(n_dims_ - 1);
    v.n_last = view_.nodes[n_dims_ - 1];
    v.n_charges = view_.n_charges;
    v.n_columns = grid_size_ / view_.nodes[0];
    v.n_groups = n_dims_ == 1 ? round_up(v.n_columns, LANES) / LANES : v.n_last * v.n_charges / LANES;
    v.slab = n_dims_ == 3 ? v.middle.n * v.n_groups : v.n_groups;
    v.n_lines = v.slab / v.n_groups * (v.half.n + 1);
    v.line_stride = t.line_stride();
    reserve(spectrum_, v.n_lines * v.n_groups * 2 * LANES);
    scratch_stride_ =
        std::max({v.first.n, v.middle.n, v.last.n}) * 2 * 2 * LANES;  // two buffers of split complex numbers
    reserve(scratch_, scratch_stride_ * (n_dims_ == 1 ? std::min(TASKS, v.n_groups) : TASKS));
    v.data = nodes_.data();
    v.spectrum = spectrum_.data();
    v.transform = t.values();
  }

  /// Calls body(task, scratch) for every task; tasks are dealt out in a fixed number of runs, each with scratch of its
  /// own.
  template <class Body>
  void for_each_task(ThreadPool& pool, size_t n_tasks, const Body& body) {
    const size_t runs = std::min(n_tasks, TASKS);
    pool.for_each_chunk(runs, [&](size_t run) {
      for (size_t task = n_tasks * run / runs; task < n_tasks * (run + 1) / runs; ++task)
        body(task, scratch_.data() + run * scratch_stride_);
    });
  }

  void convolve(ThreadPool& pool) {
    const ConvolutionView& v = convolution_;
    const auto transform = grid_kernels().transform_columns;
    const auto multiply = grid_kernels().multiply_columns;
    const auto restore = grid_kernels().restore_columns;
    const size_t n_groups = std::max<size_t>(1, v.n_columns / LANES);
    for_each_task(pool, n_groups, [&](size_t group, double* scratch) {
      transform(v, group, scratch);
      if (n_dims_ == 1) multiply(v, group);
    });
    if (n_dims_ == 3) transform_middle(false, pool);
    if (n_dims_ > 1) convolve_lines(pool);
    if (n_dims_ == 3) transform_middle(true, pool);
    for_each_task(pool, n_groups, [&](size_t group, double* scratch) { restore(v, group, scratch); });
  }

  void transform_middle(bool inverse, ThreadPool& pool) {
    const auto kernel = grid_kernels().transform_middle;
    for_each_task(pool, convolution_.half.n + 1,
                  [&](size_t k, double* scratch) { kernel(convolution_, k, inverse, scratch); });
  }

  void convolve_lines(ThreadPool& pool) {
    const auto kernel = one_charge() ? grid_kernels().convolve_line_block : grid_kernels().convolve_line;
    const size_t n_tasks = one_charge() ? (convolution_.n_lines + LANES - 1) / LANES : convolution_.n_lines;
    for_each_task(pool, n_tasks, [&](size_t task, double* scratch) { kernel(convolution_, task, scratch); });
  }

  size_t n_dims_;
  int order_;
  SampledKernel sampled_;
  size_t n_points_ = 0;
  GridView view_{{1, 1, 1}, 0, 0, {}, 0, nullptr};
  ConvolutionView convolution_{};
  size_t grid_size_ = 0, stride_ = 0, n_grids_ = 1, scratch_stride_ = 0;
  std::array<KernelTransform, 2> transforms_;  // the last two
  size_t current_ = 0;
  CellOrder cells_;  // where there are many charges
  AlignedVector nodes_, spectrum_, scratch_;
  AlignedFloats potentials_, reference_;  // of many charges, at the nodes and in their middle
};

}  // namespace spasne
