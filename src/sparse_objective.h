// The objective in time and memory linear in N: sparse local affinities, everything else by sums over a grid.
//
// Local attraction runs over each point's neighbours; repulsion and the global and spatial terms over the grid
// (grid_sums.h, global_charges.h); in three dimensions the repulsion of wide maps comes from the space-partitioning
// tree, whose cost does not grow with the volume of the map. Zg is taken in closed form.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "../spasne.h"
#include "../sptree.h"
#include "global_charges.h"
#include "grid_sums.h"
#include "kernels/neighbour_sums.h"
#include "objective.h"
#include "pair_entropies.h"
#include "preconditioner.h"
#include "section_grid.h"
#include "sparse_problem.h"
#include "threads.h"

namespace spasne {

// Of the tree where theta is 0, with few points, and for costs, which are not asked for often: off by 3e-4 in wide
// maps, with theta 0.5 by 1e-2.
constexpr double SMALL_THETA = 0.2;

class SparseObjective : public Objective {
 public:
  /// The problem must outlive the objective; its X and S are read here only.
  SparseObjective(const SparseProblem& problem, const Options& o, ThreadPool& pool)
      : p_(problem),
        alpha_(o.alpha),
        beta_(o.beta),
        scale2_(o.global_scale * o.global_scale),
        pool_(pool),
        n_dims_(static_cast<size_t>(o.no_dims)),
        n_(p_.n_points),
        n_padded_(round_up(n_, LANES)),
        sections_(o.beta > 0 && p_.sections.several() ? make_sections(o) : nullptr),
        charges_(charges_of(alpha_, sections_ ? 0 : beta_)),
        space_charges_(charges_of(0, alpha_ > 0 && !sections_ ? beta_ : 0)),
        grid_(n_dims_, charges_.n_charges, scale2_, o.accuracy),
        space_grid_(n_dims_, space_charges_.n_charges, scale2_, o.accuracy),
        points_(n_ * n_dims_),
        repulsion_(n_dims_ * n_padded_, 0.0),
        global_force_(n_dims_ * n_padded_, 0.0),
        Z_(n_padded_, 0.0),
        entropy_(n_),
        mass_(n_) {
    const SparseRows rows = affinity_rows();
    pool_.for_each_range(n_, CHUNK, [&](size_t begin, size_t end) {
      neighbour_kernels().entropies(rows, begin, end, entropy_.data(), mass_.data());
    });
    grid_.take(n_);
    space_grid_.take(n_);
    if (n_dims_ == 3) {
      double theta = o.theta > 0 ? o.theta : SMALL_THETA;
      if (n_ <= FEW) theta = std::min(theta, SMALL_THETA);
      tree_ = std::make_unique<SpTree>(n_, o.no_dims, theta);
      cost_tree_ = std::make_unique<SpTree>(n_, o.no_dims, std::min(theta, SMALL_THETA));
    }
  }

  bool resolves(const double* Y) override { return grid_.resolves_repulsion(Y, pool_); }

  void exaggerate(double factor) override { exaggeration_ = factor; }

  void gradient(const double* Y, double* gradient) override {
    const double Z = sum_pairs(Y, global_force_.data(), nullptr);
    sum_neighbours(Y, gradient);
    const GlobalSum global = global_sum(Y, n_, n_padded_, n_dims_, scale2_);
    const double spread = (sections_ ? alpha_ : alpha_ + beta_) * scale2_ / global.Z;
    const double* repulsion = by_tree_ ? tree_sums_.force.data() : repulsion_.data();
    pool_.for_each_range(n_padded_, CHUNK, [&](size_t begin, size_t end) {
      for (size_t axis = 0; axis < n_dims_; ++axis)
        for (size_t i = begin; i < end; ++i) {
          const size_t k = axis * n_padded_ + i;
          if (i < n_)
            gradient[k] = exaggeration_ * gradient[k] - global_force_[k] - repulsion[k] / Z +
                          spread * (static_cast<double>(n_) * Y[k] - global.axis_sum[axis]);
          else
            gradient[k] = 0;
        }
    });
    if (sections_) sections_->add_gradient(Y, gradient);
  }

  bool has_preconditioner() const override { return true; }

  void precondition(const double* gradient, double* out) override {
    if (!preconditioner_) preconditioner_ = std::make_unique<Preconditioner>(affinity_rows(), mass_, n_dims_, pool_);
    preconditioner_->apply(gradient, out);
  }

