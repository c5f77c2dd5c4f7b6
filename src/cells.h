// Points in cells around centres (k-means; Lloyd 1982), for a search of neighbours that looks into few of them.
#pragma once

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "aligned.h"
#include "kernels/candidates.h"
#include "rounded_points.h"
#include "threads.h"

namespace spasne {

/// `size` of 0 .. n-1, rising: one at random from each of as many equal parts.
inline std::vector<uint32_t> spread_sample(size_t n, size_t size, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<uint32_t> sample(size);
  for (size_t s = 0; s < size; ++s) {
    const size_t begin = s * n / size, end = (s + 1) * n / size;
    sample[s] = static_cast<uint32_t>(begin + random() % (end - begin));
  }
  return sample;
}

/// Centres of cells, by panels as points are; a centre's score for x is (|x - centre|^2 - |x|^2) / 2.
class Centres {
 public:
  Centres(std::vector<float> numbers, size_t n_columns)
      : n_columns_(n_columns), numbers_(std::move(numbers)), n_(numbers_.size() / n_columns) {
    const size_t n_places = round_up(n_, POINT_PANEL);
    packed_.assign(n_places * n_columns_, 0.0f);
    half_norm_.assign(n_places, std::numeric_limits<float>::infinity());
    for (size_t cell = 0; cell < n_; ++cell) {
      double norm = 0;
      for (size_t c = 0; c < n_columns_; ++c) {
        const float x = (*this)[cell][c];
        packed_[(cell / POINT_PANEL * n_columns_ + c) * POINT_PANEL + cell % POINT_PANEL] = x;
        norm += static_cast<double>(x) * static_cast<double>(x);
      }
      half_norm_[cell] = static_cast<float>(norm / 2);
    }
  }

  size_t size() const { return n_; }
  size_t n_panels() const { return half_norm_.size() / POINT_PANEL; }
  const float* operator[](size_t cell) const { return numbers_.data() + cell * n_columns_; }
  PackedPoints view() const { return {packed_.data(), half_norm_.data(), n_columns_}; }

  double distance2(size_t cell, const float* x) const {
    double sum = 0;
    for (size_t c = 0; c < n_columns_; ++c) {
      const double difference = static_cast<double>(x[c]) - static_cast<double>((*this)[cell][c]);
      sum += difference * difference;
    }
    return sum;
  }

 private:
  size_t n_columns_;
  std::vector<float> numbers_;  // row by row
  size_t n_;
  AlignedFloats packed_, half_norm_;
};

/// The places of each cell: rows[place] as RoundedPoints takes it, each cell in whole panels of its own.
struct Cells {
  Centres centres;
  std::vector<uint32_t> first_panel;  // of each cell, and the number of panels
  std::vector<uint32_t> n_points;     // of each cell
  std::vector<uint32_t> rows;
};

namespace detail {

constexpr size_t ASSIGNED_AT_ONCE = 4 * POINT_PANEL;  // points

/// Calls body(r, centre) for the centres whose score is within the limit of rows[r], panel by panel. Lends the rows
/// room for the candidates of one.
template <class Body>
void for_each_centre(const Centres& centres, std::vector<CandidateRow>& rows, const Body& body) {
  std::vector<Candidate> room(rows.size() * POINT_PANEL);
  std::vector<CandidateRow*> all(rows.size());
  for (size_t r = 0; r < rows.size(); ++r) {
    rows[r].candidates = room.data() + r * POINT_PANEL;
    all[r] = &rows[r];
  }
  for (size_t panel = 0; panel < centres.n_panels(); ++panel) {
    candidate_kernels().scan_panel(centres.view(), panel, all.data(), all.size());
    for (size_t r = 0; r < rows.size(); ++r) {
      for (size_t c = 0; c < rows[r].count; ++c) body(r, rows[r].candidates[c]);
      rows[r].count = 0;
    }
  }
}

/// The nearest centre of each of the places.
inline std::vector<uint32_t> nearest_centres(const RoundedPoints& points, const std::vector<uint32_t>& places,
                                             const Centres& centres, ThreadPool& pool) {
  std::vector<uint32_t> nearest(places.size());
  const size_t D = points.n_columns();
  pool.for_each_range(places.size(), ASSIGNED_AT_ONCE, [&](size_t begin, size_t end) {
    const size_t n = end - begin;
    std::vector<float> numbers(n * D);
    std::vector<CandidateRow> rows(n);
    for (size_t r = 0; r < n; ++r) {
      points.copy(places[begin + r], numbers.data() + r * D);
      rows[r] = {numbers.data() + r * D, SIZE_MAX, FLT_MAX, 0, nullptr};
    }
    for_each_centre(centres, rows, [&](size_t r, const Candidate& centre) {
      if (!(centre.score < rows[r].limit)) return;
      rows[r].limit = centre.score;
      nearest[begin + r] = centre.point;
    });
  });
  return nearest;
}

/// Numbers 0 .. n-1 by their class: those of class c are at begin[c] .. begin[c + 1] - 1, rising.
struct Classes {
  std::vector<uint32_t> begin, members;

