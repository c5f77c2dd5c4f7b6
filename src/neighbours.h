// The exact nearest neighbours of every point, in time N^2 D and memory N (D + k).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "rounded_points.h"
#include "rows.h"
#include "shortlists.h"
#include "threads.h"

namespace spasne {

constexpr size_t SEARCH_PANELS = 4;  // panels of points that one chunk of work finds the neighbours of

/// Called with the share done, rising to 1, by one thread at a time.
using ShareDone = std::function<void(double)>;

namespace detail {

inline void require_neighbours(size_t n, size_t k) {
  if (k < 1 || k >= n)
    throw std::invalid_argument("expected 1 to " + std::to_string(n > 0 ? n - 1 : 0) + " neighbours, found " +
                                std::to_string(k));
  if (n > NO_ROW / 2)
    throw std::invalid_argument("expected at most " + std::to_string(NO_ROW / 2) + " points, found " +
                                std::to_string(n));
}

/// Calls body for all chunks, and progress after each.
template <class Body>
void for_each_with_progress(size_t n_chunks, ThreadPool& pool, const ShareDone& progress, const Body& body) {
  std::mutex mutex;
  size_t n_done = 0;
  pool.for_each_chunk(n_chunks, [&](size_t chunk) {
    body(chunk);
    if (!progress) return;
    std::lock_guard<std::mutex> lock(mutex);
    progress(static_cast<double>(++n_done) / static_cast<double>(n_chunks));
  });
}

/// Adds the points of the panels first .. last-1.
inline void add_panels(const RoundedPoints& points, size_t first, size_t last, Shortlists& lists) {
  for (size_t place = first * POINT_PANEL; place < last * POINT_PANEL; ++place)
    if (points.row(place) != NO_ROW) lists.add(place);
}

/// Shows all points to all that look for neighbours, those of panel `first` and the next ones first: points often come
/// in an order that has near ones close by, and limits are sharp early when these are seen first.
inline void scan_all(const RoundedPoints& points, size_t first, Shortlists& lists) {
  std::vector<CandidateRow*> rows(lists.size());
  for (size_t r = 0; r < rows.size(); ++r) rows[r] = lists.row(r);
  for (size_t step = 0; step < points.n_panels(); ++step)
    lists.scan((first + step) % points.n_panels(), rows.data(), rows.size());
}

}  // namespace detail

/// The k nearest other points of each row of X, exactly, by Euclidean distance. X is finite, with squared distances
/// within the range of a float.
inline NeighbourGraph nearest_neighbours(const Rows& X, size_t k, ThreadPool& pool, const ShareDone& progress = {}) {
  detail::require_neighbours(X.n, k);
  NeighbourGraph graph(X.n, k);
  const RoundedPoints points(X, places_of_rows(X.n), pool);
  const size_t n_chunks = (points.n_panels() + SEARCH_PANELS - 1) / SEARCH_PANELS;
  detail::for_each_with_progress(n_chunks, pool, progress, [&](size_t chunk) {
    const size_t first = chunk * SEARCH_PANELS, last = std::min(points.n_panels(), first + SEARCH_PANELS);
    Shortlists lists(points, points, k, (last - first) * POINT_PANEL);
    detail::add_panels(points, first, last, lists);
    detail::scan_all(points, first, lists);
    for (size_t r = 0; r < lists.size(); ++r) lists.write(*lists.row(r), graph);
  });
  return graph;
}

}  // namespace spasne
