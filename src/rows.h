// Rows of numbers, one per point: their means and norms, the closed form of sums over their pairs, other orders.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "aligned.h"

namespace spasne {

/// A row-major matrix that somebody else owns.
struct Rows {
  const double* values;
  size_t n, n_columns;

  Rows(const double* numbers, size_t n_rows, size_t columns) : values(numbers), n(n_rows), n_columns(columns) {}
  Rows(const std::vector<double>& numbers, size_t columns) : Rows(numbers.data(), numbers.size() / columns, columns) {}

  const double* operator[](size_t i) const { return values + i * n_columns; }
};

inline std::vector<double> column_means(const Rows& X) {
  std::vector<double> mean(X.n_columns, 0);
  for (size_t i = 0; i < X.n; ++i)
    for (size_t k = 0; k < X.n_columns; ++k) mean[k] += X[i][k] / static_cast<double>(X.n);
  return mean;
}

/// Centres each column.
inline void centre_columns(std::vector<double>& X, size_t n_columns) {
  const std::vector<double> mean = column_means({X, n_columns});
  for (size_t at = 0; at < X.size(); at += n_columns)
    for (size_t k = 0; k < n_columns; ++k) X[at + k] -= mean[k];
}

/// Centres each column and divides all of X by max |X|, which is returned.
inline double centre_and_scale(std::vector<double>& X, size_t n_columns) {
  centre_columns(X, n_columns);
  double largest = 0;
  for (const double x : X) largest = std::max(largest, std::fabs(x));
  for (double& x : X) x /= largest;
  return largest;
}

inline double squared_norm(const double* x, size_t n) { return std::inner_product(x, x + n, x, 0.0); }

/// |a - b|^2, the same for (b, a) and for every instruction set.
inline double squared_distance(const double* a, const double* b, size_t n) {
  double part[LANES] = {};
  for (size_t k = 0; k < n / LANES * LANES; k += LANES)
    for (size_t lane = 0; lane < LANES; ++lane) part[lane] += (a[k + lane] - b[k + lane]) * (a[k + lane] - b[k + lane]);
  for (size_t k = n / LANES * LANES; k < n; ++k) part[k % LANES] += (a[k] - b[k]) * (a[k] - b[k]);
  return ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
}

/// sum over i != j of (c + |xi - xj|^2) = c n (n-1) + 2 n sum |xi - mean|^2
inline double pair_sum(const Rows& X, double c) {
  const double count = static_cast<double>(X.n);
  const std::vector<double> mean = column_means(X);
  double spread = 0;
  for (size_t k = 0; k < X.n_columns; ++k)
    for (size_t i = 0; i < X.n; ++i) spread += (X[i][k] - mean[k]) * (X[i][k] - mean[k]);
  return c * count * (count - 1) + 2 * count * spread;
}

/// Rows in another order, or some of them: out row p = row order[p].
template <class T>
std::vector<T> take_rows(const std::vector<T>& rows, const std::vector<size_t>& order, size_t n_columns) {
  std::vector<T> out(order.size() * n_columns);
  for (size_t p = 0; p < order.size(); ++p)
    std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(order[p] * n_columns), n_columns,
                out.begin() + static_cast<std::ptrdiff_t>(p * n_columns));
  return out;
}

inline std::vector<double> take_rows(const Rows& rows, const std::vector<size_t>& order) {
  std::vector<double> out(order.size() * rows.n_columns);
  for (size_t p = 0; p < order.size(); ++p)
    std::copy_n(rows[order[p]], rows.n_columns, out.begin() + static_cast<std::ptrdiff_t>(p * rows.n_columns));
  return out;
}

/// The reverse of an order of all rows: out row order[p] = row p.
template <class T>
std::vector<T> put_rows(const std::vector<T>& rows, const std::vector<size_t>& order, size_t n_columns) {
  std::vector<T> out(rows.size());
  for (size_t p = 0; p < order.size(); ++p)
    std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(p * n_columns), n_columns,
                out.begin() + static_cast<std::ptrdiff_t>(order[p] * n_columns));
  return out;
}

}  // namespace spasne
