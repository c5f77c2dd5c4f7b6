// Descent by quasi-Newton steps (L-BFGS): tens of gradients where momentum and gains take hundreds of iterations.
//
// A step is judged by the slope along it alone, by the approximate conditions of Wolfe (Hager and Zhang, SIAM J. Optim.
// 16 (2005) 170-192): with the slope m before it and m' after it, 0.9 m <= m' <= -0.8 m. They bear gradients that are
// accurate to a thousandth, where differences of costs are lost, and a gradient is half to a third of the price of a
// gradient and a cost. That the cost falls is seen to at every CHECK_EVERY-th gradient: a map above the lowest goes
// back to it, and steps become shorter. So no descent ends above its start, and no map can fail as maps of the
// published steps do.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <utility>

#include "inverse_hessian.h"
#include "long_vectors.h"
#include "map_state.h"
#include "objective.h"
#include "optimiser.h"
#include "threads.h"

namespace spasne {

constexpr int CHECK_EVERY = 10;                 // gradients from one cost to the next
constexpr double LONGEST_MOVE = 0.5;            // of a point in one step, in root-mean-square radii of the map
constexpr double FIRST_MOVE = 0.1;              // root mean square of the first step, in the same unit
constexpr double FLATTER = 0.9, STEEPER = 0.8;  // the conditions above
constexpr double RISEN = 1e-3;        // relative to the lowest cost: more than gradients of this accuracy may stray
constexpr int MOST_RETURNS = 8;       // to the lowest cost, after which the descent ends there
constexpr double AFTER_RETURN = 0.3;  // of the longest move before
constexpr double WIDER = 1.5;         // times as wide, the next size tried of a map that is too narrow
constexpr double WIDE_ENOUGH = 1.05;  // ratio of two sizes, of which one is too narrow and one too wide
constexpr int MOST_SIZES = 10;        // tried

/// How a fast descent goes.
struct FastDescent {
  int max_gradients = 1000;
  double tolerance = 1e-5;   // at rest where two checks together lower the cost by less than this share of it; 0: never
  double exaggeration = 1;   // of P; other than 1 the moves of points are watched, since another cost falls
  double standstill = 3e-2;  // then: at rest where they are less from check to check, in radii of the map
  bool preconditioned = false;  // where the objective can
  Snapshots snapshots;          // counted in gradients
};

struct FastOutcome {
  int n_gradients = 0;
  double cost = INFINITY;  // where it is watched
  bool converged = false, stopped = false;
  double longest_move = 0;
};

/// Called with each cost that is watched.
using CostObserver = std::function<void(int n_gradients, double cost)>;

class QuasiNewton {
 public:
  QuasiNewton(Objective& objective, size_t map_size, ThreadPool& pool)
      : objective_(objective),
        vectors_(map_size, pool),
        hessian_(vectors_),
        gradient_(map_size),
        direction_(map_size),
        trial_(map_size),
        trial_gradient_(map_size) {}

  /// Whether gradients of this map are as accurate as they are said to be.
  bool resolves(const MapState& map) { return objective_.resolves(map.Y.data()); }

  FastOutcome descend(MapState& map, const FastDescent& d, const CostObserver& observe = {}) {
    FastOutcome out;
    if (d.max_gradients == 0) return out;
    objective_.exaggerate(d.exaggeration);
    preconditions_ = d.preconditioned && objective_.has_preconditioner();
    if (preconditions_) {
      preconditioned_.resize(gradient_.size());
      preconditioned_before_.resize(gradient_.size());
    }
    hessian_.forget();
    reach_ = LONGEST_MOVE;
    map.centre();
    take_gradient(map, out);
    Watch watch(d, map);
    for (;;) {
      if (!watch.goes_on(*this, map, out, observe)) break;
      const int before = out.n_gradients;
      if (!step(map, d.max_gradients, out) && out.n_gradients < d.max_gradients) {
        out.converged = hessian_.knows_nothing();
        if (out.converged) break;
        hessian_.forget();
      }
      if (crosses(before, out.n_gradients, d.snapshots.every) && !d.snapshots.take(out.n_gradients, map)) {
        out.stopped = true;
        break;
      }
    }
    watch.finish(*this, map, out);
    if (d.snapshots.every > 0 && !out.stopped) d.snapshots.take(out.n_gradients, map);  // the last map
    objective_.exaggerate(1);
    return out;
  }

