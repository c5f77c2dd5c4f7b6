// Points in single precision, by panels, for the search of near ones, with a bound of what rounding may do.
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
#include <limits>
#include <utility>
#include <vector>

#include "aligned.h"
#include "kernels/candidates.h"
#include "rows.h"
#include "threads.h"

namespace spasne {

constexpr uint32_t NO_ROW = std::numeric_limits<uint32_t>::max();  // of a place that holds no point

/// Rows 0 .. n-1 in their order, and empty places up to whole panels.
inline std::vector<uint32_t> places_of_rows(size_t n) {
  std::vector<uint32_t> rows(round_up(n, POINT_PANEL), NO_ROW);
  for (size_t i = 0; i < n; ++i) rows[i] = static_cast<uint32_t>(i);
  return rows;
}

/// How near points are, by scores: about half the squared distance without the row's own norm.
class Scores {
 public:
  virtual ~Scores() = default;
  virtual size_t n_words() const { return 0; }
  /// Before a row is compared with points. words: room for n_words().
  virtual void prepare(CandidateRow&, int32_t* /*words*/) const {}
  /// Appends to each of the rows the points of a panel within its limit.
  virtual void scan(size_t panel, CandidateRow* const* rows, size_t n_rows) const = 0;
  /// The score that a point would have at most, by that of a candidate.
  virtual void upper_bounds(const CandidateRow& row, std::vector<float>& upper) const = 0;
  /// The score that no point has which is as near as one with this upper bound.
  virtual double limit(const CandidateRow& row, double upper) const = 0;
  /// That of a point whose distance is known, to be compared with others.
  virtual double score(double exact, size_t place) const = 0;
};

class RoundedPoints : public Scores {
 public:
  /// rows[place]: the row of X there, or NO_ROW; as many places as whole panels have.
  RoundedPoints(const Rows& X, std::vector<uint32_t> rows, ThreadPool& pool)
      : X_(X), rows_(std::move(rows)), packed_(rows_.size() * X.n_columns, 0.0f) {
    const size_t D = X_.n_columns, chain = std::min(D, SUMMED_COLUMNS) + D / SUMMED_COLUMNS + 1;
    bound_ = 1.01 * static_cast<double>(chain + 15) * std::ldexp(1.0, -24);
    underflow_ = static_cast<double>(D + 1) * FLT_MIN;
    half_norm_.assign(rows_.size(), std::numeric_limits<float>::infinity());
    pack(pool);
  }

  size_t n_columns() const { return X_.n_columns; }
  size_t n_places() const { return rows_.size(); }
  size_t n_panels() const { return rows_.size() / POINT_PANEL; }
  uint32_t row(size_t place) const { return rows_[place]; }
  PackedPoints view() const { return {packed_.data(), half_norm_.data(), X_.n_columns}; }

  /// Where the numbers of a place begin; the next column follows POINT_PANEL numbers later.
  const float* at(size_t place) const {
    return packed_.data() + place / POINT_PANEL * POINT_PANEL * X_.n_columns + place % POINT_PANEL;
  }
  void copy(size_t place, float* out) const {
    const float* x = at(place);
    for (size_t c = 0; c < X_.n_columns; ++c) out[c] = x[c * POINT_PANEL];
  }

  void scan(size_t panel, CandidateRow* const* rows, size_t n_rows) const override {
    candidate_kernels().scan_panel(view(), panel, rows, n_rows);
  }
  void upper_bounds(const CandidateRow& row, std::vector<float>& upper) const override {
    for (size_t c = 0; c < row.count; ++c) upper[c] = row.candidates[c].score + margin(row.candidates[c].point);
  }
  double limit(const CandidateRow& row, double upper) const override {
    return upper + static_cast<double>(margin(row.point)) + underflow_;
  }
  double score(double exact, size_t place) const override { return exact - static_cast<double>(margin(place)); }

  float half_norm(size_t place) const { return half_norm_[place]; }
  /// c |x|^2 of a point
  float margin(size_t place) const { return static_cast<float>(2 * bound_ / (1 - bound_)) * half_norm_[place]; }
  /// What products of tiny numbers may lose.
  double underflow() const { return underflow_; }

  double distance2(size_t a, size_t b) const { return squared_distance(X_[rows_[a]], X_[rows_[b]], X_.n_columns); }
  /// In units of the scaled points.
  double scaled(double distance2) const { return distance2 / scale_ / scale_; }

  /// Candidates lie anywhere in memory: their rows are asked for ahead of use.
  void prefetch(size_t place) const {
    const size_t LINE = 8, LINES = 64;  // doubles to a line of cache; where a row is longer, the hardware follows
    for (size_t c = 0; c < std::min(X_.n_columns, LINE * LINES); c += LINE) __builtin_prefetch(X_[rows_[place]] + c);
  }

 private:
  void pack(ThreadPool& pool) {
    const size_t D = X_.n_columns;
    const std::vector<double> centre = column_means(X_);
    double largest = 0;
    for (size_t i = 0; i < X_.n; ++i)
      for (size_t c = 0; c < D; ++c) largest = std::max(largest, std::fabs(X_[i][c] - centre[c]));
    scale_ = largest > 0 ? largest : 1;
    pool.for_each_range(rows_.size(), POINT_PANEL, [&](size_t begin, size_t end) {
      for (size_t place = begin; place < end; ++place) {
        if (rows_[place] == NO_ROW) continue;
        const double* row = X_[rows_[place]];
        float* own = packed_.data() + begin * D + place % POINT_PANEL;
        double norm = 0;
        for (size_t c = 0; c < D; ++c) {
          const float x = static_cast<float>((row[c] - centre[c]) / scale_);
          own[c * POINT_PANEL] = x;
          norm += static_cast<double>(x) * static_cast<double>(x);
        }
        half_norm_[place] = static_cast<float>((1 - bound_) * norm / 2);
      }
    });
  }

  const Rows X_;
  std::vector<uint32_t> rows_;
  double bound_, underflow_, scale_ = 1;  // c; the largest number of the centred X
  AlignedFloats packed_, half_norm_;
};

}  // namespace spasne
