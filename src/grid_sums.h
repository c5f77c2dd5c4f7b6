// Sums over all points of a map in one, two or three dimensions, in time linear in the number of points.
//
// With K = 1 / (1 + d^2), d = |y_i - y_j|, charges q_j (q_j0 = 1) and w_i = (a + q_i1, 1, -q_i2, -q_i3 ...), so that
// w_i . q_j = a + q_i1 + q_j1 - sum over c >= 2 of q_ic q_jc:
//   Z_i         = sum over j != i of K_ij
//   repulsion_i = sum_j K_ij^2 (y_i - y_j)
//   value_i     = sum_j (w_i . q_j) log(1 + scale2 d^2)
//   force_i     = sum_j (w_i . q_j) scale2 / (1 + scale2 d^2) (y_i - y_j)
// Each kernel has a grid of its own (kernel_grid.h), as fine as the kernel asks for and no coarser than a fraction of
// the map. Where that would take longer than the sums over all pairs, which it does for few points in a map that is
// wide for its kernels, they are taken pair by pair.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "aligned.h"
#include "kernel_grid.h"
#include "map_box.h"
#include "threads.h"

namespace spasne {

/// With one charge a row of eight nodes is one vector, so order 8 costs hardly more than less. With many charges the
/// number of nodes counts: order^n_dims for each point, less with order 4, and of the grid, less with order 6,
/// whichever weighs more. The spacings are those that keep the relative error of every sum below 1e-4
/// (tests/test_grid.py on uniform, clustered, compact and wide maps), in widths of the kernel.
constexpr double REPULSION_SPACING = 0.23, CHARGE_SPACING = 0.125, WIDE_CHARGE_SPACING = 0.3;

class GridSums {
 public:
  /// By axis: [axis * n_padded + point]; any may be null.
  struct Output {
    double* repulsion;
    double* Z;
    double* force;
    double* value;
  };

  /// n_charges: 1 (only Z and repulsion), or a multiple of LANES; accuracy: relative error wanted of the gradient.
  GridSums(size_t n_dims, size_t n_charges, double scale2, double accuracy)
      : n_dims_(n_dims),
        n_charges_(n_charges),
        scale2_(scale2),
        repulsion_(n_dims, REPULSION_ORDER, 1, {GridKernel::repulsion, 1}),
        charges_(n_dims, CHARGE_ORDER, n_charges, {GridKernel::logarithm, scale2}),
        wide_charges_(n_dims, WIDE_CHARGE_ORDER, n_charges, {GridKernel::logarithm, scale2}),
        repulsion_spacing_(spacing_limit(REPULSION_SPACING, REPULSION_ORDER, accuracy)),
        charge_spacing_(spacing_limit(CHARGE_SPACING, CHARGE_ORDER, accuracy) / sharpness(scale2)),
        wide_charge_spacing_(spacing_limit(WIDE_CHARGE_SPACING, WIDE_CHARGE_ORDER, accuracy) / sharpness(scale2)) {
    if (n_charges != 1 && n_charges % LANES != 0)
      throw std::invalid_argument("expected 1 or a multiple of 8 charges, found " + std::to_string(n_charges));
  }

  /// From now on for maps of so many points.
  void take(size_t n_points) {
    n_points_ = n_points;
    repulsion_.take(n_points);
    charges_.take(n_points);
    wide_charges_.take(n_points);
  }

  /// For tests of the grids, where pair by pair would be faster.
  void never_pair_by_pair() { may_take_pairs_ = false; }

  /// Whether the map is within the widest that Z and repulsion have a grid for on each axis.
  bool resolves_repulsion(const double* Y, ThreadPool& pool) {
    const Box box = choose_box(Y, true, false, pool);
    return repulsion_.reaches(box, wanted_spacing(box, repulsion_spacing_));
  }

  /// The work that Z and repulsion are (KernelGrid::work); infinite if the grid would be coarser than asked for.
  double repulsion_work(const double* Y, ThreadPool& pool) {
    const Box box = choose_box(Y, true, false, pool);
    const double spacing = wanted_spacing(box, repulsion_spacing_);
    const double of_grid = repulsion_.fits(box, spacing) ? repulsion_.work(box, spacing) : INFINITY;
    return may_take_pairs_ ? std::min(of_grid, pair_work(0)) : of_grid;
  }

