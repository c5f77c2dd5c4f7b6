// The objective over all pairs: exact sums, or Barnes-Hut, where repulsion and both normalisers come from the tree.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "../spasne.h"
#include "../sptree.h"
#include "affinities.h"
#include "objective.h"
#include "threads.h"

namespace spasne {

struct DenseOptions {
  int no_dims;
  double theta;  // 0: exact sums; above: Barnes-Hut
  double alpha, beta;
  double scale2;  // sigma^2

  /// Whether P and the global terms have the same kernel, so that the gradient needs nothing but
  /// W = exaggeration * P - alpha Pg - beta Ps.
  bool merges() const { return scale2 == 1 || (alpha == 0 && beta == 0); }
};

inline DenseOptions dense_options(const Options& o, Method method) {
  return {o.no_dims, method == Method::barnes_hut ? o.theta : 0, o.alpha, o.beta, o.global_scale * o.global_scale};
}

class DenseObjective : public Objective {
 public:
  /// W is kept in `matrix`, as large as P: memory that no other objective uses meanwhile, or P itself where no other
  /// objective needs P. Not used unless o.merges().
  DenseObjective(const DenseAffinities& affinities, double* matrix, const DenseOptions& o, ThreadPool& pool)
      : a_(affinities),
        n_dims_(static_cast<size_t>(o.no_dims)),
        o_(o),
        matrix_(matrix),
        pool_(pool),
        forces_(a_.n_chunks()),
        Z_(a_.n_chunks()) {
    const bool weights = o.alpha > 0 || o.beta > 0;
    weights_ = {weights ? a_.global.data() : nullptr, o.alpha, o.beta, a_.space()};
    if (o.theta > 0) tree_ = std::make_unique<SpTree>(a_.tiles.n_points, o.no_dims, o.theta);
    for (AlignedVector& f : forces_) f.resize(n_force_rows() * a_.tiles.n_padded);
  }

  void exaggerate(double factor) override {
    if (o_.merges() && (!merged_ || exaggeration_ != factor)) {
      const MergeInput input{current(), matrix_, merged_, exaggeration_, factor, weights_};
      const auto kernel = all_pairs_kernels().merge_weights;
      pool_.for_each_chunk(a_.n_chunks(),
                           [&](size_t chunk) { kernel(a_.tiles, input, a_.chunks[chunk], a_.chunks[chunk + 1]); });
      merged_ = true;
    }
    exaggeration_ = factor;
  }

  void gradient(const double* Y, double* gradient) override {
    const SymmetricTiles& t = a_.tiles;
    if (tree_) {
      tree_->build(Y);
      tree_->sum(o_.scale2, pool_, tree_sums_);
    }
    sum_pairs(Y);
    GlobalSum global = global_sum(Y, t.n_points, t.n_padded, n_dims_, o_.scale2);
    double Z = -static_cast<double>(t.n_padded);  // the diagonal
    for (double part : Z_) Z += part;
    if (tree_) {
      Z = global.Z = 0;
      for (size_t i = 0; i < t.n_points; ++i) {
        Z += tree_sums_.Z_local[i];
        global.Z += tree_sums_.Z_global[i];
      }
    }
    collect(Y, Z, global, gradient);
    if (own_space()) add_section_spread(a_.sections, {Y, t.n_padded, n_dims_}, o_.scale2, o_.beta, gradient);
  }

  CostParts cost(const double* Y, std::vector<double>* shares) override {
    const SymmetricTiles& t = a_.tiles;
    const CostInput input{current(), weights_, merged_, exaggeration_, o_.scale2, Y};
    const auto kernel = all_pairs_kernels().cost_sums[n_dims_ - 1];
    std::vector<AlignedVector> parts(a_.n_chunks()), totals(a_.n_chunks());
    pool_.for_each_chunk(a_.n_chunks(), [&](size_t chunk) {
      parts[chunk].assign(t.n_padded, 0.0);
      totals[chunk].assign(4, 0.0);
      kernel(t, input, a_.chunks[chunk], a_.chunks[chunk + 1], parts[chunk].data(), totals[chunk].data());
    });
    AlignedVector share(t.n_padded), total(4);
    detail::add_in_order(parts, share);
    detail::add_in_order(totals, total);
    return combine_cost(Y, share, total, shares);
  }

 private:
  /// Whether the spatial term has a normaliser of its own, in closed form, instead of the global one.
  bool own_space() const { return a_.sections.several() && o_.beta > 0; }

  size_t n_force_rows() const { return tree_ ? n_dims_ : 2 * n_dims_; }

