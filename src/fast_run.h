// A run of fast steps: a race where there are several starts, then the descent to the end.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "../spasne.h"
#include "beginning.h"
#include "clock.h"
#include "descent_choice.h"
#include "fast_descent.h"
#include "gathering.h"
#include "map_state.h"
#include "method.h"
#include "objective.h"
#include "race.h"
#include "safe_descent.h"
#include "text.h"
#include "threads.h"

namespace spasne {

// FastDescent::tolerance where sums are exact; elsewhere, times the accuracy. Under global terms a map that falls that
// slowly only shifts in large parts, by less than its scores show (benchmarks/README.md); one of t-SNE still spreads.
constexpr double REST_OF_EXACT = 1e-6, REST_PER_ACCURACY = 0.1, REST_PER_ACCURACY_OF_TSNE = 3e-2;

/// What a run of fast steps is told.
struct FastRun {
  const Options& options;
  Method method;
  const Snapshots& snapshots;
};

namespace detail {

inline FastDescent last_descent(const FastRun& run, size_t n_points) {
  const Options& o = run.options;
  FastDescent d;
  d.max_gradients = o.max_iter;
  d.snapshots = run.snapshots;
  d.preconditioned = attraction_decides(o, n_points);
  const double accuracy = std::min(o.accuracy, COARSEST_REST);
  const double rest = (is_tsne(o) ? REST_PER_ACCURACY_OF_TSNE : REST_PER_ACCURACY) * accuracy;
  d.tolerance = run.method == Method::exact ? REST_OF_EXACT : rest;
  if (!std::isnan(o.stop_tolerance)) d.tolerance = o.stop_tolerance;
  return d;
}

/// Reports costs to the listener as the published steps do, at REPORT_EVERY gradients.
inline CostObserver reporter(const Listener& listener) {
  if (!listener.progress) return {};
  return [&listener, last = 0, time = Clock::now()](int n_gradients, double cost) mutable {
    if (n_gradients - last < REPORT_EVERY) return;
    listener.progress({n_gradients, cost, n_gradients - last, seconds_since(time)});
    last = n_gradients;
    time = Clock::now();
  };
}

/// The one map of a race on a sample, extended to all points: gathers, and is told of with what it reached.
inline Contender anneal_sampled(const std::string& name, QuasiNewton& descent, Objective& objective, MapState& map,
                                const Listener& listener, const Options& o) {
  const int n_gradients = anneal(descent, map, o);
  const double cost = objective.cost(map.Y.data(), nullptr).total;
  if (listener.note) listener.note("gathered in " + text(n_gradients) + " gradients: cost " + text(cost));
  return {name, cost, n_gradients, map.n_points};
}

}  // namespace detail

inline Descended descend_fast(Objective& objective, const FastBeginning& from, const FastRun& run,
                              const Listener& listener, ThreadPool& pool) {
  const Options& o = run.options;
  const size_t n_points = from.starts[0].rows.size() / static_cast<size_t>(o.no_dims);
  Descended reached{MapState(n_points, o.no_dims), {}};
  Record& record = reached.record;
  record.steps = Steps::fast;
  record.learning_rate = 0;
  QuasiNewton descent(objective, reached.map.Y.size(), pool);
  const bool sampled = !from.contenders.empty();
  const NamedStart& alone = from.starts[0];
  if (from.starts.size() > 1) {
    const Race race(descent, o, n_points, listener.note);
    RaceRules rules;
    rules.shakes = !sampled;
    rules.gathers_again = !sampled && n_points > MANY && !is_compact(o, n_points);
    reached.map = std::move(race.run(from.starts, from.sample.get(), record.contenders, rules)[0].map);
  } else {
    reached.map.set_rows(alone.rows);
    const bool gathers = alone.gathers && o.max_iter > 0;
    if (gathers && sampled)
      record.contenders.push_back(detail::anneal_sampled(alone.name, descent, objective, reached.map, listener, o));
    else if (gathers)
      gather(descent, reached.map, o, gathering(o, n_points));
  }
  record.contenders.insert(record.contenders.end(), from.contenders.begin(), from.contenders.end());
  if (o.max_iter > 0 && !objective.resolves(reached.map.Y.data())) {
    if (listener.note) listener.note("the start is wider than the grid of this method: made compact");
    std::vector<double> rows = compact(reached.map).rows();
    detail::grow(rows, n_points, from.natural_size);
    reached.map.set_rows(rows);
  }
  const FastOutcome out = descent.descend(reached.map, detail::last_descent(run, n_points), detail::reporter(listener));
  record.n_iter = out.n_gradients;
  record.converged = out.converged;
  record.stopped = out.stopped;
  record.longest_step = out.longest_move;
  if (out.converged && listener.note) listener.note("converged after " + text(out.n_gradients) + " gradients");
  return reached;
}

}  // namespace spasne
