// What method `interpolation` computes once for all weights of the global terms: order of points, neighbours,
// affinities, entropies, start.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../spasne.h"
#include "approximate_neighbours.h"
#include "clock.h"
#include "neighbours.h"
#include "objective.h"
#include "pair_entropies.h"
#include "point_order.h"
#include "principal_axes.h"
#include "rows.h"
#include "sections.h"
#include "sparse_affinities.h"
#include "starts.h"
#include "text.h"

namespace spasne {

/// Everything by place in the new order of points; X and S are centred, X is scaled.
struct SparseProblem {
  std::vector<size_t> order;  // order[place] = point
  SparseAffinities affinities;
  Search search;
  size_t n_points, n_features, n_space;
  std::vector<double> X, S;
  double space_offset;
  Sections sections;
  Entropies expression, space;  // of Pg, and of Ps where there is one section; empty where not needed
};

namespace detail {

/// Neighbours of each point: the caller's, or those that count at this perplexity.
inline size_t neighbours_for(const Problem& p, double perplexity) {
  if (p.n_neighbours > 0) return p.n_neighbours;
  return std::min(p.n_points - 1, static_cast<size_t>(std::floor(3 * perplexity)));
}

/// Work, in n^2 D, up to which exact neighbours cost a few seconds of two cores at most.
constexpr double FEW_SECONDS = 2.5e11;

inline bool search_is_exact(const Problem& p, const Options& o) {
  if (o.neighbours != Neighbours::automatic) return o.neighbours == Neighbours::exact;
  const double n = static_cast<double>(p.n_points);
  return n * n * static_cast<double>(p.n_features) <= FEW_SECONDS;
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

/// Tells the share of neighbours found, at every tenth.
inline ShareDone in_tenths(const Note& note) {
  if (!note) return {};
  int tenth = 0;
  return [note, tenth](double share) mutable {
    if (share * 10 < tenth + 1) return;
    tenth = static_cast<int>(share * 10);
    note("neighbours: " + text(tenth * 10) + " %");
  };
}

inline NeighbourGraph find_graph(const Problem& p, const Options& o, ThreadPool& pool, const Note& note,
                                 Search& search) {
  const size_t k = search.k;
  if (note) note("finding " + text(k) + " neighbours of each point");
  const Rows X{p.X, p.n_features};
  SearchRecord record;
  NeighbourGraph graph = search_is_exact(p, o) ? nearest_neighbours(X, k, pool, in_tenths(note))
                                               : approximate_neighbours(X, k, pool, in_tenths(note), record);
  search.kind = record.exact ? "exact" : "approximate";
  search.recall = record.recall;
  if (note && !record.exact) {
    char line[80];
    std::snprintf(line, sizeof line, "approximate neighbours: %.1f %% of the true ones", 100 * record.recall);
    note(line);
  }
  return graph;
}

/// Of the problem in the new order of points; of X, `scale` times as large when it was given.
inline NeighbourGraph make_graph(const Problem& p, const Options& o, const std::vector<size_t>& order, double scale,
                                 ThreadPool& pool, const Note& note, Search& search) {
  const Clock::time_point start = Clock::now();
  search = {"given", neighbours_for(p, o.perplexity), 1, 0};
  NeighbourGraph graph = p.n_neighbours > 0 ? reorder_graph(p, order, scale) : find_graph(p, o, pool, note, search);
  search.seconds = seconds_since(start);
  return graph;
}

}  // namespace detail

/// The problem is taken over and reordered.
inline SparseProblem sparse_problem(Problem p, const Options& o, UsedTerms used, ThreadPool& pool, const Note& note) {
  const size_t n = p.n_points;
  const double scale = centre_and_scale(p.X, p.n_features);
  centre_columns(p.S, p.n_space);
  const std::vector<size_t> order = tree_order({p.X, p.n_features});
  p.X = take_rows(p.X, order, p.n_features);
  p.S = take_rows(p.S, order, p.n_space);
  if (!p.sections.empty()) p.sections = take_rows(p.sections, order, 1);
  Search search;
  SparseAffinities affinities =
      sparse_affinities(detail::make_graph(p, o, order, scale, pool, note, search), o.perplexity, pool);
  SparseProblem made{order,
                     std::move(affinities),
                     std::move(search),
                     n,
                     p.n_features,
                     p.n_space,
                     std::move(p.X),
                     std::move(p.S),
                     o.space_offset,
                     Sections(p.sections, n),
                     {},
                     {}};
  if (used.expression) made.expression = pair_entropies({made.X, made.n_features}, 1, pool);
  if (used.space && !made.sections.several())
    made.space = pair_entropies({made.S, made.n_space}, made.space_offset, pool);
  return made;
}

/// The published steps' start of method interpolation: principal axes, at the spread of a random start.
inline std::vector<double> principal_start(const SparseProblem& p, int no_dims, ThreadPool& pool) {
  const size_t d = static_cast<size_t>(no_dims);
  return start_from_columns({principal_scores({p.X, p.n_features}, d, pool), d}, no_dims);
}

}  // namespace spasne
