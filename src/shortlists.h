// Those that may be among the k nearest of some points, kept while panel after panel of others is looked at; at the end
// their distances in double precision settle which are.
#pragma once

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "aligned.h"
#include "kernels/candidates.h"
#include "rounded_points.h"

namespace spasne {

/// Row-major n_points x k: the nearest other points, nearest first, of equally near ones the smaller index first.
struct NeighbourGraph {
  size_t n_points = 0, k = 0;
  LargeArray<uint32_t> index;
  LargeArray<float> distance2;

  NeighbourGraph() = default;
  NeighbourGraph(size_t n, size_t n_neighbours)
      : n_points(n), k(n_neighbours), index(n * n_neighbours), distance2(n * n_neighbours) {}
};

namespace detail {

inline float rounded_up(double x) { return std::nextafter(static_cast<float>(x), FLT_MAX); }

}  // namespace detail

class Shortlists {
 public:
  using Exact = std::pair<double, uint32_t>;  // squared distance, place

  /// At most `n_queries` points at a time look for their k nearest among `points`, which must live on.
  Shortlists(const RoundedPoints& points, const Scores& scores, size_t k, size_t n_queries)
      : points_(points),
        scores_(scores),
        k_(k),
        capacity_(2 * k + 4 * POINT_PANEL),
        candidates_(n_queries * capacity_),
        numbers_(n_queries * points.n_columns()),
        words_(n_queries * scores.n_words()) {
    rows_.reserve(n_queries);
  }

  /// One more that looks for neighbours: the point of a place.
  void add(size_t place) {
    const size_t r = rows_.size();
    float* x = numbers_.data() + r * points_.n_columns();
    points_.copy(place, x);
    rows_.push_back({x, place, FLT_MAX, 0, candidates_.data() + r * capacity_});
    scores_.prepare(rows_.back(), words_.data() + r * scores_.n_words());
  }

  size_t size() const { return rows_.size(); }
  CandidateRow* row(size_t r) { return &rows_[r]; }

  /// Shows those of `rows` the points of a panel.
  void scan(size_t panel, CandidateRow* const* rows, size_t n_rows) {
    scores_.scan(panel, rows, n_rows);
    for (size_t r = 0; r < n_rows; ++r)
      if (rows[r]->count + POINT_PANEL > capacity_) make_room(*rows[r]);
  }

  /// Lowers the limit to what the upper bounds of the k nearest allow, and drops the candidates above it.
  void drop_far(CandidateRow& row) {
    if (row.count <= k_) return;
    upper_.resize(row.count);
    scores_.upper_bounds(row, upper_);
    row.limit = std::min(row.limit, detail::rounded_up(scores_.limit(row, static_cast<double>(bound_of_nearest()))));
    size_t kept = 0;
    for (size_t c = 0; c < row.count; ++c) {
      const Candidate candidate = row.candidates[c];
      row.candidates[kept] = candidate;
      kept += candidate.score <= row.limit;
    }
    row.count = kept;
  }

  /// The k nearest of what a row was shown, which are at least k; of equally near ones the smaller row of X first.
  const std::vector<Exact>& nearest(CandidateRow& row) {
    drop_far(row);
    measure(row);
    const auto earlier = [&](const Exact& a, const Exact& b) {
      return a.first != b.first ? a.first < b.first : points_.row(a.second) < points_.row(b.second);
    };
    const auto end_of_nearest = exact_.begin() + static_cast<std::ptrdiff_t>(k_);
    if (end_of_nearest != exact_.end()) std::nth_element(exact_.begin(), end_of_nearest - 1, exact_.end(), earlier);
    exact_.resize(k_);
    std::sort(exact_.begin(), exact_.end(), earlier);
    return exact_;
  }

  /// Writes them to where the graph has the row of X.
  void write(CandidateRow& row, NeighbourGraph& graph) {
    nearest(row);
    const size_t first = points_.row(row.point) * k_;
    for (size_t c = 0; c < k_; ++c) {
      graph.distance2[first + c] = static_cast<float>(exact_[c].first);
      graph.index[first + c] = points_.row(exact_[c].second);
    }
  }

 private:
  /// A number that at least k of the upper bounds do not exceed, and few more than k where they allow it.
  float bound_of_nearest() const {
    const int STEPS = 16;  // of bisection: each reads all values, which takes far less time than sorting them
    float low = *std::min_element(upper_.begin(), upper_.end()), high = *std::max_element(upper_.begin(), upper_.end());
    size_t n_below = upper_.size();
    for (int step = 0; step < STEPS && n_below > k_ + k_ / 16; ++step) {
      const float middle = low + (high - low) / 2;
      uint32_t count = 0;
      for (const float value : upper_) count += value <= middle;
      (count < k_ ? low : high) = middle;
      if (count >= k_) n_below = count;
    }
    return high;
  }

  /// The distances of the row's candidates in double precision, in no order.
  void measure(const CandidateRow& row) {
    exact_.clear();
    for (size_t c = 0; c < row.count; ++c) {
      if (c + 2 < row.count) points_.prefetch(row.candidates[c + 2].point);
      exact_.emplace_back(points_.distance2(row.point, row.candidates[c].point), row.candidates[c].point);
    }
  }

  /// Half of a full row's room is made free; where single precision cannot tell the candidates apart, by exact
  /// distances.
  void make_room(CandidateRow& row) {
    drop_far(row);
    if (row.count <= (k_ + capacity_) / 2) return;
    nearest(row);
    for (size_t c = 0; c < k_; ++c) {
      const uint32_t place = exact_[c].second;
      row.candidates[c] = {static_cast<float>(scores_.score(exact_score(row, exact_[c]), place)), place};
    }
    row.count = k_;
    row.limit = std::min(row.limit, detail::rounded_up(scores_.limit(row, exact_score(row, exact_[k_ - 1]))));
  }

  double exact_score(const CandidateRow& row, const Exact& candidate) const {
    return points_.scaled(candidate.first) / 2 - static_cast<double>(points_.half_norm(row.point));
  }

  const RoundedPoints& points_;
  const Scores& scores_;
  size_t k_, capacity_;
  std::vector<Candidate> candidates_;
  std::vector<float> numbers_;
  std::vector<int32_t> words_;  // of the rows' codes
  std::vector<CandidateRow> rows_;
  std::vector<float> upper_;
  std::vector<Exact> exact_;
};

}  // namespace spasne
