// The objective in time and memory linear in N: sparse local affinities, everything else by sums over a grid.
//
// Local attraction runs over each point's neighbours; repulsion and the global and spatial terms over the grid
// (grid_sums.h, global_charges.h); in three dimensions repulsion comes from the space-partitioning tree, whose cost
// does not grow with the volume of the map. Zg is taken in closed form.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "../sptree.h"
#include "global_charges.h"
#include "grid_sums.h"
#include "objective.h"
#include "pair_entropies.h"
#include "section_grid.h"
#include "sparse_affinities.h"
#include "threads.h"

namespace spasne {

/// What the kernels over neighbours read. Y: by point, Y[point * DIMS + axis].
struct SparseRows {
  const uint64_t* offset;
  const uint32_t* column;
  const float* value;
  const float* Y;
  size_t n_padded;
};

}  // namespace spasne

#include "lanes.h"

#define SPASNE_KERNELS "sparse_kernels.inl"
#include "for_each_isa.h"

namespace spasne {

struct SparseOptions {
  double theta;  // of the tree
  double alpha, beta, scale2;
  double accuracy;
};

/// The global and the spatial term. With several sections the charges are of the former alone, and what is of space is
/// of no use: the sections have their own.
struct GlobalTerms {
  GlobalCharges charges, space_charges;  // of both terms, and of the spatial one alone (cost)
  PairEntropies expression, space;
};

template <int DIMS>
class SparseObjective : public Objective {
 public:
  /// `sections` is null unless there are several.
  SparseObjective(SparseAffinities affinities, GlobalTerms terms, std::unique_ptr<SectionGrid<DIMS>> sections,
                  const SparseOptions& o, ThreadPool& pool)
      : a_(std::move(affinities)),
        terms_(std::move(terms)),
        sections_(std::move(sections)),
        o_(o),
        pool_(pool),
        n_(a_.n_points),
        n_padded_(round_up(n_, LANES)),
        grid_(n_, terms_.charges.n_charges, o.scale2, o.accuracy),
        points_(n_ * DIMS),
        repulsion_(DIMS * n_padded_, 0.0),
        global_force_(DIMS * n_padded_, 0.0),
        Z_(n_padded_, 0.0) {
    if (DIMS == 3) tree_ = std::make_unique<SpTree>(n_, DIMS, o.theta);
  }

  void exaggerate(double factor) override { exaggeration_ = factor; }

  void gradient(const double* Y, double* gradient) override {
    const double Z = sum_repulsion(Y);
    sum_neighbours(Y, gradient);
    const GlobalSum global = global_sum(Y, n_, n_padded_, DIMS, o_.scale2);
    const double spread = (sections_ ? o_.alpha : o_.alpha + o_.beta) * o_.scale2 / global.Z;
    const double* repulsion = tree_ ? tree_sums_.force.data() : repulsion_.data();
    pool_.for_each_range(n_padded_, CHUNK, [&](size_t begin, size_t end) {
      for (size_t axis = 0; axis < DIMS; ++axis)
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

  CostParts cost(const double* Y, std::vector<double>* shares) override {
    const double log_Z = std::log(sum_repulsion(Y));
    const double log_Zg = std::log(global_sum(Y, n_, n_padded_, DIMS, o_.scale2).Z);
    const double log_Zs = sections_ ? sections_->log_normaliser(Y) : log_Zg;
    const std::vector<double> global_logs = charge_logs(Y, terms_.charges);
    const std::vector<double> space_logs = sections_ ? sections_->logs(Y) : charge_logs(Y, terms_.space_charges);
    const PairEntropies& of_expression = terms_.expression;
    const PairEntropies& of_space = sections_ ? sections_->entropies() : terms_.space;
    std::vector<double> logs(n_), entropy(n_), mass(n_);
    const auto kernel = SPASNE_DISPATCH(neighbour_logs<DIMS>);
    const SparseRows rows = interleave(Y);
    pool_.for_each_range(n_, CHUNK, [&](size_t begin, size_t end) {
      kernel(rows, begin, end, logs.data(), entropy.data(), mass.data());
    });
    CostParts cost;
    for (size_t i = 0; i < n_; ++i) {
      const double local = entropy[i] + logs[i] + mass[i] * log_Z;
      const double space = of_space.entropy[i] + of_space.mass[i] * log_Zs - space_logs[i];
      const double global = of_expression.entropy[i] + of_expression.mass[i] * log_Zg -
                            (sections_ ? global_logs[i] : global_logs[i] - space_logs[i]);
      cost.local += local;
      cost.global += global;
      cost.space += space;
      if (shares) (*shares)[i] = local + global + space;
    }
    cost.total = cost.local + cost.global + cost.space;
    return cost;
  }

 private:
  static constexpr size_t CHUNK = 1024;  // points per task

  /// Around the first point, because a start may lie anywhere; beyond FAR the kernel is nil, and squares stay finite.
  SparseRows interleave(const double* Y) {
    constexpr double FAR = 1e18;
    pool_.for_each_range(n_, CHUNK, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i)
        for (size_t axis = 0; axis < DIMS; ++axis) {
          const double* y = Y + axis * n_padded_;
          points_[i * DIMS + axis] = static_cast<float>(std::min(FAR, std::max(-FAR, y[i] - y[0])));
        }
    });
    return {a_.offset.data(), a_.column.data(), a_.value.data(), points_.data(), n_padded_};
  }

  void sum_neighbours(const double* Y, double* force) {
    const auto kernel = SPASNE_DISPATCH(neighbour_forces<DIMS>);
    const SparseRows rows = interleave(Y);
    pool_.for_each_range(n_, CHUNK, [&](size_t begin, size_t end) { kernel(rows, begin, end, force); });
  }

  /// Fills repulsion (tree or grid) and the force of the global terms; returns Z.
  double sum_repulsion(const double* Y) {
    if (tree_) {
      tree_->build(Y);
      tree_->sum(1, pool_, tree_sums_);
    }
    const GlobalCharges& q = terms_.charges;
    if (!tree_ || q.n_charges > 1)
      grid_.evaluate(Y, q.charges.data(), q.constant, pool_,
                     {tree_ ? nullptr : repulsion_.data(), tree_ ? nullptr : Z_.data(),
                      q.n_charges > 1 ? global_force_.data() : nullptr, nullptr});
    const AlignedVector& parts = tree_ ? tree_sums_.Z_local : Z_;
    double Z = 0;
    for (size_t i = 0; i < n_; ++i) Z += parts[i];
    return Z;
  }

  /// Per point: sum over j of the charges' affinity times ln(1 + sigma^2 d^2).
  std::vector<double> charge_logs(const double* Y, const GlobalCharges& charges) {
    std::vector<double> logs(n_padded_, 0.0);
    if (charges.n_charges > 1) {
      GridSums<DIMS> grid(n_, charges.n_charges, o_.scale2, o_.accuracy);
      grid.evaluate(Y, charges.charges.data(), charges.constant, pool_, {nullptr, nullptr, nullptr, logs.data()});
    }
    return logs;
  }

  SparseAffinities a_;
  GlobalTerms terms_;
  std::unique_ptr<SectionGrid<DIMS>> sections_;
  SparseOptions o_;
  ThreadPool& pool_;
  size_t n_, n_padded_;
  GridSums<DIMS> grid_;
  std::unique_ptr<SpTree> tree_;
  TreeSums tree_sums_;
  std::vector<float> points_;  // the map by point
  AlignedVector repulsion_, global_force_, Z_;
  double exaggeration_ = 1;
};

}  // namespace spasne