  /// W once it is made, P before.
  const double* current() const { return merged_ ? matrix_ : a_.local.data(); }

  void sum_pairs(const double* Y) {
    const SymmetricTiles& t = a_.tiles;
    const auto kernel = all_pairs_kernels().pair_sums[n_dims_ - 1][!tree_][!o_.merges()];
    pool_.for_each_chunk(a_.n_chunks(), [&](size_t chunk) {
      double* forces = forces_[chunk].data();
      const size_t from = first_point(chunk);
      for (size_t k = 0; k < n_force_rows(); ++k)
        std::fill(forces + k * t.n_padded + from, forces + (k + 1) * t.n_padded, 0.0);
      const PairSums sums{current(), weights_, exaggeration_, o_.scale2, Y, forces};
      Z_[chunk] = kernel(t, sums, a_.chunks[chunk], a_.chunks[chunk + 1]);
    });
  }

  /// The first point that a chunk's sums touch.
  size_t first_point(size_t chunk) const { return a_.tiles.diagonal_panel(a_.chunks[chunk]) * LANES; }

  /// gradient = attraction - repulsion / Z + (alpha + beta) sigma^2 (N y - sum y) / Zg, the chunks' parts added in
  /// order; without beta's part where the spatial term has its own.
  void collect(const double* Y, double Z, const GlobalSum& global, double* gradient) {
    const SymmetricTiles& t = a_.tiles;
    const double spread = (own_space() ? o_.alpha : o_.alpha + o_.beta) * o_.scale2 / global.Z;
    const size_t RANGE = 512;
    pool_.for_each_range(t.n_padded, RANGE, [&](size_t begin, size_t end) {
      for (size_t axis = 0; axis < n_dims_; ++axis) {
        const double* y = Y + axis * t.n_padded;
        double* g = gradient + axis * t.n_padded;
        double repulsion[RANGE] = {};
        std::fill(g + begin, g + end, 0.0);
        for (size_t chunk = 0; chunk < a_.n_chunks(); ++chunk) {
          const size_t from = std::max(begin, first_point(chunk));
          if (from >= end) break;
          const double* attraction = forces_[chunk].data() + axis * t.n_padded;
          for (size_t i = from; i < end; ++i) g[i] += attraction[i];
          if (tree_) continue;
          const double* part = forces_[chunk].data() + (n_dims_ + axis) * t.n_padded;
          for (size_t i = from; i < end; ++i) repulsion[i - begin] += part[i];
        }
        const double* sums = tree_ ? tree_sums_.force.data() + axis * t.n_padded + begin : repulsion;
        for (size_t i = begin; i < end; ++i)
          g[i] += spread * (static_cast<double>(t.n_points) * y[i] - global.axis_sum[axis]) - sums[i - begin] / Z;
        for (size_t i = std::max(begin, t.n_points); i < end; ++i) g[i] = 0;
      }
    });
  }

  CostParts combine_cost(const double* Y, const AlignedVector& share, const AlignedVector& total,
                         std::vector<double>* shares) const {
    const SymmetricTiles& t = a_.tiles;
    const double log_Z = std::log(total[0]);
    const double log_Zg = std::log(global_sum(Y, t.n_points, t.n_padded, n_dims_, o_.scale2).Z);
    const double log_Zs =
        own_space() ? std::log(section_sums(a_.sections, {Y, t.n_padded, n_dims_}, o_.scale2).Z) : log_Zg;
    CostParts cost;
    for (size_t i = 0; i < t.n_points; ++i) {
      const double local = a_.of_local.weighted(1, i, log_Z);
      const double global = a_.of_expression.weighted(o_.alpha, i, log_Zg);
      const double space = a_.of_space.weighted(o_.beta, i, log_Zs);
      if (shares) (*shares)[i] = local + global + space + share[i];
      cost.total += local + global + space + share[i];
      cost.local += local;
      cost.global += global;
      cost.space += space;
    }
    cost.local += total[1];
    cost.space -= total[3];
    cost.global -= total[2] - total[3];
    return cost;
  }

  const DenseAffinities& a_;
  size_t n_dims_;
  DenseOptions o_;
  double* matrix_;
  GlobalWeights weights_;
  bool merged_ = false;
  double exaggeration_ = 1;
  ThreadPool& pool_;
  std::unique_ptr<SpTree> tree_;
  TreeSums tree_sums_;
  std::vector<AlignedVector> forces_;  // per chunk: attraction and, without a tree, repulsion
  std::vector<double> Z_;              // per chunk
};

}  // namespace spasne
