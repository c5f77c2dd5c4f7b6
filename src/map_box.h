// The box that a map lies in, and that of most of its points.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <vector>

#include "aligned.h"
#include "threads.h"

namespace spasne {

struct Box {
  double low[3], high[3];
};

/// n_points points by axis, Y[axis * n_padded + point].
struct MapView {
  const double* Y;
  size_t n_points, n_padded, n_dims;

  double at(size_t i, size_t axis) const { return Y[axis * n_padded + i]; }

  bool is_inside(const Box& box, size_t i) const {
    for (size_t axis = 0; axis < n_dims; ++axis)
      if (!(at(i, axis) >= box.low[axis] && at(i, axis) <= box.high[axis])) return false;
    return true;
  }
};

constexpr size_t SHARES = 32;  // of the points, each a task: however many threads there are

/// Calls body(share, begin, end) for SHARES shares of n_points points; the last may be empty.
template <class Body>
void for_each_share(size_t n_points, ThreadPool& pool, const Body& body) {
  const size_t size = round_up((n_points + SHARES - 1) / SHARES, LANES);
  pool.for_each_chunk(SHARES, [&](size_t share) {
    body(share, std::min(n_points, share * size), std::min(n_points, (share + 1) * size));
  });
}

namespace detail {

/// Over one axis of some points.
struct AxisSums {
  double low = INFINITY, high = -INFINITY;
  double sum = 0, squares = 0;  // of the distances from a middle
  bool finite = true;

  void add(double y, double middle) {
    low = std::min(low, y);
    high = std::max(high, y);
    sum += y - middle;
    squares += (y - middle) * (y - middle);
    finite = finite && std::isfinite(y);
  }

  void add(const AxisSums& other) {
    low = std::min(low, other.low);
    high = std::max(high, other.high);
    sum += other.sum;
    squares += other.squares;
    finite = finite && other.finite;
  }
};

struct BoxSums {
  double n = 0;
  std::array<AxisSums, 3> axes;
};

inline double middle(const Box& box, size_t axis) { return box.low[axis] + (box.high[axis] - box.low[axis]) / 2; }

/// Over the points that `counts` says, from the middle of the box.
template <class Counts>
BoxSums sums_over(const MapView& map, const Box& box, ThreadPool& pool, const Counts& counts) {
  std::vector<BoxSums> parts(SHARES);
  for_each_share(map.n_points, pool, [&](size_t share, size_t begin, size_t end) {
    BoxSums part;
    for (size_t i = begin; i < end; ++i) {
      if (!counts(i)) continue;
      ++part.n;
      for (size_t axis = 0; axis < map.n_dims; ++axis) part.axes[axis].add(map.at(i, axis), middle(box, axis));
    }
    parts[share] = part;
  });
  BoxSums all;
  for (const BoxSums& part : parts) {
    all.n += part.n;
    for (size_t axis = 0; axis < map.n_dims; ++axis) all.axes[axis].add(part.axes[axis]);
  }
  return all;
}

inline Box tight(const BoxSums& sums, size_t n_dims) {
  Box box{};
  for (size_t axis = 0; axis < n_dims; ++axis) {
    box.low[axis] = sums.axes[axis].low;
    box.high[axis] = sums.axes[axis].high;
  }
  return box;
}

}  // namespace detail

/// Throws runtime_error if the map is not finite.
inline Box bounding_box(const MapView& map, ThreadPool& pool) {
  const detail::BoxSums sums = detail::sums_over(map, Box{}, pool, [](size_t) { return true; });
  for (size_t axis = 0; axis < map.n_dims; ++axis)
    if (!sums.axes[axis].finite) throw std::runtime_error("the map is not finite");
  return detail::tight(sums, map.n_dims);
}

/// The bounding box of the points inside a box.
inline Box bounding_box(const MapView& map, const Box& box, ThreadPool& pool) {
  return detail::tight(detail::sums_over(map, box, pool, [&](size_t i) { return map.is_inside(box, i); }), map.n_dims);
}

/// Of the points inside a box: mean +- 6 standard deviations, no more than their bounding box.
inline Box central_box(const MapView& map, const Box& box, ThreadPool& pool) {
  constexpr double REACH = 6;
  const detail::BoxSums sums = detail::sums_over(map, box, pool, [&](size_t i) { return map.is_inside(box, i); });
  Box central = detail::tight(sums, map.n_dims);
  for (size_t axis = 0; axis < map.n_dims; ++axis) {
    const double offset = sums.axes[axis].sum / sums.n, mean = detail::middle(box, axis) + offset;
    const double reach = REACH * std::sqrt(std::max(0.0, sums.axes[axis].squares / sums.n - offset * offset));
    central.low[axis] = std::max(central.low[axis], mean - reach);
    central.high[axis] = std::min(central.high[axis], mean + reach);
  }
  return central;
}

inline std::vector<size_t> points_outside(const MapView& map, const Box& box, ThreadPool& pool) {
  std::vector<std::vector<size_t>> parts(SHARES);
  for_each_share(map.n_points, pool, [&](size_t share, size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i)
      if (!map.is_inside(box, i)) parts[share].push_back(i);
  });
  std::vector<size_t> all;
  for (const std::vector<size_t>& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace spasne
