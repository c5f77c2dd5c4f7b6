// An order of points in which neighbours in expression lie near each other in memory, so that sums over neighbours find
// most coordinates in cache: that of the leaves of a k-d tree (Bentley 1975).
#pragma once

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "rows.h"

namespace spasne {

namespace detail {

constexpr size_t LEAF = 64;              // points whose order does not matter
constexpr size_t VARIANCE_SAMPLE = 512;  // points that tell the column of largest variance

/// The points order[begin .. end), as a tree sees them.
struct Branch {
  size_t begin, end;
};

inline size_t widest_column(const Rows& X, const std::vector<size_t>& order, Branch b) {
  const size_t D = X.n_columns;
  const size_t step = std::max<size_t>(1, (b.end - b.begin) / VARIANCE_SAMPLE);
  std::vector<double> sum(D, 0.0), square(D, 0.0);
  double count = 0;
  for (size_t at = b.begin; at < b.end; at += step, ++count)
    for (size_t k = 0; k < D; ++k) {
      const double x = X[order[at]][k];
      sum[k] += x;
      square[k] += x * x;
    }
  for (size_t k = 0; k < D; ++k) square[k] -= sum[k] * sum[k] / count;
  return static_cast<size_t>(std::max_element(square.begin(), square.end()) - square.begin());
}

}  // namespace detail

/// order[place] = point: halves of the points, by the column in which they vary most, follow
/// each other, in each half again, and so on.
inline std::vector<size_t> tree_order(const Rows& X) {
  std::vector<size_t> order(X.n);
  std::iota(order.begin(), order.end(), size_t{0});
  std::vector<detail::Branch> open{{0, X.n}};
  while (!open.empty()) {
    const detail::Branch b = open.back();
    open.pop_back();
    if (b.end - b.begin <= detail::LEAF) continue;
    const size_t column = detail::widest_column(X, order, b), middle = b.begin + (b.end - b.begin) / 2;
    const auto place = [&](size_t at) { return order.begin() + static_cast<std::ptrdiff_t>(at); };
    std::nth_element(place(b.begin), place(middle), place(b.end), [&](size_t i, size_t j) {
      const double xi = X[i][column], xj = X[j][column];
      return xi != xj ? xi < xj : i < j;
    });
    open.push_back({b.begin, middle});
    open.push_back({middle, b.end});
  }
  return order;
}

}  // namespace spasne
