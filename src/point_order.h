// An order of points in which neighbours in expression lie near each other in memory: along a Morton curve through the
// leading principal components. Sums over neighbours then find most coordinates in cache.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace spasne {

/// order[place] = point. scores: n x d, row-major.
inline std::vector<size_t> morton_order(const std::vector<double>& scores, size_t n, size_t d) {
  const size_t BITS = 60 / std::max<size_t>(d, 1);
  const double cells = std::ldexp(1.0, static_cast<int>(std::min<size_t>(BITS, 20)));
  std::vector<uint64_t> code(n, 0);
  for (size_t axis = 0; axis < d; ++axis) {
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < n; ++i) {
      low = std::min(low, scores[i * d + axis]);
      high = std::max(high, scores[i * d + axis]);
    }
    const double scale = high > low ? (cells - 1) / (high - low) : 0;
    for (size_t i = 0; i < n; ++i) {
      const uint64_t cell = static_cast<uint64_t>((scores[i * d + axis] - low) * scale);
      for (size_t bit = 0; bit < std::min<size_t>(BITS, 20); ++bit) code[i] |= (cell >> bit & 1) << (bit * d + axis);
    }
  }
  std::vector<size_t> order(n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return code[a] < code[b]; });
  return order;
}

/// Rows of a matrix (n x columns) in another order: out row p = row order[p].
template <class T>
std::vector<T> take_rows(const std::vector<T>& rows, const std::vector<size_t>& order, size_t columns) {
  std::vector<T> out(rows.size());
  for (size_t p = 0; p < order.size(); ++p)
    std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(order[p] * columns), columns,
                out.begin() + static_cast<std::ptrdiff_t>(p * columns));
  return out;
}

/// The reverse: out row order[p] = row p.
template <class T>
std::vector<T> put_rows(const std::vector<T>& rows, const std::vector<size_t>& order, size_t columns) {
  std::vector<T> out(rows.size());
  for (size_t p = 0; p < order.size(); ++p)
    std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(p * columns), columns,
                out.begin() + static_cast<std::ptrdiff_t>(order[p] * columns));
  return out;
}

}  // namespace spasne
