// A descent that does not end in a failed map.
//
// With large alpha the published optimiser throws points to |y| ~ 100, where forces vanish, in bursts at any time of
// the run; often they return and sometimes they do not ("embedding failure"). Neither the longest step nor the spread
// of radii tells the two apart, but the cost does: PROBE_ITERATIONS iterations with limited steps, from the same start,
// reach a cost that every healthy run ends below. A run that ends above it has failed and is repeated with limited
// steps (docs/failures.md has the measurements).
#pragma once

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "clock.h"
#include "optimiser.h"
#include "text.h"

namespace spasne {

constexpr double STEP_LIMIT = 0.05;    // of a compact map's size
constexpr int PROBE_ITERATIONS = 100;  // half of them with the early momentum; none exaggerated
constexpr double FAILED = 1.005;       // times the probe's cost, at the end
constexpr double HOPELESS = 1.5;       // times the probe's cost, at two reports in a row ...
constexpr double FALLING = 0.95;       // ... the second not below this share of the first: small maps do come back
constexpr double WIDE = 10;            // root-mean-square radius above which a start is no measure of anything

/// Factor on P in the early iterations of a repeat: where the global term weighs much it settles first, and seeds end
/// in the same map; where it weighs little an understatement of P would tear neighbours apart.
inline double repeat_exaggeration(double alpha) { return std::min(1.0, std::max(0.25, 3 / alpha)); }

namespace detail {

/// Infinite for a map whose cost is not finite: whatever is compared with it is better.
inline double total_cost(Objective& objective, const MapState& map) {
  const double cost = map.finite() ? objective.cost(map.Y.data(), nullptr).total : INFINITY;
  return std::isfinite(cost) ? cost : INFINITY;
}

/// The cost that a short descent with limited steps reaches.
inline double probe(Objective& objective, MapState map, const Descent& full) {
  Descent d = full;
  d.max_iter = PROBE_ITERATIONS;
  d.early_iterations = PROBE_ITERATIONS / 2;
  d.exaggeration = 1;
  d.rest = {};
  d.snapshots = {};
  d.step_limit = {STEP_LIMIT, true};
  descend(objective, map, d, {});
  return total_cost(objective, map);
}

/// Reports progress and, where a probe's start is given, judges the run once exaggeration is over.
class Watch {
 public:
  Watch(Objective& objective, const MapState& map, const Descent& descent, const MapState* start,
        const Listener& listener)
      : objective_(objective), map_(map), descent_(descent), start_(start), listener_(listener) {}

  bool operator()(int iter, bool last) {
    const bool judging = start_ && iter > descent_.early_iterations;
    if (!listener_.progress && !judging) return true;
    const double cost = total_cost(objective_, map_);
    if (listener_.progress) {
      listener_.progress({iter, cost, iter - last_iter_, seconds_since(last_time_)});
      last_iter_ = iter;
      last_time_ = Clock::now();
    }
    return !judging || promising(cost, last);
  }

  bool failed() const { return failed_; }
  std::string why() const { return why_; }
  double reference() const { return reference_; }  // the probe's cost; NAN: not judged

 private:
  bool promising(double cost, bool last) {
    if (std::isnan(reference_)) reference_ = probe(objective_, *start_, descent_);
    stuck_in_a_row_ = cost > HOPELESS * reference_ && cost > FALLING * last_cost_ ? stuck_in_a_row_ + 1 : 0;
    last_cost_ = cost;
    failed_ = stuck_in_a_row_ >= 2 || (last && cost > FAILED * reference_);
    if (failed_)
      why_ = "cost " + text(cost) + ", where " + text(PROBE_ITERATIONS) + " limited steps reach " + text(reference_);
    return !failed_;
  }

