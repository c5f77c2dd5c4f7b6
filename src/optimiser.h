// Gradient descent with momentum and gains, as published, with an optional limit on the length of a step.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>

#include "../spasne.h"
#include "map_state.h"
#include "objective.h"

namespace spasne {

// Delta-bar-delta gains (Jacobs 1988) and momentum, with the constants of t-SNE (van der Maaten 2014) as SpaSNE changed
// them.
constexpr double LEARNING_RATE = 500;
constexpr double GAIN_STEP = 0.15, GAIN_DECAY = 0.85, GAIN_FLOOR = 0.01;
constexpr double MOMENTUM_EARLY = 0.5, MOMENTUM_LATE = 0.8;
constexpr int EARLY_ITERATIONS = 250;  // exaggeration and early momentum hold up to and including this iteration
constexpr int REPORT_EVERY = 50;
constexpr int REST_WINDOW = 50;    // iterations over which the moves of points decide whether they rest
constexpr double EARLY_REST = 10;  // times the tolerance: the exaggerated map is a way point, not a result

/// The longest move allowed in one iteration: `length`, times the map's root-mean-square radius where that is above 1
/// and the limit is relative. One that settles becomes shorter in the second half of the run.
struct StepLimit {
  double length = INFINITY;
  bool relative = false, settles = false;

  double for_map(const MapState& map) const { return relative ? length * std::max(1.0, map.rms_radius()) : length; }
};

/// When a descent ends before its last iteration: the points are at rest. tolerance 0: never.
///
/// Every point (`typical` false). Were all iterations left, REST_WINDOW at least, like the last REST_WINDOW, no point
/// would move by more than `tolerance` of the map's radius. Nor has one moved by more in the last iteration alone, as
/// points do that jump to and fro and come back to their place. The map is then the full run's to that accuracy.
///
/// Typical points (`typical` true), for gradients that are themselves only so accurate (their errors turn the map) and
/// maps so large that some point always jumps. Over REST_WINDOW iterations the root mean square of the moves, but for a
/// turn of the whole map, was below `tolerance` of the map's root-mean-square radius. Such a map has another
/// REST_WINDOW iterations to settle, and its exaggeration ends early too.
struct RestRule {
  double tolerance = 0;
  bool typical = false;
};

/// Shows the map to the caller after every `every` iterations (0: never) and after the last.
struct Snapshots {
  int every = 0;
  std::function<bool(int n_iter, const MapState& map)> take;  // false ends the descent there

  bool due(int n_iter, bool last) const { return every > 0 && (last || n_iter % every == 0); }
};

/// How a descent goes: set once, for the attempt and for its repeats.
struct Descent {
  int max_iter = 1000, early_iterations = EARLY_ITERATIONS;
  double exaggeration = 4, learning_rate = LEARNING_RATE;
  RestRule rest;
  StepLimit step_limit;
  bool repeats_failed = true;      // a failed map (safe_descent.h)
  double repeat_exaggeration = 1;  // in the early iterations of such a repeat
  Snapshots snapshots;
};

struct Outcome {
  int n_iter = 0;
  bool converged = false, abandoned = false, stopped = false, finite = true;
  double longest_step = 0;
};

/// Called after the iterations at which progress is due and after the last; false ends the descent (abandoned).
using Observer = std::function<bool(int iter, bool last)>;

namespace detail {

inline int sign(double x) { return (x > 0) - (x < 0); }

inline void update_velocity(MapState& map, const AlignedVector& gradient, double momentum, double learning_rate) {
  for (size_t k = 0; k < map.Y.size(); ++k) {
    double& gain = map.gains[k];
    gain = sign(gradient[k]) != sign(map.velocity[k]) ? gain + GAIN_STEP : gain * GAIN_DECAY;
    gain = std::max(gain, GAIN_FLOOR);
    map.velocity[k] = momentum * map.velocity[k] - learning_rate * gain * gradient[k];
  }
}

/// Moves every point by its velocity, shortened to the limit. Returns the length of the longest move.
inline double move_points(MapState& map, double limit) {
  double longest = 0;
  for (size_t i = 0; i < map.n_points; ++i) {
    double length2 = 0;
    for (size_t axis = 0; axis < map.n_dims; ++axis) {
      const double v = map.velocity[axis * map.n_padded + i];
      length2 += v * v;
    }
    const double length = std::sqrt(length2);
    const double shrink = length > limit ? limit / length : 1;
    longest = std::max(longest, length * shrink);
    for (size_t axis = 0; axis < map.n_dims; ++axis) {
      const size_t k = axis * map.n_padded + i;
      if (shrink < 1) map.velocity[k] *= shrink;
      map.Y[k] += map.velocity[k];
    }
  }
  map.centre();
  return longest;
}

/// Tells whether the points rest, by a rule.
class RestTest {
 public:
  explicit RestTest(const RestRule& rule) : rule_(rule) {}

