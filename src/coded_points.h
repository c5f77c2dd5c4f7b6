// Points rounded to bytes, each by a step of its own, for an approximate search: products of bytes take a quarter of
// the instructions that products of floats take (AVX-512 VNNI), or three quarters (AVX2).
//
// Rounding x and y by steps s and t moves each column of x - y by a random number of variance v = (s^2 + t^2) / 12. So
// it adds D v to the squared distance d^2 on average, which is taken off again, and the rest of what it does to d^2 / 2
// has a standard deviation of
//   sqrt(d^2 v + D v^2 / 2).
// A point as near as d has no column beyond max |x| + d, so that t is at most (max |x| + d) / LARGEST_CODE, and mostly
// well below. With a margin of one such deviation nearly all neighbours are kept; double precision settles their order.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "aligned.h"
#include "kernels/candidates.h"
#include "rounded_points.h"
#include "threads.h"

namespace spasne {

class CodedPoints : public Scores {
 public:
  /// Whether the processor has what is needed, and sums of D products fit into 31 bits.
  static bool possible(size_t n_columns) { return candidate_kernels().scan_codes && n_columns <= MOST_COLUMNS; }

  CodedPoints(const RoundedPoints& points, ThreadPool& pool)
      : n_columns_(points.n_columns()),
        n_words_(round_up(n_columns_, WORD) / WORD),
        packed_(points.n_places() * n_words_ * WORD, CODE_OF_0),
        half_norm_(points.n_places(), std::numeric_limits<float>::infinity()),
        step_(points.n_places(), 0.0f) {
    pool.for_each_range(points.n_places(), POINT_PANEL, [&](size_t begin, size_t end) {
      std::vector<float> x(n_columns_);
      for (size_t place = begin; place < end; ++place) {
        if (points.row(place) == NO_ROW) continue;
        points.copy(place, x.data());
        code(place, x.data());
      }
    });
  }

  /// By how much rounding moves d2 / 2, d2 being the squared distance of a point from x.
  static double deviation(const float* x, size_t n_columns, double d2) {
    const double largest = static_cast<double>(largest_of(x, n_columns)), D = static_cast<double>(n_columns);
    const double s = largest / candidate_kernels().largest_row_code, t = (largest + std::sqrt(d2)) / LARGEST_CODE;
    const double v = (s * s + t * t) / 12;
    return std::sqrt(d2 * v + D * v * v / 2);
  }

  size_t n_words() const override { return n_words_; }

  void prepare(CandidateRow& row, int32_t* words) const override {
    const float step = largest_of(row.x, n_columns_) / static_cast<float>(candidate_kernels().largest_row_code);
    unsigned char* bytes = reinterpret_cast<unsigned char*>(words);
    int sum = 0;
    for (size_t c = 0; c < n_columns_; ++c) {
      const int rounded = round_to(row.x[c], step);
      bytes[c] = static_cast<unsigned char>(rounded);
      sum += rounded;
    }
    row.codes = {words, -CODE_OF_0 * sum, step, error_of(step)};
  }

  void scan(size_t panel, CandidateRow* const* rows, size_t n_rows) const override {
    candidate_kernels().scan_codes({packed_.data(), half_norm_.data(), step_.data(), n_words_}, panel, rows, n_rows);
  }

  void upper_bounds(const CandidateRow& row, std::vector<float>& upper) const override {
    for (size_t c = 0; c < row.count; ++c) upper[c] = row.candidates[c].score;
  }

  double limit(const CandidateRow& row, double upper) const override {
    double norm = 0;
    for (size_t c = 0; c < n_columns_; ++c) norm += static_cast<double>(row.x[c]) * static_cast<double>(row.x[c]);
    return upper + deviation(row.x, n_columns_, std::max(0.0, 2 * upper + norm));
  }

  double score(double exact, size_t) const override { return exact; }

 private:
  static constexpr size_t WORD = 4, MOST_COLUMNS = 65536;

  static float largest_of(const float* x, size_t n) {
    float largest = 0;
    for (size_t c = 0; c < n; ++c) largest = std::max(largest, std::fabs(x[c]));
    return largest;
  }
  float error_of(float step) const { return static_cast<float>(n_columns_) * step * step / 24; }
  static int round_to(float x, float step) { return step > 0 ? static_cast<int>(std::lround(x / step)) : 0; }

  void code(size_t place, const float* x) {
    const float step = largest_of(x, n_columns_) / LARGEST_CODE;
    uint8_t* own = packed_.data() + (place / POINT_PANEL * n_words_ * POINT_PANEL + place % POINT_PANEL) * WORD;
    double norm = 0;
    for (size_t c = 0; c < n_columns_; ++c) {
      const int rounded = round_to(x[c], step);
      own[c / WORD * POINT_PANEL * WORD + c % WORD] = static_cast<uint8_t>(CODE_OF_0 + rounded);
      norm += static_cast<double>(rounded) * rounded;
    }
    step_[place] = step;
    half_norm_[place] =
        static_cast<float>(norm * static_cast<double>(step) * static_cast<double>(step) / 2) - error_of(step);
  }

  size_t n_columns_, n_words_;
  std::vector<uint8_t, AlignedAllocator<uint8_t>> packed_;
  AlignedFloats half_norm_, step_;
};

}  // namespace spasne