  Classes(const std::vector<uint32_t>& class_of, size_t n_classes) : begin(n_classes + 2, 0), members(class_of.size()) {
    for (const uint32_t c : class_of) ++begin[c + size_t{2}];
    for (size_t c = 2; c < begin.size(); ++c) begin[c] += begin[c - 1];
    for (size_t i = 0; i < class_of.size(); ++i) members[begin[class_of[i] + size_t{1}]++] = static_cast<uint32_t>(i);
    begin.pop_back();
  }
};

/// Centres as means of the sampled places that are nearest to them; one without any stays where it is.
inline Centres means_of(const RoundedPoints& points, const std::vector<uint32_t>& sample, const Centres& before,
                        ThreadPool& pool) {
  const size_t D = points.n_columns();
  const Classes classes(nearest_centres(points, sample, before, pool), before.size());
  std::vector<float> numbers(before.size() * D);
  pool.for_each_range(before.size(), 64, [&](size_t begin, size_t end) {
    std::vector<double> sum(D);
    for (size_t cell = begin; cell < end; ++cell) {
      std::fill(sum.begin(), sum.end(), 0.0);
      const size_t first = classes.begin[cell], last = classes.begin[cell + 1];
      for (size_t m = first; m < last; ++m) {
        const float* x = points.at(sample[classes.members[m]]);
        for (size_t c = 0; c < D; ++c) sum[c] += static_cast<double>(x[c * POINT_PANEL]);
      }
      for (size_t c = 0; c < D; ++c)
        numbers[cell * D + c] =
            first < last ? static_cast<float>(sum[c] / static_cast<double>(last - first)) : before[cell][c];
    }
  });
  return Centres(std::move(numbers), D);
}

inline Centres find_centres(const RoundedPoints& points, size_t n_points, size_t n_cells, ThreadPool& pool) {
  const size_t SAMPLED_EACH = 32, STEPS = 8;
  const size_t D = points.n_columns();
  const std::vector<uint32_t> sample = spread_sample(n_points, std::min(n_points, SAMPLED_EACH * n_cells), 1);
  std::vector<float> numbers(n_cells * D);
  for (size_t cell = 0; cell < n_cells; ++cell)
    points.copy(sample[cell * sample.size() / n_cells], numbers.data() + cell * D);
  Centres centres(std::move(numbers), D);
  for (size_t step = 0; step < STEPS; ++step) centres = means_of(points, sample, centres, pool);
  return centres;
}

}  // namespace detail

/// The points in at most n_cells cells. Places of `points` are rows of X.
inline Cells make_cells(const RoundedPoints& points, size_t n_points, size_t n_cells, ThreadPool& pool) {
  std::vector<uint32_t> all(n_points);
  std::iota(all.begin(), all.end(), uint32_t{0});
  Centres centres = detail::find_centres(points, n_points, n_cells, pool);
  const detail::Classes classes(detail::nearest_centres(points, all, centres, pool), n_cells);
  Cells cells{std::move(centres), {0}, {}, {}};
  for (size_t cell = 0; cell < n_cells; ++cell) {
    const size_t begin = classes.begin[cell], end = classes.begin[cell + 1], first = cells.rows.size();
    cells.n_points.push_back(static_cast<uint32_t>(end - begin));
    cells.rows.resize(first + round_up(end - begin, POINT_PANEL), NO_ROW);
    std::copy(classes.members.begin() + static_cast<std::ptrdiff_t>(begin),
              classes.members.begin() + static_cast<std::ptrdiff_t>(end),
              cells.rows.begin() + static_cast<std::ptrdiff_t>(first));
    cells.first_panel.push_back(static_cast<uint32_t>(cells.rows.size() / POINT_PANEL));
  }
  return cells;
}

}  // namespace spasne