  /// Exact sums of the points listed, 0 or parts of sums at all others.
  void evaluate_exactly(const std::vector<size_t>& points, const PointCharges& q, ThreadPool& pool, const Output& out) {
    const bool want_charges = n_charges_ > 1 && (out.force || out.value);
    far_ = points;
    is_far_.assign(n_padded(), 0);
    for (const size_t i : points) is_far_[i] = 1;
    for (double* of_points : {out.Z, want_charges ? out.value : nullptr})
      if (of_points) std::fill_n(of_points, n_points_, 0.0);
    for (double* by_axis : {out.repulsion, want_charges ? out.force : nullptr})
      if (by_axis) std::fill_n(by_axis, n_dims_ * n_padded(), 0.0);
    add_far_points({q.Y, want_charges ? q.values : nullptr, q.constant}, pool, out);
  }

  /// The work of one pair, in the units of KernelGrid::work.
  double work_per_pair() const { return WORK_PER_PAIR + (n_charges_ > 1 ? static_cast<double>(n_charges_) : 0); }

  /// `pair_by_pair`: even where a grid is less work. Throws runtime_error if the map is not finite.
  void evaluate(const PointCharges& q, ThreadPool& pool, const Output& out, bool pair_by_pair = false) {
    const double* Y = q.Y;
    const bool want_charges = n_charges_ > 1 && (out.force || out.value), want_repulsion = out.Z || out.repulsion;
    const Box box = choose_box(Y, want_repulsion, want_charges, pool);
    if (pair_by_pair || pairs_are_less(box, want_repulsion, want_charges))
      return evaluate_exactly(all_points(), q, pool, out);
    const unsigned char* far = far_.empty() ? nullptr : is_far_.data();
    if (want_repulsion) {
      repulsion_.place(box, fitting_spacing(repulsion_, box, repulsion_spacing_), pool);
      repulsion_.fill(Y, far, pool);
      repulsion_.gather_repulsion(Y, static_cast<double>(n_points_ - far_.size()), pool, out.Z, out.repulsion);
    }
    if (want_charges) {
      const double spacing = fitting_spacing(charges_, box, charge_spacing_);
      const double wide_spacing = fitting_spacing(wide_charges_, box, wide_charge_spacing_);
      if (charges_.work(box, spacing) <= wide_charges_.work(box, wide_spacing))
        sum_charges(charges_, box, spacing, q, pool, out);
      else
        sum_charges(wide_charges_, box, wide_spacing, q, pool, out);
    }
    if (far) add_far_points({Y, want_charges ? q.values : nullptr, q.constant}, pool, out);
  }

 private:
  static constexpr double CELLS = 12;  // at least so many spacings in the map's largest extent
  static constexpr size_t MAX_FAR = 64;
  // Measured, in the units of KernelGrid::work: a pair without charges. A grid coarser than wanted is taken only where
  // pairs are this many times the work.
  static constexpr double WORK_PER_PAIR = 30, FOR_ACCURACY = 4;

  double pair_work(size_t n_charges) const {
    const double n = static_cast<double>(n_points_);
    return n * n * (WORK_PER_PAIR + static_cast<double>(n_charges));
  }

  /// Whether sums over all pairs are less work than the grids.
  bool pairs_are_less(const Box& box, bool want_repulsion, bool want_charges) const {
    double grids = 0;
    bool coarse = false;
    if (want_repulsion) {
      grids += repulsion_.work(box, fitting_spacing(repulsion_, box, repulsion_spacing_));
      coarse = !repulsion_.fits(box, wanted_spacing(box, repulsion_spacing_));
    }
    if (want_charges) {
      const double narrow = charges_.work(box, fitting_spacing(charges_, box, charge_spacing_));
      const double wide = wide_charges_.work(box, fitting_spacing(wide_charges_, box, wide_charge_spacing_));
      grids += static_cast<double>(n_charges_) * std::min(narrow, wide);
      coarse = coarse || !wide_charges_.fits(box, wanted_spacing(box, wide_charge_spacing_));
    }
    return may_take_pairs_ && pair_work(want_charges ? n_charges_ : 0) < (coarse ? FOR_ACCURACY : 1) * grids;
  }

  std::vector<size_t> all_points() const {
    std::vector<size_t> points(n_points_);
    std::iota(points.begin(), points.end(), size_t{0});
    return points;
  }

  void sum_charges(KernelGrid& grid, const Box& box, double spacing, const PointCharges& q, ThreadPool& pool,
                   const Output& out) {
    grid.place(box, spacing, pool);
    grid.fill(q, far_.empty() ? nullptr : is_far_.data(), pool);
    grid.gather_charges(q, pool, {out.force, out.value});
  }

  /// 1 / width of the kernel of the charges.
  static double sharpness(double scale2) { return std::sqrt(std::max(scale2, 1e-12)); }