  /// Widens a map to where the slope of the cost along its size is 0, within 5 %; returns how many gradients it took.
  /// Descents take hundreds to spread a map as far, since no point goes far without all others.
  int widen(MapState& map) {
    map.centre();
    FastOutcome out;
    std::fill(direction_.begin(), direction_.end(), 0.0);
    for (size_t axis = 0; axis < map.n_dims; ++axis)
      std::copy_n(map.Y.begin() + static_cast<std::ptrdiff_t>(axis * map.n_padded), map.n_points,
                  direction_.begin() + static_cast<std::ptrdiff_t>(axis * map.n_padded));
    double narrow = 1, slope = slope_at(map, 0, out), wide = INFINITY, slope_of_wide = 0;
    while (slope < 0 && wide > WIDE_ENOUGH * narrow && out.n_gradients < MOST_SIZES) {
      const double share = std::min(0.9, std::max(0.1, slope / (slope - slope_of_wide)));
      const double size = std::isfinite(wide) ? narrow + share * (wide - narrow) : WIDER * narrow;
      const double found = slope_at(map, size - 1, out);
      const bool too_wide = !(found < 0) || !objective_.resolves(trial_.data());
      (too_wide ? wide : narrow) = size;
      (too_wide ? slope_of_wide : slope) = found;
    }
    map.scale(narrow);
    return out.n_gradients;
  }

 private:
  /// Sees to it that the cost falls, and when it no longer does.
  class Watch {
   public:
    Watch(const FastDescent& d, const MapState& map) : d_(d), lowest_(map.Y) {}

    bool goes_on(QuasiNewton& descent, MapState& map, FastOutcome& out, const CostObserver& observe) {
      const bool spent = out.n_gradients >= d_.max_gradients;
      if (!spent && out.n_gradients < next_) return true;
      checked_at_ = out.n_gradients;
      next_ = out.n_gradients + CHECK_EVERY;
      map.centre();
      if (d_.exaggeration != 1) return !spent && moves_on(map);
      const double cost = descent.objective_.cost(map.Y.data(), nullptr).total;
      if (observe) observe(out.n_gradients, cost);
      if (cost > out.cost + RISEN * std::fabs(out.cost) || !std::isfinite(cost)) return go_back(descent, map, out);
      if (cost < out.cost) {
        out.cost = cost;
        lowest_ = map.Y;
      }
      out.converged = two_ago_ - out.cost < d_.tolerance * std::fabs(out.cost);
      two_ago_ = one_ago_;
      one_ago_ = out.cost;
      const bool ends = spent || out.converged;
      if (ends && cost > out.cost) map.Y = lowest_;
      return !ends;
    }

    /// The last map, or the lowest seen if that costs less; where the caller has stopped, the map that it saw. Where
    /// another cost falls, the last map, or the first if that is not finite.
    void finish(QuasiNewton& descent, MapState& map, FastOutcome& out) {
      if (d_.exaggeration != 1) {
        map.centre();
        if (!map.finite()) map.Y = lowest_;
        return;
      }
      if (out.stopped || checked_at_ == out.n_gradients) return;
      map.centre();
      const double cost = descent.objective_.cost(map.Y.data(), nullptr).total;
      if (cost <= out.cost)
        out.cost = cost;
      else
        map.Y = lowest_;
    }

   private:
    /// Whether the points have moved on since this was last asked.
    bool moves_on(const MapState& map) {
      const bool moved = before_.empty() || rms_change(map, before_) > d_.standstill * map.rms_radius();
      before_ = map.Y;
      return moved;
    }

    bool go_back(QuasiNewton& descent, MapState& map, FastOutcome& out) {
      map.Y = lowest_;
      descent.hessian_.forget();
      descent.reach_ *= AFTER_RETURN;
      if (++returns_ > MOST_RETURNS || out.n_gradients >= d_.max_gradients) return false;
      descent.take_gradient(map, out);
      return true;
    }

    const FastDescent& d_;
    AlignedVector lowest_, before_;  // the map of lowest cost; the one that moves are seen by
    double one_ago_ = INFINITY, two_ago_ = INFINITY;
    int next_ = 0, checked_at_ = 0, returns_ = 0;  // in gradients, but for the last
  };

