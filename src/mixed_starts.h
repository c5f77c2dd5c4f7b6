// Starts from expression and space together, at the size of the map that is sought.
//
// Both global terms together are (alpha + beta) KL(G || Qg) and a constant, G = (alpha Pg + beta Ps) / (alpha + beta).
// G is affine in squared distances, as Qg is, so the terms vanish together where
//
//   sigma^2 |yi - yj|^2 = (|xi - xj|^2 + w |si - sj|^2) / (1 + w c),   w = beta Zx / (alpha Zs),
//
// Zx and Zs the means over pairs of 1 + |xi - xj|^2 and c + |si - sj|^2. In few dimensions the leading principal axes
// of [X, sqrt(w) S] come closest: the joint start. It has no seed and no free scale. Other multiples of w lead to other
// minima, often to lower ones (race.h).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "../spasne.h"
#include "principal_axes.h"
#include "random.h"
#include "rows.h"
#include "sections.h"
#include "threads.h"

namespace spasne {

/// What such starts are made of, by place: X and S, both centred (S within each section), X scaled.
struct StartMaterial {
  Rows X, S;
  double expression = 0, space = 0;  // mean squared distances, in space within sections
  double space_offset = 1;           // c

  StartMaterial(const Rows& x, const Rows& s, double c, const Sections& sections) : X(x), S(s), space_offset(c) {
    const double n = static_cast<double>(x.n);
    double n_pairs = 0;
    for (const std::vector<size_t>& members : sections.members)
      n_pairs += static_cast<double>(members.size()) * (static_cast<double>(members.size()) - 1);
    if (n > 1) expression = pair_sum(x, 0) / (n * (n - 1));
    if (n_pairs > 0) space = (sections.several() ? pair_sum(s, 0, sections) : pair_sum(s, 0)) / n_pairs;
  }
};

/// Multiple of w that stands for the positions alone.
constexpr double POSITIONS_ALONE = INFINITY;

namespace detail {

/// Factors of the columns of X and of S, before principal axes are taken.
struct Mixture {
  double of_expression, of_space;
};

/// of_joint: the multiple of w. The positions alone are given the size of the expression: their own unit says nothing.
inline Mixture mixture(const StartMaterial& m, const Options& o, double of_joint) {
  if (o.beta == 0 || of_joint == 0 || m.space == 0) return {1 / o.global_scale, 0};
  if (o.alpha == 0 || std::isinf(of_joint)) return {0, std::sqrt(m.expression / m.space) / o.global_scale};
  const double w = of_joint * (o.beta / o.alpha) * ((1 + m.expression) / (m.space_offset + m.space));
  if (std::isinf(w)) return mixture(m, o, POSITIONS_ALONE);
  const double size = 1 / (std::sqrt(1 + w * m.space_offset) * o.global_scale);
  return {size, size * std::sqrt(w)};
}

/// Root-mean-square distance in the mixed columns, whose squares may be too large or too small for a number.
inline double mixed_size(const StartMaterial& m, const Mixture& mix) {
  return std::hypot(mix.of_expression * std::sqrt(m.expression), mix.of_space * std::sqrt(m.space));
}

/// Every n-th row of the mixed columns, of MOST_ROWS or fewer: enough for the axes of a start.
inline std::vector<double> mixed_rows(const StartMaterial& m, const Mixture& mix) {
  constexpr size_t MOST_ROWS = 10000;
  const size_t every = (m.X.n + MOST_ROWS - 1) / MOST_ROWS;
  std::vector<double> rows;
  for (size_t i = 0; i < m.X.n; i += every) {
    for (size_t k = 0; k < m.X.n_columns; ++k) rows.push_back(mix.of_expression * m.X[i][k]);
    for (size_t k = 0; k < m.S.n_columns; ++k) rows.push_back(mix.of_space * m.S[i][k]);
  }
  return rows;
}

inline std::vector<double> scores_on(const StartMaterial& m, const Mixture& mix, const std::vector<double>& axes,
                                     size_t d, ThreadPool& pool) {
  const size_t D = m.X.n_columns + m.S.n_columns;
  std::vector<double> scores(m.X.n * d, 0.0);
  pool.for_each_range(m.X.n, 1024, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i)
      for (size_t c = 0; c < d; ++c) {
        const double* axis = axes.data() + c * D;
        scores[i * d + c] =
            mix.of_expression * std::inner_product(m.X[i], m.X[i] + m.X.n_columns, axis, 0.0) +
            mix.of_space * std::inner_product(m.S[i], m.S[i] + m.S.n_columns, axis + m.X.n_columns, 0.0);
      }
  });
  return scores;
}

