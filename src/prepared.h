// What all runs of a problem share: affinities over all pairs or over neighbours, the order of points, their starts.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../spasne.h"
#include "affinities.h"
#include "beginning.h"
#include "clock.h"
#include "dense_objective.h"
#include "memory.h"
#include "method.h"
#include "objective.h"
#include "sections.h"
#include "sparse_objective.h"
#include "sparse_problem.h"
#include "starts.h"
#include "text.h"
#include "threads.h"

namespace spasne {

/// Made by prepare(); `dense` or `sparse` is there, as the method asks.
struct Prepared {
  Method method = Method::exact;
  size_t n_points = 0;
  std::unique_ptr<DenseAffinities> dense;
  std::unique_ptr<SparseProblem> sparse;
  std::vector<size_t> order;        // of places: order[place] = point; empty: places are points
  std::vector<double> start;        // the caller's, by place, row by row; empty: none
  std::vector<double> other_start;  // Starts::other
  double seconds = 0;               // that making this took

  // Of dense methods, for mixed starts: X and S as the sparse problem has them, and the sections.
  std::vector<double> X, S;
  size_t n_features = 0, n_space = 0;
  double space_offset = 1;
  Sections sections{{}, 0};

  /// Where a run of published steps begins.
  Starts starts(const Options& o, int seed, ThreadPool& pool) const {
    Starts made{MapState(n_points, o.no_dims), other_start};
    made.first.set_rows(!start.empty()          ? start
                        : !o.start_name.empty() ? published_start(material(), o, pool)
                        : sparse                ? principal_start(*sparse, o.no_dims, pool)
                                                : random_start(n_points, o.no_dims, seed));
    if (!o.start.empty() && o.max_iter > 0) made.first.centre();
    return made;
  }

  /// Where a run of fast steps begins. X must not have been freed.
  FastBeginning fast_start(const Options& o, int seed, ThreadPool& pool) const {
    return fast_beginning(material(), o, start, seed, pool);
  }

  StartMaterial material() const {
    if (sparse)
      return {{sparse->X, sparse->n_features}, {sparse->S, sparse->n_space}, sparse->space_offset, sparse->sections};
    return {{X, n_features}, {S, n_space}, space_offset, sections};
  }

  /// The objective of one of several runs. `matrix`: as large as P, for this run alone; unused where DenseOptions does
  /// not merge, and by sparse sums.
  std::unique_ptr<Objective> objective(const Options& o, double* matrix, ThreadPool& pool) const {
    if (sparse) return std::make_unique<SparseObjective>(*sparse, o, pool);
    return std::make_unique<DenseObjective>(*dense, matrix, dense_options(o, method), pool);
  }

  /// The objective of the only run there is: it may write over P, and X is freed once it is in the charges.
  std::unique_ptr<Objective> only_objective(const Options& o, ThreadPool& pool) {
    std::unique_ptr<Objective> made = objective(o, dense ? dense->local.data() : nullptr, pool);
    if (sparse) std::vector<double>().swap(sparse->X);
    return made;
  }
};

namespace detail {

/// Centres the positions within each of several sections: what lies between them means nothing.
inline void centre_sections(Problem& p, const Note& note) {
  const Sections sections(p.sections, p.n_points);
  if (!sections.several()) return;
  centre_within(p.S, p.n_space, sections);
  if (note) note(text(sections.members.size()) + " sections: spatial pairs within each, normalised in closed form");
}

/// Whether starts are made of X and S, which a dense method has no other use for by then.
inline bool needs_material(const Options& o) { return o.steps == Steps::fast || !o.start_name.empty(); }

inline void keep_material(Prepared& made, const Problem& p, const Options& o) {
  made.X = p.X;
  made.S = p.S;
  made.n_features = p.n_features;
  made.n_space = p.n_space;
  made.space_offset = o.space_offset;
  made.sections = Sections(p.sections, p.n_points);
  centre_and_scale(made.X, p.n_features);
  centre_columns(made.S, p.n_space);
}

inline void prepare_dense(Prepared& made, Problem p, const Options& o, UsedTerms used, ThreadPool& pool) {
  made.other_start = start_from_columns({p.S, p.n_space}, o.no_dims);
  made.start = o.start;
  if (needs_material(o)) keep_material(made, p, o);
  const bool global_terms = used.expression || used.space;
  made.dense = std::make_unique<DenseAffinities>(
      dense_affinities(std::move(p), {o.perplexity, o.space_offset, global_terms}, pool));
}

}  // namespace detail

/// Bytes that the shared part of a problem's runs takes.
inline double shared_need(const Problem& p, const Options& o, Method method) {
  if (method == Method::interpolation)
    return sparse_need(p.n_points, p.n_features, detail::neighbours_for(p, o.perplexity));
  const double kept = detail::needs_material(o) ? 8.0 * static_cast<double>(p.X.size() + p.S.size()) : 0;
  return dense_need(p.n_points, p.n_features) + kept;
}

inline Prepared prepare(Problem p, const Options& o, UsedTerms used, ThreadPool& pool, const Note& note) {
  const Clock::time_point start = Clock::now();
  Prepared made;
  made.method = chosen_method(o, p.n_points);
  made.n_points = p.n_points;
  detail::centre_sections(p, note);
  require_memory(p.n_points, shared_need(p, o, made.method));
  if (made.method == Method::interpolation) {
    made.sparse = std::make_unique<SparseProblem>(sparse_problem(std::move(p), o, used, pool, note));
    made.order = std::move(made.sparse->order);
    if (!o.start.empty()) made.start = take_rows(o.start, made.order, static_cast<size_t>(o.no_dims));
  } else {
    detail::prepare_dense(made, std::move(p), o, used, pool);
  }
  made.seconds = seconds_since(start);
  return made;
}

}  // namespace spasne