  /// Of repulsion and of the forces of Pg and Ps, on a sample of points.
  double error_of_sums(const double* Y) override {
    const double Z = sum_pairs(Y, global_force_.data(), nullptr);
    const std::vector<size_t> sample = sample_of_points();
    const bool charged = charges_.n_charges > 1;
    AlignedVector repulsion(n_dims_ * n_padded_), force(charged ? n_dims_ * n_padded_ : 0);
    grid_.evaluate_exactly(sample, {Y, charges_.charges.data(), charges_.constant}, pool_,
                           {repulsion.data(), nullptr, charged ? force.data() : nullptr, nullptr});
    const double* found = by_tree_ ? tree_sums_.force.data() : repulsion_.data();
    double error2 = 0, length2 = 0;
    for (size_t axis = 0; axis < n_dims_; ++axis)
      for (const size_t i : sample) {
        const size_t k = axis * n_padded_ + i;
        const double of_repulsion = (found[k] - repulsion[k]) / Z;
        const double of_force = charged ? global_force_[k] - force[k] : 0;
        error2 += (of_force + of_repulsion) * (of_force + of_repulsion);
        length2 += repulsion[k] / Z * (repulsion[k] / Z) + (charged ? force[k] * force[k] : 0);
      }
    return std::sqrt(error2 / length2);
  }

  /// Of a map that is handed over, each point's share with it, few points are summed pair by pair: what a grid leaves
  /// of a divergence, some 1e-5, counts where weights are large or the divergence is nearly 0.
  CostParts cost(const double* Y, std::vector<double>* shares) override {
    const bool pair_by_pair = shares && takes_all_pairs(n_);
    std::vector<double> global_logs(n_padded_, 0.0);  // and of space, where that has no sections
    const double log_Z = std::log(sum_pairs(Y, nullptr, global_logs.data(), pair_by_pair));
    const std::vector<double> space_logs = logs_of_space(Y, global_logs, shares != nullptr, pair_by_pair);
    const double log_Zg = std::log(global_sum(Y, n_, n_padded_, n_dims_, scale2_).Z);
    const double log_Zs = sections_ ? sections_->log_normaliser(Y) : log_Zg;
    const Entropies& of_space = sections_ ? sections_->entropies() : p_.space;
    std::vector<double> logs(n_);
    const auto kernel = neighbour_kernels().logs[n_dims_ - 1];
    const SparseRows rows = interleave(Y);
    pool_.for_each_range(n_, CHUNK, [&](size_t begin, size_t end) { kernel(rows, begin, end, logs.data()); });
    CostParts cost;
    for (size_t i = 0; i < n_; ++i) {
      const double local = entropy_[i] + logs[i] + mass_[i] * log_Z;
      const double space = of_space.weighted(beta_, i, log_Zs) - space_logs[i];
      const double global =
          p_.expression.weighted(alpha_, i, log_Zg) - (sections_ ? global_logs[i] : global_logs[i] - space_logs[i]);
      cost.local += local;
      cost.global += global;
      cost.space += space;
      if (shares) (*shares)[i] = local + global + space;
    }
    cost.total = cost.local + cost.global + cost.space;
    return cost;
  }

 private:
  // Up to this work for each point the grid takes at most twice the tree's time (theta 0.5), with fewer points some 20
  // ms; a cost is not asked for often, and is right wherever the grid holds the map.
  static constexpr double TREE_WORK = 5e3, MOST_WORK = 1e300;
  static constexpr size_t FEW = 10000;
  static constexpr size_t CHUNK = 1024;  // points per task
  // Of the sample that errors are measured on: points, and as many pairs as take about as long as one gradient.
  static constexpr size_t MOST_SAMPLED = 64, FEWEST_SAMPLED = 8;
  static constexpr double SAMPLE_WORK = 2e8;

  /// Spread evenly over the order of points.
  std::vector<size_t> sample_of_points() const {
    const double affordable = SAMPLE_WORK / (static_cast<double>(n_) * grid_.work_per_pair());
    const size_t wanted = std::max(FEWEST_SAMPLED, static_cast<size_t>(std::min(affordable, 1.0 * MOST_SAMPLED)));
    std::vector<size_t> points(std::min(n_, wanted));
    for (size_t k = 0; k < points.size(); ++k) points[k] = k * n_ / points.size();
    return points;
  }