  /// The error of a gradient grows as spacing^(order - 1).
  static double spacing_limit(double at_default, int order, double accuracy) {
    return at_default * std::pow(accuracy / 1e-3, 1.0 / (order - 1));
  }

  /// The limit, or for a small map a fraction of its extent in steps of sqrt(2), so that the grid rarely changes; but
  /// no less than a map far from the origin has digits for.
  double wanted_spacing(const Box& box, double limit) const {
    double extent = 1e-100, reach = 0;
    for (size_t axis = 0; axis < n_dims_; ++axis) {
      reach = std::max({reach, std::abs(box.low[axis]), std::abs(box.high[axis])});
      extent = std::max(extent, box.high[axis] - box.low[axis]);
    }
    extent = std::max(extent, 1e-10 * reach);
    const double spacing = limit * std::exp2(-0.5 * std::ceil(2 * std::log2(std::max(1.0, limit * CELLS / extent))));
    return std::max(spacing, 1e-12 * reach);
  }

  /// The spacing wanted, or the smallest above it for which the grid is not too large (less accurate: only maps with
  /// many points far from all others, or thousands of kernel widths across, need it).
  double fitting_spacing(const KernelGrid& grid, const Box& box, double limit) const {
    double spacing = wanted_spacing(box, limit);
    while (!grid.fits(box, spacing)) spacing *= std::sqrt(2.0);
    return spacing;
  }

  /// The box of all points, or, if its grids would be too large and few points are the reason, that of the others;
  /// those few are listed in far_ and summed directly.
  Box choose_box(const double* Y, bool want_repulsion, bool want_charges, ThreadPool& pool) {
    const auto fits = [&](const Box& box) {
      return (!want_repulsion || repulsion_.fits(box, wanted_spacing(box, repulsion_spacing_))) &&
             (!want_charges || wide_charges_.fits(box, wanted_spacing(box, wide_charge_spacing_)));
    };
    const MapView map{Y, n_points_, n_padded(), n_dims_};
    far_.clear();
    const Box all = bounding_box(map, pool);
    Box box = all;
    while (!fits(box)) {
      const Box smaller = central_box(map, box, pool);
      std::vector<size_t> outside = points_outside(map, smaller, pool);
      if (outside.size() > MAX_FAR || outside.size() == far_.size()) {
        far_.clear();
        return all;
      }
      far_ = std::move(outside);
      box = bounding_box(map, smaller, pool);
    }
    if (!far_.empty()) is_far_.assign(n_padded(), 0);
    for (const size_t i : far_) is_far_[i] = 1;
    return box;
  }

  /// All terms with a far point in them, added to the output.
  void add_far_points(const PointCharges& q, ThreadPool& pool, const Output& out) {
    const float* charges = q.values;
    FarView f{q.Y, charges, is_far_.data(), far_.data(), far_.size(), n_padded(), n_charges_, q.constant, scale2_, {}};
    f.out[0] = out.Z;
    f.out[1] = charges ? out.value : nullptr;
    for (size_t axis = 0; axis < n_dims_; ++axis) {
      f.out[2 + axis] = out.repulsion ? out.repulsion + axis * n_padded() : nullptr;
      f.out[2 + n_dims_ + axis] = charges && out.force ? out.force + axis * n_padded() : nullptr;
    }
    const auto kernel = grid_kernels().far_sums[n_dims_ - 1];
    const size_t n_sums = 2 + 2 * n_dims_, size = n_sums * far_.size();
    far_sums_.assign(SHARES * size, 0.0);
    for_each_share(n_points_, pool, [&](size_t share, size_t begin, size_t end) {
      kernel(f, begin, end, far_sums_.data() + share * size);
    });
    for (size_t k = 0; k < n_sums; ++k)
      for (size_t at = 0; f.out[k] && at < far_.size(); ++at)
        for (size_t share = 0; share < SHARES; ++share)
          f.out[k][far_[at]] += far_sums_[share * size + k * far_.size() + at];
  }

  size_t n_padded() const { return round_up(n_points_, LANES); }

  size_t n_dims_, n_points_ = 0, n_charges_;
  double scale2_;
  KernelGrid repulsion_;
  KernelGrid charges_;
  KernelGrid wide_charges_;
  double repulsion_spacing_, charge_spacing_, wide_charge_spacing_;
  bool may_take_pairs_ = true;
  std::vector<size_t> far_;  // points summed directly: few, none or all
  std::vector<unsigned char> is_far_;
  std::vector<double> far_sums_;
};

}  // namespace spasne