  static bool crosses(int before, int now, int every) { return every > 0 && before / every != now / every; }

  void take_gradient(const MapState& map, FastOutcome& out) {
    objective_.gradient(map.Y.data(), gradient_.data());
    ++out.n_gradients;
    precondition();
  }

  void precondition() {
    if (!preconditions_) return;
    std::swap(preconditioned_, preconditioned_before_);
    objective_.precondition(gradient_.data(), preconditioned_.data());
  }

  /// direction = -H gradient; without any knowledge of curvature as long as the map's size allows.
  void choose_direction(const MapState& map) {
    vectors_.copy(direction_, gradient_);
    double factor = -1;
    if (hessian_.knows_nothing()) {
      const double length = std::sqrt(vectors_.dot(gradient_, gradient_) / static_cast<double>(map.n_points));
      if (!std::isfinite(length))
        throw std::runtime_error("the gradient of the map is not finite; smaller weights or another start may help");
      factor = length > 0 ? -FIRST_MOVE * map.rms_radius() / length : 0;
    } else if (preconditions_) {
      vectors_.copy(preconditioned_before_, preconditioned_);
      hessian_.apply(direction_, &preconditioned_before_);
    } else {
      hessian_.apply(direction_);
    }
    vectors_.scale(direction_, factor, direction_);
  }

  Lengths lengths(const AlignedVector& vector, const MapState& map) {
    return vectors_.lengths(vector, map.n_points, map.n_padded, map.n_dims);
  }

  /// The slope at map + t direction, whose gradient is kept.
  double slope_at(const MapState& map, double t, FastOutcome& out) {
    vectors_.add(trial_, map.Y, t, direction_);
    objective_.gradient(trial_.data(), trial_gradient_.data());
    ++out.n_gradients;
    return vectors_.dot(direction_, trial_gradient_);
  }

  /// Takes one step; false, the map as it was, if none is found.
  bool step(MapState& map, int max_gradients, FastOutcome& out) {
    constexpr int TRIES = 10;
    choose_direction(map);
    const double slope = vectors_.dot(direction_, gradient_);
    const double way = lengths(direction_, map).longest;
    if (!(slope < 0)) return false;
    const double longest = reach_ * lengths(map.Y, map).root_mean_square / way;
    double t = std::min(1.0, longest), low = 0, low_slope = slope, high = INFINITY;
    for (int tries = 0; tries < TRIES && out.n_gradients < max_gradients; ++tries) {
      const double found = slope_at(map, t, out);
      if (!(found <= -STEEPER * slope)) {                     // too far, or not a number
        const double zero = low_slope / (low_slope - found);  // of the line through both slopes
        high = t;
        t = low + (high - low) * (std::isfinite(zero) ? std::min(0.9, std::max(0.1, zero)) : 0.3);
      } else if (found < FLATTER * slope && t < 0.99 * std::min(longest, high)) {  // not far enough
        low = t;
        low_slope = found;
        t = std::isfinite(high) ? (low + high) / 2 : std::min(3 * t, longest);
      } else {
        out.longest_move = std::max(out.longest_move, t * way);
        accept(map, t);
        return true;
      }
    }
    return false;
  }

  void accept(MapState& map, double t) {
    std::swap(map.Y, trial_);
    vectors_.scale(direction_, t, direction_);
    vectors_.subtract(trial_, trial_gradient_, gradient_);
    std::swap(gradient_, trial_gradient_);
    precondition();
    if (preconditions_) vectors_.subtract(preconditioned_before_, preconditioned_, preconditioned_before_);
    hessian_.learn(direction_, trial_, preconditions_ ? &preconditioned_before_ : nullptr);
  }

  Objective& objective_;
  LongVectors vectors_;
  InverseHessian hessian_;
  double reach_ = LONGEST_MOVE;  // of a point in one step of this descent
  bool preconditions_ = false;   // this descent
  AlignedVector gradient_, direction_;
  AlignedVector preconditioned_, preconditioned_before_;  // M gradient, that of the gradient before, or scratch
  AlignedVector trial_, trial_gradient_;
};

}  // namespace spasne
