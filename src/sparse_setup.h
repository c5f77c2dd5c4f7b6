// From a problem to the objective of method `interpolation`: order of points, neighbours, affinities, charges, start.
#pragma once

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "../spasne.h"
#include "neighbours.h"
#include "point_order.h"
#include "principal_axes.h"
#include "sparse_objective.h"
#include "text.h"

namespace spasne {

constexpr double DEFAULT_THETA = 0.5;  // of the tree, where theta is 0

struct SparseSetup {
  std::unique_ptr<Objective> objective;
  std::vector<size_t> order;  // order[place] = point
  std::vector<double> start;  // in that order
};

namespace detail {

/// Neighbours of each point: the caller's, or those that count at this perplexity.
inline size_t neighbours_for(const Problem& p, double perplexity) {
  if (p.n_neighbours > 0) return p.n_neighbours;
  return std::min(p.n_points - 1, static_cast<size_t>(std::floor(3 * perplexity)));
}

/// The caller's graph in the new order of points, its distances in units of the scaled X.
inline NeighbourGraph reorder_graph(const Problem& p, const std::vector<size_t>& order, double scale) {
  const size_t k = p.n_neighbours;
  std::vector<uint32_t> place(order.size());
  for (size_t at = 0; at < order.size(); ++at) place[order[at]] = static_cast<uint32_t>(at);
  NeighbourGraph graph;
  graph.n_points = p.n_points;
  graph.k = k;
  graph.index.resize(p.n_points * k);
  graph.distance2.resize(p.n_points * k);
  for (size_t at = 0; at < order.size(); ++at)
    for (size_t c = 0; c < k; ++c) {
      const size_t from = order[at] * k + c, to = at * k + c;
      graph.index[to] = place[static_cast<size_t>(p.neighbour_index[from])];
      const double distance = static_cast<double>(p.neighbour_distance[from]) / scale;
      graph.distance2[to] = static_cast<float>(distance * distance);
    }
  return graph;
}

inline NeighbourGraph find_graph(const Problem& p, const Options& o, const std::vector<size_t>& order, double scale,
                                 ThreadPool& pool, const Listener& listener) {
  if (p.n_neighbours > 0) return reorder_graph(p, order, scale);
  const size_t k = neighbours_for(p, o.perplexity);
  if (listener.note) listener.note("finding " + text(k) + " neighbours of each point");
  int tenth = 0;
  return nearest_neighbours(p.X, p.n_points, p.n_features, k, pool, [&](double share) {
    if (!listener.note || share * 10 < tenth + 1) return;
    tenth = static_cast<int>(share * 10);
    listener.note("neighbours: " + text(tenth * 10) + " %");
  });
}

template <int DIMS>
std::unique_ptr<Objective> make_sparse_objective(SparseAffinities affinities, const Problem& p, const Options& o,
                                                 ThreadPool& pool) {
  const SparseOptions options{o.theta > 0 ? o.theta : DEFAULT_THETA, o.alpha, o.beta, o.global_scale * o.global_scale,
                              o.accuracy};
  Sections sections(p.sections, p.n_points);
  std::unique_ptr<SectionGrid<DIMS>> section_grid;
  ChargeOptions charge_options{o.alpha, o.beta, o.space_offset};
  if (sections.several() && o.beta > 0) {
    section_grid = std::make_unique<SectionGrid<DIMS>>(std::move(sections), p.S, p.n_space, o.beta, o.space_offset,
                                                       options.scale2, options.accuracy, pool);
    charge_options.beta = 0;
  }
  GlobalTerms terms;
  terms.charges = global_charges(p.X, p.n_features, p.S, p.n_space, p.n_points, charge_options);
  terms.expression = pair_entropies(p.X, p.n_points, p.n_features, 1, charge_options.alpha, pool);
  terms.space = pair_entropies(p.S, p.n_points, p.n_space, o.space_offset, charge_options.beta, pool);
  charge_options.alpha = 0;
  terms.space_charges = global_charges(p.X, p.n_features, p.S, p.n_space, p.n_points, charge_options);
  return std::make_unique<SparseObjective<DIMS>>(std::move(affinities), std::move(terms), std::move(section_grid),
                                                 options, pool);
}

}  // namespace detail

/// The problem is taken over and reordered.
inline SparseSetup set_up_sparse(Problem p, const Options& o, ThreadPool& pool, const Listener& listener) {
  const size_t n = p.n_points, d = static_cast<size_t>(o.no_dims);
  SparseSetup setup;
  const double scale = centre_and_scale(p.X, n, p.n_features);
  centre_columns(p.S, n, p.n_space);
  setup.order = tree_order(p.X, n, p.n_features);
  const std::vector<double> start =
      o.start.empty() ? start_from_columns(principal_scores(p.X, n, p.n_features, d, pool), n, d, o.no_dims) : o.start;
  setup.start = take_rows(start, setup.order, d);
  p.X = take_rows(p.X, setup.order, p.n_features);
  p.S = take_rows(p.S, setup.order, p.n_space);
  if (!p.sections.empty()) p.sections = take_rows(p.sections, setup.order, 1);
  SparseAffinities affinities;
  {
    const NeighbourGraph graph = detail::find_graph(p, o, setup.order, scale, pool, listener);
    affinities = sparse_affinities(graph, o.perplexity, pool);
  }
  const auto make = d == 1   ? detail::make_sparse_objective<1>
                    : d == 2 ? detail::make_sparse_objective<2>
                             : detail::make_sparse_objective<3>;
  setup.objective = make(std::move(affinities), p, o, pool);
  return setup;
}

}  // namespace spasne