/// Turns or mirrors a start in the plane so that it lies as the first two columns of the positions do: the map then
/// shows the tissue the way up that its user knows.
inline void orient(std::vector<double>& start, const Rows& S) {
  double m[2][2] = {};
  for (size_t i = 0; i < S.n; ++i)
    for (size_t a = 0; a < 2; ++a)
      for (size_t b = 0; b < 2; ++b) m[a][b] += start[i * 2 + a] * S[i][b];
  const double turned = std::hypot(m[0][0] + m[1][1], m[0][1] - m[1][0]);
  const double mirrored = std::hypot(m[0][0] - m[1][1], m[0][1] + m[1][0]);
  if (turned == 0 && mirrored == 0) return;
  const double sign = turned >= mirrored ? 1 : -1;
  const double c = (m[0][0] + sign * m[1][1]) / std::max(turned, mirrored);
  const double s = (m[0][1] - sign * m[1][0]) / std::max(turned, mirrored);
  for (size_t i = 0; i < S.n; ++i) {
    const double y0 = start[i * 2], y1 = start[i * 2 + 1];
    start[i * 2] = c * y0 - sign * s * y1;
    start[i * 2 + 1] = s * y0 + sign * c * y1;
  }
}

/// The widest that maps are, some units of area for each point: a very small sigma asks for more than forces reach.
inline double widest_size(size_t n_points) { return 5 * std::sqrt(static_cast<double>(n_points)); }

/// Multiplies a start by a factor, or by as much of it as leaves the start within the widest size.
inline void enlarge(std::vector<double>& start, size_t n_points, double factor) {
  const double size = std::sqrt(squared_norm(start.data(), start.size()) / static_cast<double>(n_points));
  const double most = size > 0 ? widest_size(n_points) / size : INFINITY;
  for (double& y : start) y *= std::min(factor, most);
}

/// A little noise, always the same: points that are alike, and axes that do not exist, would never part.
inline void jitter(std::vector<double>& start) {
  constexpr double SHARE = 1e-4;  // of the root mean square
  const double size = std::sqrt(squared_norm(start.data(), start.size()) / static_cast<double>(start.size()));
  CLibraryRandom random(1);
  for (double& y : start) y += SHARE * (size > 0 ? size : 1) * standard_normal(random);
}

}  // namespace detail

/// A start (n x no_dims, row by row) in which space has `of_joint` times the weight that it has in the joint start: 1,
/// 0 for the principal axes of expression, POSITIONS_ALONE.
inline std::vector<double> mixed_start(const StartMaterial& m, const Options& o, double of_joint, ThreadPool& pool) {
  const size_t d = static_cast<size_t>(o.no_dims);
  const detail::Mixture mix = detail::mixture(m, o, of_joint);
  const double size = detail::mixed_size(m, mix);
  const detail::Mixture unit{mix.of_expression / size, mix.of_space / size};  // axes are found by way of squares
  const std::vector<double> rows = detail::mixed_rows(m, unit);
  const std::vector<double> axes = principal_axes({rows, m.X.n_columns + m.S.n_columns}, d, pool);
  std::vector<double> start = detail::scores_on(m, unit, axes, d, pool);
  detail::enlarge(start, m.X.n, size);
  if (d == 2 && m.S.n_columns >= 2 && o.beta > 0) detail::orient(start, m.S);
  detail::jitter(start);
  return start;
}

}  // namespace spasne
