// Where descents begin.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "map_state.h"
#include "random.h"
#include "rows.h"

namespace spasne {

constexpr double START_SPREAD = 1e-4;  // standard deviation of the random start

/// By place: the map that a descent begins with and, row by row, one that it may begin anew from should the first lead
/// to a failed map (empty: none).
struct Starts {
  MapState first;
  std::vector<double> other;
};

inline std::vector<double> random_start(size_t n_points, int no_dims, int seed) {
  CLibraryRandom random(static_cast<uint32_t>(seed));
  std::vector<double> rows(n_points * static_cast<size_t>(no_dims));
  for (double& y : rows) y = START_SPREAD * standard_normal(random);
  return rows;
}

/// The first no_dims columns, centred, scaled so that the widest has the spread of a random start; missing columns are
/// 0.
inline std::vector<double> start_from_columns(const Rows& rows, int no_dims) {
  const size_t d = static_cast<size_t>(no_dims);
  const std::vector<double> mean = column_means(rows);
  std::vector<double> start(rows.n * d, 0.0);
  double widest = 0;
  for (size_t axis = 0; axis < std::min(d, rows.n_columns); ++axis) {
    double variance = 0;
    for (size_t i = 0; i < rows.n; ++i) {
      start[i * d + axis] = rows[i][axis] - mean[axis];
      variance += start[i * d + axis] * start[i * d + axis] / static_cast<double>(rows.n);
    }
    widest = std::max(widest, variance);
  }
  if (widest > 0)
    for (double& y : start) y *= START_SPREAD / std::sqrt(widest);
  return start;
}

/// The same map at rest, centred, its widest axis with the spread of a random start.
inline MapState compact(const MapState& map) {
  const int no_dims = static_cast<int>(map.n_dims);
  MapState made(map.n_points, no_dims);
  made.set_rows(start_from_columns({map.rows(), map.n_dims}, no_dims));
  return made;
}

}  // namespace spasne
