// The exact nearest neighbours of every point, in time N^2 D and memory N (D + k).
//
// Squared distances come from products in single precision, |x|^2 + |y|^2 - 2 x.y, block by block. Their rounding error
// is bounded, so that no neighbour is lost: whatever may be among the nearest is kept as a candidate, and the order is
// settled by differences in double precision.
//
// The bound. With u = 2^-24, rounding X costs 4u (|x|^2 + |y|^2) of a squared distance; a product summed in runs of
// SUMMED_COLUMNS costs m u (|x|^2 + |y|^2), m being the length of the longest chain of additions (Higham, Accuracy and
// Stability of Numerical Algorithms, section 3.1); norms, differences and margins cost less than 10u of it. So with c =
// (m + 15) u
//   (1 - c)(|x|^2 + |y|^2) - 2 x.y  <=  d^2  <=  (1 + c)(|x|^2 + |y|^2) - 2 x.y.
// A candidate's score is half of the left side without the row's own norm; half_norm = (1 - c) |y|^2 / 2.
#pragma once

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "aligned.h"
#include "kernels/candidates.h"
#include "rows.h"
#include "threads.h"

namespace spasne {

/// Row-major n_points x k: the nearest other points, nearest first, of equally near ones the smaller index first.
struct NeighbourGraph {
  size_t n_points = 0, k = 0;
  std::vector<uint32_t> index;
  std::vector<float> distance2;
};

constexpr size_t SEARCH_PANELS = 4;  // panels of points that one chunk of work finds the neighbours of

namespace detail {

inline float rounded_up(double x) { return std::nextafter(static_cast<float>(x), FLT_MAX); }

class NeighbourSearch {
 public:
  NeighbourSearch(const Rows& X, NeighbourGraph& graph, ThreadPool& pool)
      : X_(X), n_(X.n), D_(X.n_columns), k_(graph.k), n_panels_((n_ + POINT_PANEL - 1) / POINT_PANEL), graph_(graph) {
    const size_t chain = std::min(D_, SUMMED_COLUMNS) + D_ / SUMMED_COLUMNS + 1;
    bound_ = 1.01 * static_cast<double>(chain + 15) * std::ldexp(1.0, -24);
    underflow_ = static_cast<double>(D_ + 1) * FLT_MIN;
    capacity_ = 2 * k_ + 4 * POINT_PANEL;
    pack(pool);
  }

  size_t n_chunks() const { return (n_panels_ + SEARCH_PANELS - 1) / SEARCH_PANELS; }

  /// Finds the neighbours of the chunk's points.
  void search(size_t chunk) const {
    const size_t first_panel = chunk * SEARCH_PANELS, last_panel = std::min(n_panels_, first_panel + SEARCH_PANELS);
    const size_t first = first_panel * POINT_PANEL, n_rows = (last_panel - first_panel) * POINT_PANEL;
    std::vector<Candidate> memory(n_rows * capacity_);
    std::vector<CandidateRow> rows(n_rows);
    for (size_t r = 0; r < n_rows; ++r)
      rows[r] = {first + r, first + r < n_ ? FLT_MAX : -FLT_MAX, 0, memory.data() + r * capacity_};
    const auto scan = candidate_kernels().scan_panel;
    const PackedPoints points{packed_.data(), half_norm_.data(), D_};
    Scratch scratch;
    for (size_t step = 0; step < n_panels_; ++step) {
      // Points often come in an order that has near ones close by: limits are sharp early when these are seen first.
      scan(points, first_panel, last_panel, (first_panel + step) % n_panels_, rows.data());
      for (CandidateRow& row : rows)
        if (row.count + POINT_PANEL > capacity_) make_room(row, scratch);
    }
    for (const CandidateRow& row : rows)
      if (row.point < n_) write_result(row, scratch);
  }

 private:
  using Exact = std::pair<double, uint32_t>;  // squared distance, point: compared in this order

  struct Scratch {
    std::vector<float> upper;
    std::vector<Exact> exact;
  };

  void pack(ThreadPool& pool) {
    const std::vector<double> centre = column_means(X_);
    double largest = 0;
    for (size_t i = 0; i < n_; ++i)
      for (size_t c = 0; c < D_; ++c) largest = std::max(largest, std::fabs(X_[i][c] - centre[c]));
    scale_ = largest > 0 ? largest : 1;
    packed_.assign(n_panels_ * POINT_PANEL * D_, 0.0f);
    half_norm_.assign(n_panels_ * POINT_PANEL, std::numeric_limits<float>::infinity());
    pool.for_each_range(n_, POINT_PANEL, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        float* own = packed_.data() + begin * D_ + i % POINT_PANEL;
        double norm = 0;
        for (size_t c = 0; c < D_; ++c) {
          const float x = static_cast<float>((X_[i][c] - centre[c]) / scale_);
          own[c * POINT_PANEL] = x;
          norm += static_cast<double>(x) * static_cast<double>(x);
        }
        half_norm_[i] = static_cast<float>((1 - bound_) * norm / 2);
      }
    });
  }

  double distance2(size_t i, size_t j) const { return squared_distance(X_[i], X_[j], D_); }

  /// Candidates lie anywhere in memory: their rows are asked for ahead of use.
  void prefetch(size_t point) const {
    const size_t LINE = 8, LINES = 64;  // doubles to a line of cache; where a row is longer, the hardware follows
    for (size_t c = 0; c < std::min(D_, LINE * LINES); c += LINE) __builtin_prefetch(X_[point] + c);
  }

