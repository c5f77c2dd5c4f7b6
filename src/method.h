// Which method a run takes, and where one gives way to another.
#pragma once

#include <cmath>
#include <cstddef>

#include "../spasne.h"

namespace spasne {

constexpr size_t LARGE = 5000;  // points above which dense affinities give way to sparse ones

/// Whether there are no global terms.
inline bool is_tsne(const Options& o) { return o.alpha == 0 && o.beta == 0; }

/// The method that is meant by automatic. The tree serves the published steps: to others exact sums are worth more.
inline Method chosen_method(const Options& o, size_t n_points) {
  if (o.method != Method::automatic) return o.method;
  if (o.theta == 0) return Method::exact;
  if (n_points > LARGE) return Method::interpolation;
  return o.steps == Steps::fast || !o.start_name.empty() ? Method::exact : Method::barnes_hut;
}

/// The steps that are meant by automatic. Plain t-SNE keeps the published ones: its maps grow out of a small start.
inline Steps chosen_steps(const Options& o, size_t n_points) {
  if (o.steps != Steps::automatic) return o.steps;
  const bool of_published_steps = !std::isnan(o.learning_rate) || !std::isnan(o.max_step);
  const Method method = chosen_method(o, n_points);
  const bool published_start =
      method == Method::barnes_hut || (o.start_name.empty() && method != Method::interpolation);
  return of_published_steps || is_tsne(o) || published_start ? Steps::published : Steps::fast;
}

}  // namespace spasne