  /// Around the first point, because a start may lie anywhere; beyond FAR the kernel is nil, and squares stay finite.
  SparseRows interleave(const double* Y) {
    constexpr double FAR = 1e18;
    pool_.for_each_range(n_, CHUNK, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i)
        for (size_t axis = 0; axis < n_dims_; ++axis) {
          const double* y = Y + axis * n_padded_;
          points_[i * n_dims_ + axis] = static_cast<float>(std::min(FAR, std::max(-FAR, y[i] - y[0])));
        }
    });
    return affinity_rows();
  }

  SparseRows affinity_rows() const { return p_.affinities.rows(points_.data(), n_padded_); }

  void sum_neighbours(const double* Y, double* force) {
    const auto kernel = neighbour_kernels().forces[n_dims_ - 1];
    const SparseRows rows = interleave(Y);
    pool_.for_each_range(n_, CHUNK, [&](size_t begin, size_t end) { kernel(rows, begin, end, force); });
  }

  /// Returns Z. With `force` fills it and the repulsion (of tree or grid, by_tree_); `value`: sum over j of the
  /// charges' affinity times ln(1 + sigma^2 d^2). Either may be null; what has no weight is left as it is.
  double sum_pairs(const double* Y, double* force, double* value, bool pair_by_pair = false) {
    by_tree_ =
        tree_ && !pair_by_pair &&
        grid_.repulsion_work(Y, pool_) > (force ? TREE_WORK * static_cast<double>(std::max(n_, FEW)) : MOST_WORK);
    if (by_tree_) {
      SpTree& tree = force ? *tree_ : *cost_tree_;
      tree.build(Y);
      tree.sum(1, pool_, tree_sums_);
    }
    const bool charged = charges_.n_charges > 1;
    if (!by_tree_ || charged)
      grid_.evaluate({Y, charges_.charges.data(), charges_.constant}, pool_,
                     {by_tree_ || !force ? nullptr : repulsion_.data(), by_tree_ ? nullptr : Z_.data(),
                      charged ? force : nullptr, charged ? value : nullptr},
                     pair_by_pair);
    const AlignedVector& parts = by_tree_ ? tree_sums_.Z_local : Z_;
    double Z = 0;
    for (size_t i = 0; i < n_; ++i) Z += parts[i];
    return Z;
  }

  /// Per point: sum over j of beta Ps_ij ln(1 + sigma^2 d^2). all_logs: the same of all charges; where that is beta's
  /// too, and parts are not wanted, 0, which leaves the total as it is.
  std::vector<double> logs_of_space(const double* Y, const std::vector<double>& all_logs, bool parts,
                                    bool pair_by_pair) {
    if (sections_) return sections_->logs(Y, pair_by_pair);
    if (beta_ > 0 && alpha_ == 0) return all_logs;
    std::vector<double> logs(n_padded_, 0.0);
    if (beta_ > 0 && parts)
      space_grid_.evaluate({Y, space_charges_.charges.data(), space_charges_.constant}, pool_,
                           {nullptr, nullptr, nullptr, logs.data()}, pair_by_pair);
    return logs;
  }

  GlobalCharges charges_of(double alpha, double beta) const {
    return global_charges({p_.X, p_.n_features}, {p_.S, p_.n_space}, {alpha, beta, p_.space_offset});
  }

  std::unique_ptr<SectionGrid> make_sections(const Options& o) const {
    return std::make_unique<SectionGrid>(p_.sections, p_.S, p_.n_space, o, pool_);
  }

  const SparseProblem& p_;
  double alpha_, beta_, scale2_;
  ThreadPool& pool_;
  size_t n_dims_, n_, n_padded_;
  std::unique_ptr<SectionGrid> sections_;  // where space has several
  GlobalCharges charges_, space_charges_;  // of both global terms; of space alone, where it is not all there is
  GridSums grid_, space_grid_;
  std::unique_ptr<SpTree> tree_, cost_tree_;  // in three dimensions
  bool by_tree_ = false;
  TreeSums tree_sums_;
  std::vector<float> points_;  // the map by point
  AlignedVector repulsion_, global_force_, Z_;
  std::vector<double> entropy_, mass_;              // of each point's row of P
  std::unique_ptr<Preconditioner> preconditioner_;  // once it is asked for
  double exaggeration_ = 1;
};

}  // namespace spasne
