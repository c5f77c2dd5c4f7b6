// How each method descends, where the options leave that open.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "../spasne.h"
#include "optimiser.h"
#include "safe_descent.h"

namespace spasne {

constexpr double STOP_TOLERANCE = 1e-6;  // of the map's size
constexpr double COARSEST_REST = 1e-2;   // however inaccurate the sums may be

namespace detail {

/// max(published rate, n / exaggeration): steps do not become smaller as points become more.
inline double rate_for(const Options& o, size_t n_points) {
  return std::max(LEARNING_RATE, static_cast<double>(n_points) / o.exaggeration);
}

/// What a method does where its options say nothing.
struct Habits {
  double learning_rate;
  StepLimit step_limit;
  RestRule rest;
};

/// Of exact and barnes_hut: as published, but that exact sums, whose gradients vanish at the end, stop at rest.
inline Habits published_habits(Method method) {
  return {LEARNING_RATE, {}, {method == Method::exact ? STOP_TOLERANCE : 0, false}};
}

/// Of interpolation, for any number of points: steps are limited from the beginning, and the run ends when typical
/// points rest as accurately as sums are taken.
inline Habits large_habits(const Options& o, size_t n_points) {
  return {rate_for(o, n_points), {STEP_LIMIT, true, true}, {std::min(o.accuracy, COARSEST_REST), true}};
}

}  // namespace detail

/// The descent that the options ask for, and the method's habits where they do not.
inline Descent chosen_descent(const Options& o, Method method, size_t n_points) {
  const detail::Habits habits =
      method == Method::interpolation ? detail::large_habits(o, n_points) : detail::published_habits(method);
  Descent d;
  d.max_iter = o.max_iter;
  d.exaggeration = o.exaggeration;
  d.repeat_exaggeration = repeat_exaggeration(o.alpha);
  d.learning_rate = habits.learning_rate;
  if (!std::isnan(o.learning_rate))
    d.learning_rate = o.learning_rate > 0 ? o.learning_rate : detail::rate_for(o, n_points);
  d.rest = habits.rest;
  if (!std::isnan(o.stop_tolerance)) d.rest.tolerance = o.stop_tolerance;
  d.repeats_failed = std::isnan(o.max_step);
  d.step_limit = d.repeats_failed ? habits.step_limit : StepLimit{o.max_step, false};
  return d;
}

}  // namespace spasne