  /// c |x|^2 of a point
  float margin(size_t point) const { return static_cast<float>(2 * bound_ / (1 - bound_)) * half_norm_[point]; }

  /// A number that at least k of the values do not exceed, and few more than k where the values allow it.
  float bound_of_nearest(const std::vector<float>& values) const {
    const int STEPS = 16;  // of bisection: each reads all values, which takes far less time than sorting them
    float low = *std::min_element(values.begin(), values.end()), high = *std::max_element(values.begin(), values.end());
    size_t n_below = values.size();
    for (int step = 0; step < STEPS && n_below > k_ + k_ / 16; ++step) {
      const float middle = low + (high - low) / 2;
      uint32_t count = 0;
      for (const float value : values) count += value <= middle;
      (count < k_ ? low : high) = middle;
      if (count >= k_) n_below = count;
    }
    return high;
  }

  /// Lowers the limit to what the upper bounds of the k nearest allow, and drops the candidates above it.
  void drop_far(CandidateRow& row, Scratch& scratch) const {
    if (row.count <= k_) return;
    scratch.upper.resize(row.count);
    for (size_t c = 0; c < row.count; ++c) scratch.upper[c] = row.candidates[c].score + margin(row.candidates[c].point);
    const float upper = bound_of_nearest(scratch.upper) + margin(row.point);
    row.limit = std::min(row.limit, rounded_up(static_cast<double>(upper) + underflow_));
    size_t kept = 0;
    for (size_t c = 0; c < row.count; ++c) {
      const Candidate candidate = row.candidates[c];
      row.candidates[kept] = candidate;
      kept += candidate.score <= row.limit;
    }
    row.count = kept;
  }

  /// The distances of the row's candidates in double precision, the k nearest first (in no order).
  void nearest_exactly(const CandidateRow& row, std::vector<Exact>& exact) const {
    exact.clear();
    for (size_t c = 0; c < row.count; ++c) {
      if (c + 2 < row.count) prefetch(row.candidates[c + 2].point);
      exact.emplace_back(distance2(row.point, row.candidates[c].point), row.candidates[c].point);
    }
    if (row.count > k_)
      std::nth_element(exact.begin(), exact.begin() + static_cast<std::ptrdiff_t>(k_ - 1), exact.end());
  }

  /// Half of a full row's room is made free; where single precision cannot tell the candidates apart, by exact
  /// distances.
  void make_room(CandidateRow& row, Scratch& scratch) const {
    drop_far(row, scratch);
    if (row.count <= (k_ + capacity_) / 2) return;
    nearest_exactly(row, scratch.exact);
    for (size_t c = 0; c < k_; ++c) {
      const uint32_t point = scratch.exact[c].second;
      const double score = exact_score(row, scratch.exact[c]) - static_cast<double>(margin(point));
      row.candidates[c] = {static_cast<float>(score), point};
    }
    row.count = k_;
    row.limit = std::min(row.limit, rounded_up(exact_score(row, scratch.exact[k_ - 1]) + underflow_));
  }

  double exact_score(const CandidateRow& row, const Exact& candidate) const {
    return candidate.first / scale_ / scale_ / 2 - static_cast<double>(half_norm_[row.point]);
  }

  void write_result(CandidateRow row, Scratch& scratch) const {
    drop_far(row, scratch);
    nearest_exactly(row, scratch.exact);
    std::sort(scratch.exact.begin(), scratch.exact.begin() + static_cast<std::ptrdiff_t>(k_));
    for (size_t c = 0; c < k_; ++c) {
      graph_.distance2[row.point * k_ + c] = static_cast<float>(scratch.exact[c].first);
      graph_.index[row.point * k_ + c] = scratch.exact[c].second;
    }
  }

  const Rows X_;
  size_t n_, D_, k_, n_panels_, capacity_;
  double bound_, underflow_, scale_;  // c; what products of tiny numbers may lose; the largest number of the centred X
  AlignedFloats packed_, half_norm_;
  NeighbourGraph& graph_;
};

}  // namespace detail

/// The k nearest other points of each row of X, exactly, by Euclidean distance. X is finite, with squared distances
/// within the range of a float. progress, if given, is called with the share done, rising to 1, by one thread at a
/// time.
inline NeighbourGraph nearest_neighbours(const Rows& X, size_t k, ThreadPool& pool,
                                         const std::function<void(double)>& progress = {}) {
  const size_t n = X.n;
  if (k < 1 || k >= n)
    throw std::invalid_argument("expected 1 to " + std::to_string(n > 0 ? n - 1 : 0) + " neighbours, found " +
                                std::to_string(k));
  if (n > std::numeric_limits<uint32_t>::max())
    throw std::invalid_argument("expected at most 4294967295 points, found " + std::to_string(n));
  NeighbourGraph graph;
  graph.n_points = n;
  graph.k = k;
  graph.index.resize(n * k);
  graph.distance2.resize(n * k);
  const detail::NeighbourSearch search(X, graph, pool);
  std::mutex mutex;
  size_t n_done = 0;
  pool.for_each_chunk(search.n_chunks(), [&](size_t chunk) {
    search.search(chunk);
    if (!progress) return;
    std::lock_guard<std::mutex> lock(mutex);
    progress(static_cast<double>(++n_done) / static_cast<double>(search.n_chunks()));
  });
  return graph;
}

}  // namespace spasne
