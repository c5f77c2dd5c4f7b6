// The Fourier transform of a kernel on a padded grid, filtered so that B-splines interpolate it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "aligned.h"
#include "fft_plan.h"
#include "kernels/grid.h"
#include "threads.h"

namespace spasne {

struct GridKernel {
  enum Kind {
    repulsion,  // 1 / (1 + d^2) - 1: nothing cancels in a small map
    logarithm   // log(1 + scale2 d^2)
  };
  Kind kind;
  double scale2;
  double operator()(double d2) const { return kind == repulsion ? -d2 / (1 + d2) : std::log1p(scale2 * d2); }
};

/// A function even along every axis of a grid with the given periods: its values, or its transform, at 0 .. period/2.
template <int DIMS>
class EvenTable {
 public:
  explicit EvenTable(const std::array<size_t, DIMS>& period) {
    size_t size = 1;
    for (size_t axis = DIMS; axis-- > 0;) {
      plans_[axis] = FftPlan(period[axis]);
      length_[axis] = period[axis] / 2 + 1;
      stride_[axis] = size;
      size *= length_[axis];
    }
    values_.resize(size);
  }

  double at(const std::array<size_t, DIMS>& place) const {
    size_t k = 0;
    for (size_t axis = 0; axis < DIMS; ++axis) k += place[axis] * stride_[axis];
    return values_[k];
  }

  /// Calls f(place, value) for every element, in parallel.
  template <class F>
  void for_each(ThreadPool& pool, const F& f) {
    pool.for_each_range(values_.size(), 4096, [&](size_t begin, size_t end) {
      std::array<size_t, DIMS> place;
      for (size_t k = begin; k < end; ++k) {
        for (size_t axis = 0; axis < DIMS; ++axis) place[axis] = k / stride_[axis] % length_[axis];
        f(place, values_[k]);
      }
    });
  }

  /// The discrete Fourier transform, which is real and even too.
  void transform(ThreadPool& pool) {
    const auto kernel = grid_kernels().transform_even;
    for (size_t axis = 0; axis < DIMS; ++axis) {
      const size_t n = values_.size() / length_[axis];
      pool.for_each_range((n + 2 * LANES - 1) / (2 * LANES), 16, [&](size_t begin, size_t end) {
        AlignedVector scratch(plans_[axis].size() * 2 * 2 * LANES);
        for (size_t batch = begin; batch < end; ++batch)
          kernel(plans_[axis].view(), {values_.data(), n, stride_[axis]}, batch, scratch.data());
      });
    }
  }

 private:
  std::array<FftPlan, DIMS> plans_;
  std::array<size_t, DIMS> length_, stride_;
  std::vector<double> values_;
};

template <int DIMS, int ORDER>
class KernelTransform {
 public:
  bool is_for(double spacing, const std::array<size_t, DIMS>& period) const {
    return spacing_ == spacing && period_ == period;
  }

  void compute(const GridKernel& kernel, double spacing, const std::array<size_t, DIMS>& period, bool one_charge,
               ThreadPool& pool) {
    spacing_ = spacing;
    period_ = period;
    for (size_t axis = 0; axis < DIMS; ++axis) plans_[axis] = FftPlan(period[axis]);
    half_ = FftPlan(period[0] / 2);
    EvenTable<DIMS> table = filtered_kernel(kernel, pool);
    table.transform(pool);
    arrange(table, one_charge);
  }

  FftView plan(size_t axis) const { return plans_[axis].view(); }
  FftView half() const { return half_.view(); }

  /// Of an element: its frequency k along the last axis and the others' (line), [line][k] or, for one charge,
  /// [k][line].
  const double* values() const { return values_.data(); }
  size_t line_stride() const { return line_stride_; }

 private:
  // The filter spreads the kink that a periodic kernel has at half its period, by a factor of 0.43 (order 6) or 0.54
  // (order 8) per node; so the kernel is filtered on a larger grid, of which the outer part is dropped.
  static constexpr size_t MARGIN = 48;

  EvenTable<DIMS> filtered_kernel(const GridKernel& kernel, ThreadPool& pool) const {
    std::array<size_t, DIMS> period;
    std::array<std::vector<double>, DIMS> filter;
    for (size_t axis = 0; axis < DIMS; ++axis) {
      period[axis] = fast_even_size(period_[axis] + 2 * MARGIN);
      filter[axis] = inverse_filter(period[axis]);
    }
    EvenTable<DIMS> wide(period), table(period_);
    wide.for_each(pool, [&](const auto& place, double& value) {
      double d2 = 0;
      for (const size_t k : place) d2 += static_cast<double>(k * k);
      value = kernel(d2 * spacing_ * spacing_);
    });
    wide.transform(pool);
    wide.for_each(pool, [&](const auto& place, double& value) {
      for (size_t axis = 0; axis < DIMS; ++axis) value *= filter[axis][place[axis]];
    });
    wide.transform(pool);
    table.for_each(pool, [&](const auto& place, double& value) { value = wide.at(place); });
    return table;
  }

  /// 1 / (M transform^2) of the sampled B-spline, at the frequencies 0 .. M/2 of M.
  static std::vector<double> inverse_filter(size_t M) {
    const double odd = ORDER % 2 / 2.0;
    std::vector<double> filter(M / 2 + 1), b(ORDER + 1, 0.0);
    b[0] = 1;  // M_1 at j + odd; the next orders by their recurrence
    for (int k = 2; k <= ORDER; ++k)
      for (int j = k - 1; j >= 0; --j) {
        const double x = j + odd, below = j > 0 ? b[static_cast<size_t>(j) - 1] : 0;
        b[static_cast<size_t>(j)] = (x * b[static_cast<size_t>(j)] + (k - x) * below) / (k - 1);
      }
    for (size_t k = 0; k <= M / 2; ++k) {
      double transform = 0;
      for (size_t j = 0; j < ORDER; ++j)
        transform += b[j] * std::cos(2 * std::acos(-1.0) * static_cast<double>(k) *
                                     (static_cast<double>(j) + odd - ORDER / 2.0) / static_cast<double>(M));
      filter[k] = 1 / (transform * transform * static_cast<double>(M));
    }
    return filter;
  }

  /// In the order in which convolutions read it, divided by the factors of the transforms there.
  void arrange(const EvenTable<DIMS>& table, bool one_charge) {
    double norm = 2;
    for (const size_t M : period_) norm *= static_cast<double>(M);
    const size_t length = period_[DIMS - 1] / 2 + 1, M1 = DIMS == 3 ? period_[1] : 1;
    const size_t n_lines = DIMS == 1 ? 1 : (period_[0] / 2 + 1) * M1;
    const bool lines_last = one_charge && DIMS > 1;
    line_stride_ = lines_last ? round_up(n_lines, LANES) : length;
    values_.assign(lines_last ? length * line_stride_ : n_lines * length, 0.0);
    for (size_t line = 0; line < n_lines; ++line)
      for (size_t k = 0; k < length; ++k) {
        std::array<size_t, DIMS> place;
        place[0] = line / M1;
        if (DIMS == 3) place[DIMS / 2] = std::min(line % M1, M1 - line % M1);
        place[DIMS - 1] = k;
        values_[lines_last ? k * line_stride_ + line : line * line_stride_ + k] = table.at(place) / norm;
      }
  }

  double spacing_ = 0;
  std::array<size_t, DIMS> period_{};
  std::array<FftPlan, DIMS> plans_;
  FftPlan half_;  // of half the first axis's length
  AlignedVector values_;
  size_t line_stride_ = 0;
};

}  // namespace spasne
