// The moving parts of the optimiser: the map, its velocity and its gains, stored by axis (value[axis * n_padded +
// point]).
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "aligned.h"

namespace spasne {

constexpr double PADDING = 1e150;  // where padding points lie: the kernel vanishes, nothing overflows

struct MapState {
  MapState(size_t n, int no_dims)
      : n_points(n),
        n_padded(round_up(n, LANES)),
        n_dims(static_cast<size_t>(no_dims)),
        Y(n_padded * n_dims, 0.0),
        velocity(n_padded * n_dims, 0.0),
        gains(n_padded * n_dims, 1.0) {
    for (size_t axis = 0; axis < n_dims; ++axis)
      for (size_t i = n_points; i < n_padded; ++i)
        Y[axis * n_padded + i] = PADDING * static_cast<double>(1 + i - n_points);
  }

  size_t n_points, n_padded, n_dims;
  AlignedVector Y, velocity, gains;

  /// rows: n_points x n_dims, row-major.
  void set_rows(const std::vector<double>& rows) {
    for (size_t i = 0; i < n_points; ++i)
      for (size_t axis = 0; axis < n_dims; ++axis) Y[axis * n_padded + i] = rows[i * n_dims + axis];
  }

  std::vector<double> rows() const {
    std::vector<double> out(n_points * n_dims);
    for (size_t i = 0; i < n_points; ++i)
      for (size_t axis = 0; axis < n_dims; ++axis) out[i * n_dims + axis] = Y[axis * n_padded + i];
    return out;
  }

  void centre() {
    for (size_t axis = 0; axis < n_dims; ++axis) {
      double* y = Y.data() + axis * n_padded;
      double mean = 0;
      for (size_t i = 0; i < n_points; ++i) mean += y[i];
      mean /= static_cast<double>(n_points);
      for (size_t i = 0; i < n_points; ++i) y[i] -= mean;
    }
  }

  void scale(double factor) {
    for (size_t axis = 0; axis < n_dims; ++axis)
      for (size_t i = 0; i < n_points; ++i) Y[axis * n_padded + i] *= factor;
  }

  double radius2(size_t i) const {
    double r2 = 0;
    for (size_t axis = 0; axis < n_dims; ++axis) r2 += Y[axis * n_padded + i] * Y[axis * n_padded + i];
    return r2;
  }

  /// Largest distance of a point from the origin.
  double radius() const {
    double r2 = 0;
    for (size_t i = 0; i < n_points; ++i) r2 = std::max(r2, radius2(i));
    return std::sqrt(r2);
  }

  double rms_radius() const {
    double r2 = 0;
    for (size_t i = 0; i < n_points; ++i) r2 += radius2(i);
    return std::sqrt(r2 / static_cast<double>(n_points));
  }

  bool finite() const {
    return std::all_of(Y.begin(), Y.end(), [](double y) { return std::isfinite(y); });
  }
};

namespace detail {

/// Takes from the moves (va, vb) of n points at (ma, mb) the turn of this plane that leaves least of them: by the angle
/// sum m x v / sum m^2.
inline void take_turn(size_t n, const double* ma, const double* mb, double* va, double* vb) {
  double cross = 0, square = 0;
  for (size_t i = 0; i < n; ++i) {
    cross += ma[i] * vb[i] - mb[i] * va[i];
    square += ma[i] * ma[i] + mb[i] * mb[i];
  }
  const double angle = square > 0 ? cross / square : 0;
  for (size_t i = 0; i < n; ++i) {
    va[i] += angle * mb[i];
    vb[i] -= angle * ma[i];
  }
}

}  // namespace detail

/// Root mean square of the points' moves since `before`, both maps centred, but for a turn of the whole map. Points are
/// taken half-way along their moves, where a turn by any angle is exactly perpendicular to them.
inline double rms_change(const MapState& map, const AlignedVector& before) {
  constexpr int SWEEPS = 3;  // in three dimensions the planes are not independent, nearly so along principal axes
  AlignedVector moves(map.Y.size()), middle(map.Y.size());
  for (size_t k = 0; k < map.Y.size(); ++k) {
    moves[k] = map.Y[k] - before[k];
    middle[k] = (map.Y[k] + before[k]) / 2;
  }
  const size_t step = map.n_padded;
  for (int sweep = 0; sweep < SWEEPS; ++sweep)
    for (size_t a = 0; a < map.n_dims; ++a)
      for (size_t b = a + 1; b < map.n_dims; ++b)
        detail::take_turn(map.n_points, middle.data() + a * step, middle.data() + b * step, moves.data() + a * step,
                          moves.data() + b * step);
  double left = 0;
  for (const double move : moves) left += move * move;
  return std::sqrt(left / static_cast<double>(map.n_points));
}

}  // namespace spasne