  Objective& objective_;
  const MapState& map_;
  const Descent& descent_;
  const MapState* start_;
  const Listener& listener_;
  double reference_ = NAN, last_cost_ = 0;
  int stuck_in_a_row_ = 0, last_iter_ = 0;
  bool failed_ = false;
  std::string why_;
  Clock::time_point last_time_ = Clock::now();
};

[[noreturn]] inline void not_finite(int n_iter) {
  throw std::runtime_error("the map is no longer finite after " + text(n_iter) +
                           " iterations; smaller weights, another start or a smaller step limit may help");
}

struct Verdict {
  bool failed = false;
  std::string why;
  double reference = NAN;  // the probe's cost, where one was made
};

/// One attempt, judged where a probe's start is given.
inline Verdict attempt(Objective& objective, MapState& map, const Descent& d, const MapState* start,
                       const Listener& listener, Result& result) {
  result.max_step = d.step_limit.length;
  Watch watch(objective, map, d, start, listener);
  const Outcome outcome = descend(objective, map, d, std::ref(watch));
  if (!outcome.finite && !start) not_finite(outcome.n_iter);
  result.n_iter = outcome.n_iter;
  result.converged = outcome.converged;
  result.stopped = outcome.stopped;
  result.longest_step = outcome.longest_step;
  return {!outcome.finite || watch.failed(), outcome.finite ? watch.why() : "no longer finite", watch.reference()};
}

/// Descends from `start` with limited steps, first with the repeat's exaggeration and, should that end above the
/// probe's cost `reference`, as the probe did, with none. Keeps the map of lowest cost, `map` included, or the one the
/// caller stopped at, and its record.
inline void repeat(Objective& objective, MapState& map, const MapState& start, double reference, Descent d,
                   const Listener& listener, Result& result) {
  d.step_limit = {STEP_LIMIT, true, true};
  double best = total_cost(objective, map);
  for (const double exaggeration : {d.repeat_exaggeration, 1.0}) {
    d.exaggeration = exaggeration;
    MapState candidate = start;
    Result record = result;
    attempt(objective, candidate, d, nullptr, listener, record);
    const double cost = total_cost(objective, candidate);
    if (cost <= best || record.stopped) {
      best = cost;
      map = candidate;
      result = record;
    }
    if (best <= FAILED * reference || result.stopped) break;
  }
  result.repeated = true;
}

}  // namespace detail

/// Runs the descent; where `automatic`, a failed run is repeated from the same start with limited steps. Limited steps
/// can leave a point stranded on the wrong side of the map, so the repeat is in turn held against a probe from
/// `other_start` (by point, row-major; empty: none), and made from there if that is better. The map of lowest cost is
/// kept. A run too short to have a late phase as long as the probe's is not judged. From a wide start, where forces
/// hardly act, the probe would fail as the run does: it and the repeat begin with the same start made compact, and so
/// does the run itself if the map is wider than the objective resolves.
inline void descend_safely(Objective& objective, MapState& map, const Descent& descent, bool automatic,
                           const std::vector<double>& other_start, const Listener& listener, Result& result) {
  const bool wide = map.rms_radius() > WIDE;
  const bool judge = automatic && (wide || !std::isfinite(descent.step_limit.length)) &&
                     descent.max_iter > descent.early_iterations + PROBE_ITERATIONS / 2;
  const MapState start = wide ? compact(map) : map;
  if (wide && descent.max_iter > 0 && !objective.resolves(map.Y.data())) {
    if (listener.note) listener.note("the start is wider than the grid of this method: made compact");
    map = start;
  }
  const detail::Verdict verdict = detail::attempt(objective, map, descent, judge ? &start : nullptr, listener, result);
  if (verdict.failed) {
    if (listener.note)
      listener.note("the map has failed (" + verdict.why + "): repeating from the same start" +
                    (wide ? ", made compact," : "") + " with steps of at most " + text(STEP_LIMIT));
    const double probed = std::isnan(verdict.reference) ? detail::probe(objective, start, descent) : verdict.reference;
    detail::repeat(objective, map, start, probed, descent, listener, result);
    if (result.stopped || other_start.empty()) return;
    MapState other = start;
    other.set_rows(other_start);
    const double reference = detail::probe(objective, other, descent);
    if (reference * FAILED < detail::total_cost(objective, map)) {
      if (listener.note) listener.note("a start from the positions reaches a lower cost: repeating from there");
      detail::repeat(objective, map, other, reference, descent, listener, result);
    }
  }
  if (result.converged && result.n_iter < descent.max_iter && listener.note)
    listener.note("converged after " + text(result.n_iter) + " iterations");
}

}  // namespace spasne
