// Gradient descent with momentum and gains, as published, with an optional limit on the length of a step.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>

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
constexpr int DRIFT_WINDOW = 50;  // iterations over which the drift of points decides on convergence

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The longest move allowed in one iteration: `length`, times the map's root-mean-square radius where that is above 1
/// and the limit is relative.
struct StepLimit {
  double length = INFINITY;
  bool relative = false;

  double for_map(const MapState& map) const { return relative ? length * std::max(1.0, map.rms_radius()) : length; }
};

struct Descent {
  int max_iter = 1000, early_iterations = EARLY_ITERATIONS;
  double exaggeration = 4, learning_rate = LEARNING_RATE, stop_tolerance = 0;
  StepLimit step_limit;
  double repeat_exaggeration = 1;  // where a failed run is repeated (safe_descent.h)
};

struct Outcome {
  int n_iter = 0;
  bool converged = false, abandoned = false, finite = true;
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

/// True once the points' drift over the last DRIFT_WINDOW iterations, repeated for all that remain, would move none by
/// more than `tolerance` of the map's size: the map then differs by less than that from the full run's.
class ConvergenceTest {
 public:
  explicit ConvergenceTest(double tolerance) : tolerance_(tolerance) {}

  bool operator()(int remaining, const MapState& map) {
    if (tolerance_ == 0 || ++count_ % DRIFT_WINDOW != 0) return false;
    double drift2 = INFINITY;
    if (!before_.empty()) {
      drift2 = 0;
      for (size_t i = 0; i < map.n_points; ++i) {
        double moved2 = 0;
        for (size_t axis = 0; axis < map.n_dims; ++axis) {
          const double moved = map.Y[axis * map.n_padded + i] - before_[axis * map.n_padded + i];
          moved2 += moved * moved;
        }
        drift2 = std::max(drift2, moved2);
      }
    }
    before_ = map.Y;
    return std::sqrt(drift2) * remaining / DRIFT_WINDOW < tolerance_ * map.radius();
  }

 private:
  double tolerance_;
  AlignedVector before_;
  int count_ = 0;
};

}  // namespace detail

/// Moves the map down the objective.
inline Outcome descend(Objective& objective, MapState& map, const Descent& d, const Observer& observe) {
  AlignedVector gradient(map.Y.size(), 0.0);
  detail::ConvergenceTest converged(d.stop_tolerance);
  Outcome outcome;
  objective.exaggerate(d.exaggeration);
  for (int iter = 0; iter < d.max_iter; ++iter) {
    const bool early = iter <= d.early_iterations;
    if (iter == d.early_iterations + 1) objective.exaggerate(1);
    objective.gradient(map.Y.data(), gradient.data());
    detail::update_velocity(map, gradient, early ? MOMENTUM_EARLY : MOMENTUM_LATE, d.learning_rate);
    const double longest = detail::move_points(map, d.step_limit.for_map(map));
    outcome.n_iter = iter + 1;
    outcome.longest_step = std::max(outcome.longest_step, longest);
    outcome.finite = std::isfinite(longest) && map.finite();
    if (!outcome.finite) return outcome;
    outcome.converged = !early && converged(d.max_iter - 1 - iter, map);
    const bool last = outcome.converged || iter + 1 == d.max_iter;
    if ((last || (iter > 0 && iter % REPORT_EVERY == 0)) && observe && !observe(iter, last)) {
      outcome.abandoned = true;
      return outcome;
    }
    if (outcome.converged) return outcome;
  }
  return outcome;
}

}  // namespace spasne
