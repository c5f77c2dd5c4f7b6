// Which method a run takes, and where one gives way to another.
#pragma once

#include <cstddef>

#include "../spasne.h"

namespace spasne {

constexpr size_t LARGE = 5000;  // points above which dense affinities give way to sparse ones

/// The method that is meant by automatic.
inline Method chosen_method(const Options& o, size_t n_points) {
  if (o.method != Method::automatic) return o.method;
  if (o.theta == 0) return Method::exact;
  return n_points <= LARGE ? Method::barnes_hut : Method::interpolation;
}

}  // namespace spasne
