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
#include "map_state.h"
#include "objective.h"
#include "race.h"
#include "safe_descent.h"
#include "text.h"
#include "threads.h"

namespace spasne {

constexpr double REST_OF_EXACT = 1e-6;      // FastDescent::tolerance where sums are exact
constexpr double REST_PER_ACCURACY = 3e-2;  // times the accuracy, elsewhere

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
  d.tolerance = run.method == Method::exact ? REST_OF_EXACT : REST_PER_ACCURACY * accuracy;
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

inline MapState single_start(QuasiNewton& descent, const NamedStart& start, const Options& o, size_t n_points) {
  MapState map(n_points, o.no_dims);
  map.set_rows(start.rows);
  if (start.gathers && o.max_iter > 0) {
    FastDescent d;
    d.exaggeration = o.exaggeration;
    d.max_gradients = gathering(o, n_points);
    descent.descend(map, d);
    descent.widen(map);
  }
  return map;
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
  // Without rivals, a start from a sample's map that gathers is judged and shaken as a winner is.
  const bool sampled = !from.contenders.empty(), gathers = from.starts[0].gathers;
  if (from.starts.size() > 1 || (sampled && gathers)) {
    const Race race(descent, o, n_points, listener.note);
    RaceRules rules;
    rules.shakes = gathers || !sampled;
    rules.gathers_again = !sampled && n_points > MANY && !is_compact(o, n_points);
    reached.map = std::move(race.run(from.starts, from.sample.get(), record.contenders, rules)[0].map);
  } else {
    reached.map = detail::single_start(descent, from.starts[0], o, n_points);
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