  /// To be asked after every iteration, with the length of its longest move; looks at the map at the end of each
  /// window.
  bool operator()(const MapState& map, double longest, int remaining, double factor = 1) {
    if (rule_.tolerance == 0 || ++count_ % REST_WINDOW != 0) return false;
    const bool rests = !before_.empty() && is_at_rest(map, longest, remaining, factor * rule_.tolerance);
    before_ = map.Y;
    return rests;
  }

  void restart() {
    count_ = 0;
    before_.clear();
  }

 private:
  bool is_at_rest(const MapState& map, double longest, int remaining, double tolerance) const {
    if (rule_.typical) return rms_change(map, before_) < tolerance * map.rms_radius();
    if (longest >= tolerance * map.radius()) return false;
    double longest2 = 0;
    for (size_t i = 0; i < map.n_points; ++i) {
      double moved2 = 0;
      for (size_t axis = 0; axis < map.n_dims; ++axis) {
        const double moved = map.Y[axis * map.n_padded + i] - before_[axis * map.n_padded + i];
        moved2 += moved * moved;
      }
      longest2 = std::max(longest2, moved2);
    }
    return std::sqrt(longest2) * std::max(remaining, REST_WINDOW) / REST_WINDOW < tolerance * map.radius();
  }

  RestRule rule_;
  AlignedVector before_;
  int count_ = 0;
};

/// What is left of a step limit that settles at iteration `iter` of `end`: all of it in the first half of the run, then
/// less and less, because points that the learning rate makes jump to and fro would go on doing so at the limit's
/// length. It changes with the reports.
inline double settled(int iter, int end) {
  const int reported = (iter - 1) / REPORT_EVERY * REPORT_EVERY;
  const double left = std::min(1.0, 2.0 * (end - reported) / end);
  return left * left;
}

/// The two phases of a descent, early (P exaggerated, little momentum) and late, and when each of them ends.
class Phases {
 public:
  explicit Phases(const Descent& d)
      : typical_(d.rest.typical), early_end_(d.early_iterations), end_(d.max_iter), rests_(d.rest) {}

  int end() const { return end_; }
  bool last(int iter) const { return iter + 1 == end_; }
  bool converged() const { return converged_; }
  double momentum() const { return early_ ? MOMENTUM_EARLY : MOMENTUM_LATE; }

  /// Whether the late phase begins with this iteration.
  bool late_begins(int iter) {
    if (!early_ || iter <= early_end_) return false;
    early_ = false;
    rests_.restart();
    return true;
  }

  /// Brings the end of the phase forward if the map is at rest after this iteration, whose longest move is given.
  void look_for_rest(const MapState& map, double longest, int iter) {
    if (early_) {
      if (typical_ && rests_(map, longest, early_end_ - iter, EARLY_REST)) early_end_ = iter;
    } else if (!converged_ && rests_(map, longest, end_ - 1 - iter)) {
      converged_ = true;
      end_ = std::min(end_, iter + 1 + (typical_ ? REST_WINDOW : 0));
    }
  }

 private:
  bool typical_, early_ = true, converged_ = false;
  int early_end_, end_;
  RestTest rests_;
};

inline bool report_due(int iter, bool last) { return last || (iter > 0 && iter % REPORT_EVERY == 0); }

}  // namespace detail

/// Moves the map down the objective.
inline Outcome descend(Objective& objective, MapState& map, const Descent& d, const Observer& observe) {
  AlignedVector gradient(map.Y.size(), 0.0);
  detail::Phases phases(d);
  Outcome outcome;
  objective.exaggerate(d.exaggeration);
  for (int iter = 0; iter < phases.end(); ++iter) {
    if (phases.late_begins(iter)) objective.exaggerate(1);
    objective.gradient(map.Y.data(), gradient.data());
    detail::update_velocity(map, gradient, phases.momentum(), d.learning_rate);
    const double share = d.step_limit.settles ? detail::settled(iter, phases.end()) : 1;
    const double longest = detail::move_points(map, d.step_limit.for_map(map) * share);
    outcome.n_iter = iter + 1;
    outcome.longest_step = std::max(outcome.longest_step, longest);
    outcome.finite = std::isfinite(longest) && map.finite();
    if (!outcome.finite) return outcome;
    phases.look_for_rest(map, longest, iter);
    outcome.converged = phases.converged();
    const bool last = phases.last(iter);
    outcome.abandoned = detail::report_due(iter, last) && observe && !observe(iter, last);
    if (outcome.abandoned) return outcome;
    outcome.stopped = d.snapshots.due(iter + 1, last) && !d.snapshots.take(iter + 1, map) && !last;
    if (outcome.stopped) return outcome;
  }
  return outcome;
}

}  // namespace spasne
