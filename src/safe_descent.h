// A descent that does not end in a failed map.
//
// With large alpha the published optimiser throws points to |y| ~ 100, where forces vanish. This happens in bursts, at
// any time of the run; often the points return, and sometimes they do not ("embedding failure"). Neither the longest
// step nor the spread of radii tells the two apart, but the cost does (docs/failures.md has the measurements):
//
// 1. The run. It begins with the start it is given. A start so wide that forces hardly act there is no measure of
//    anything: the next steps then take the same start made compact, and so does the run itself where the map is wider
//    than the objective resolves.
// 2. The probe: PROBE_ITERATIONS iterations with limited steps, from the same start. Every healthy run ends below the
//    cost that they reach. The run is held against it once exaggeration is over, at each report; a run too short to
//    have a late phase as long as the probe's is not judged.
// 3. The repeat, if the run ends above the probe or is hopeless on the way: from the same start with limited steps,
//    first with an exaggeration that suits alpha and, should that too end above the probe, with none.
// 4. The other start. Limited steps can leave a point stranded on the wrong side of the map, so the repeat is held
//    against a probe from another start, and made again from there if that reached less.
//
// The map of lowest cost is kept.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "../spasne.h"
#include "clock.h"
#include "map_state.h"
#include "objective.h"
#include "optimiser.h"
#include "starts.h"
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

/// A map and how a descent came to it.
struct Descended {
  MapState map;
  Record record;
};

namespace detail {

/// Infinite for a map whose cost is not finite: whatever is compared with it is better.
inline double total_cost(Objective& objective, const MapState& map) {
  const double cost = map.finite() ? objective.cost(map.Y.data(), nullptr).total : INFINITY;
  return std::isfinite(cost) ? cost : INFINITY;
}

/// The cost that a short descent with limited steps reaches.
inline double probe(Objective& objective, MapState map, const Descent& full) {
  static_assert(PROBE_ITERATIONS <= 2 * REST_WINDOW, "a probe is over before its points could be found at rest");
  Descent d = full;
  d.max_iter = PROBE_ITERATIONS;
  d.early_iterations = PROBE_ITERATIONS / 2;
  d.exaggeration = 1;
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

/// What a run came to.
struct Attempt {
  Descended reached;
  bool failed = false;
  std::string why;
  double reference = NAN;  // the probe's cost, where one was made
};

class SafeDescent {
 public:
  SafeDescent(Objective& objective, const Descent& descent, const Listener& listener)
      : objective_(objective), descent_(descent), listener_(listener) {}

  Descended run(const Starts& starts) const {
    const bool wide = starts.first.rms_radius() > WIDE;
    const MapState start = wide ? compact(starts.first) : starts.first;
    const bool too_wide = wide && descent_.max_iter > 0 && !objective_.resolves(starts.first.Y.data());
    if (too_wide) note("the start is wider than the grid of this method: made compact");
    const MapState* judged = judges(wide) ? &start : nullptr;
    Attempt first = attempt(too_wide ? start : starts.first, descent_, judged);
    if (!first.failed) return first.reached;
    note("the first run was unstable (" + first.why + "): the map is made again from the same start" +
         (wide ? ", made compact," : "") + " with steps of at most " + text(STEP_LIMIT));
    const double reference = std::isnan(first.reference) ? probe(objective_, start, descent_) : first.reference;
    const Descended repeated = repeat(std::move(first.reached), start, reference);
    return repeated.record.stopped || starts.other.empty() ? repeated : from_other_start(repeated, starts.other);
  }

 private:
  bool judges(bool wide) const {
    return descent_.repeats_failed && (wide || !std::isfinite(descent_.step_limit.length)) &&
           descent_.max_iter > descent_.early_iterations + PROBE_ITERATIONS / 2;
  }

  /// One run, judged where a probe's start is given.
  Attempt attempt(MapState map, const Descent& d, const MapState* start) const {
    Watch watch(objective_, map, d, start, listener_);
    const Outcome outcome = descend(objective_, map, d, std::ref(watch));
    if (!outcome.finite && !start)
      throw std::runtime_error("the map is no longer finite after " + text(outcome.n_iter) +
                               " iterations; smaller weights, another start or a smaller step limit may help");
    Record record;
    record.n_iter = outcome.n_iter;
    record.converged = outcome.converged;
    record.stopped = outcome.stopped;
    record.max_step = d.step_limit.length;
    record.learning_rate = d.learning_rate;
    record.longest_step = outcome.longest_step;
    return {{std::move(map), record},
            !outcome.finite || watch.failed(),
            outcome.finite ? watch.why() : "no longer finite",
            watch.reference()};
  }

  /// The map of lowest cost, `best` among them, or the one that the caller stopped at. reference: the probe's cost.
  Descended repeat(Descended best, const MapState& start, double reference) const {
    Descent d = descent_;
    d.step_limit = {STEP_LIMIT, true, true};
    double lowest = total_cost(objective_, best.map);
    for (const double exaggeration : {d.repeat_exaggeration, 1.0}) {
      d.exaggeration = exaggeration;
      Descended candidate = attempt(start, d, nullptr).reached;
      const double cost = total_cost(objective_, candidate.map);
      if (cost <= lowest || candidate.record.stopped) {
        lowest = cost;
        best = std::move(candidate);
      }
      if (lowest <= FAILED * reference || best.record.stopped) break;
    }
    best.record.repeated = true;
    return best;
  }

  Descended from_other_start(Descended best, const std::vector<double>& rows) const {
    MapState other(best.map.n_points, static_cast<int>(best.map.n_dims));
    other.set_rows(rows);
    const double reference = probe(objective_, other, descent_);
    if (reference * FAILED >= total_cost(objective_, best.map)) return best;
    note("a start from the positions reaches a lower cost: repeating from there");
    return repeat(std::move(best), other, reference);
  }

  void note(const std::string& line) const {
    if (listener_.note) listener_.note(line);
  }

  Objective& objective_;
  const Descent& descent_;
  const Listener& listener_;
};

}  // namespace detail

/// Descends as the head of this file says: in step 1 alone where the descent does not repeat failed maps.
inline Descended descend_safely(Objective& objective, const Starts& starts, const Descent& descent,
                                const Listener& listener) {
  const Descended reached = detail::SafeDescent(objective, descent, listener).run(starts);
  if (reached.record.converged && reached.record.n_iter < descent.max_iter && listener.note)
    listener.note("converged after " + text(reached.record.n_iter) + " iterations");
  return reached;
}

}  // namespace spasne
