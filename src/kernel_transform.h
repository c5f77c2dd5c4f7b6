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

/// One number for each axis of a grid; 1 for the axes that it does not have.
using PerAxis = std::array<size_t, 3>;

/// A function even along every axis of a grid with the given periods: its values, or its transform, at 0 .. period/2.
class EvenTable {
 public:
  EvenTable(size_t n_dims, const PerAxis& period) : n_dims_(n_dims) {
    size_t size = 1;
    for (size_t axis = n_dims; axis-- > 0;) {
      plans_[axis] = FftPlan(period[axis]);
      length_[axis] = period[axis] / 2 + 1;
      stride_[axis] = size;
      size *= length_[axis];
    }
    values_.resize(size);
  }

  double at(const PerAxis& place) const {
    size_t k = 0;
    for (size_t axis = 0; axis < n_dims_; ++axis) k += place[axis] * stride_[axis];
    return values_[k];
  }

  /// Calls f(place, value) for every element, in parallel.
  template <class F>
  void for_each(ThreadPool& pool, const F& f) {
    pool.for_each_range(values_.size(), 4096, [&](size_t begin, size_t end) {
      PerAxis place{};
      for (size_t k = begin; k < end; ++k) {
        for (size_t axis = 0; axis < n_dims_; ++axis) place[axis] = k / stride_[axis] % length_[axis];
        f(place, values_[k]);
      }
    });
  }

  /// The discrete Fourier transform, which is real and even too.
  void transform(ThreadPool& pool) {
    const auto kernel = grid_kernels().transform_even;
    for (size_t axis = 0; axis < n_dims_; ++axis) {
      const size_t n = values_.size() / length_[axis];
      pool.for_each_range((n + 2 * LANES - 1) / (2 * LANES), 16, [&](size_t begin, size_t end) {
        AlignedVector scratch(plans_[axis].size() * 2 * 2 * LANES);
        for (size_t batch = begin; batch < end; ++batch)
          kernel(plans_[axis].view(), {values_.data(), n, stride_[axis]}, batch, scratch.data());
      });
    }
  }

 private:
  size_t n_dims_;
  std::array<FftPlan, 3> plans_;
  PerAxis length_{}, stride_{};
  std::vector<double> values_;
};

/// What a transform is of: a kernel, sampled on a grid, for splines of an order.
struct SampledKernel {
  GridKernel kernel;
  size_t n_dims;
  int order;
  bool one_charge;  // decides in which order elements are read
};

class KernelTransform {
 public:
  bool is_for(double spacing, const PerAxis& period) const { return spacing_ == spacing && period_ == period; }

  void compute(const SampledKernel& sampled, double spacing, const PerAxis& period, ThreadPool& pool) {
    spacing_ = spacing;
    period_ = period;
    n_dims_ = sampled.n_dims;
    for (size_t axis = 0; axis < n_dims_; ++axis) plans_[axis] = FftPlan(period[axis]);
    half_ = FftPlan(period[0] / 2);
    EvenTable table = filtered_kernel(sampled, pool);
    table.transform(pool);
    arrange(table, sampled.one_charge);
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

  EvenTable filtered_kernel(const SampledKernel& sampled, ThreadPool& pool) const {
    PerAxis period{};
    std::array<std::vector<double>, 3> filter;
    for (size_t axis = 0; axis < n_dims_; ++axis) {
      period[axis] = fast_even_size(period_[axis] + 2 * MARGIN);
      filter[axis] = inverse_filter(period[axis], sampled.order);
    }
    EvenTable wide(n_dims_, period), table(n_dims_, period_);
    wide.for_each(pool, [&](const auto& place, double& value) {
      double d2 = 0;
      for (const size_t k : place) d2 += static_cast<double>(k * k);
      value = sampled.kernel(d2 * spacing_ * spacing_);
    });
    wide.transform(pool);
    wide.for_each(pool, [&](const auto& place, double& value) {
      for (size_t axis = 0; axis < n_dims_; ++axis) value *= filter[axis][place[axis]];
    });
    wide.transform(pool);
    table.for_each(pool, [&](const auto& place, double& value) { value = wide.at(place); });
    return table;
  }

  /// 1 / (M transform^2) of the sampled B-spline, at the frequencies 0 .. M/2 of M.
  static std::vector<double> inverse_filter(size_t M, int order) {
    const size_t n = static_cast<size_t>(order);
    const double odd = order % 2 / 2.0;
    std::vector<double> filter(M / 2 + 1), b(n + 1, 0.0);
    b[0] = 1;  // M_1 at j + odd; the next orders by their recurrence
    for (int k = 2; k <= order; ++k)
      for (int j = k - 1; j >= 0; --j) {
        const double x = j + odd, below = j > 0 ? b[static_cast<size_t>(j) - 1] : 0;
        b[static_cast<size_t>(j)] = (x * b[static_cast<size_t>(j)] + (k - x) * below) / (k - 1);
      }
    for (size_t k = 0; k <= M / 2; ++k) {
      double transform = 0;
      for (size_t j = 0; j < n; ++j)
        transform += b[j] * std::cos(2 * std::acos(-1.0) * static_cast<double>(k) *
                                     (static_cast<double>(j) + odd - order / 2.0) / static_cast<double>(M));
      filter[k] = 1 / (transform * transform * static_cast<double>(M));
    }
    return filter;
  }

  /// In the order in which convolutions read it, divided by the factors of the transforms there.
  void arrange(const EvenTable& table, bool one_charge) {
    double norm = 2;
    for (size_t axis = 0; axis < n_dims_; ++axis) norm *= static_cast<double>(period_[axis]);
    const size_t length = period_[n_dims_ - 1] / 2 + 1, M1 = n_dims_ == 3 ? period_[1] : 1;
    const size_t n_lines = n_dims_ == 1 ? 1 : (period_[0] / 2 + 1) * M1;
    const bool lines_last = one_charge && n_dims_ > 1;
    line_stride_ = lines_last ? round_up(n_lines, LANES) : length;
    values_.assign(lines_last ? length * line_stride_ : n_lines * length, 0.0);
    for (size_t line = 0; line < n_lines; ++line)
      for (size_t k = 0; k < length; ++k) {
        PerAxis place{};
        place[0] = line / M1;
        if (n_dims_ == 3) place[1] = std::min(line % M1, M1 - line % M1);
        place[n_dims_ - 1] = k;
        values_[lines_last ? k * line_stride_ + line : line * line_stride_ + k] = table.at(place) / norm;
      }
  }

  double spacing_ = 0;
  size_t n_dims_ = 0;
  PerAxis period_{};
  std::array<FftPlan, 3> plans_;
  FftPlan half_;  // of half the first axis's length
  AlignedVector values_;
  size_t line_stride_ = 0;
};

}  // namespace spasne
