// Tissue sections: the pairs of the spatial term are those of two points of the same section,
//
//   Ps_ij = (c + |si - sj|^2) / sum,  Qs_ij = (1 + sigma^2 |yi - yj|^2) / sum,  0 for points of different sections,
//
// both normalised over all pairs within sections. With one section Qs is Qg.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "rows.h"

namespace spasne {

struct Sections {
  /// codes: of each point, 0 .. number of sections - 1, each present; empty: one section.
  Sections(const std::vector<int32_t>& codes, size_t n_points) {
    for (size_t i = 0; i < n_points; ++i) {
      const size_t section = codes.empty() ? 0 : static_cast<size_t>(codes[i]);
      if (section >= members.size()) members.resize(section + 1);
      members[section].push_back(i);
    }
  }

  bool several() const { return members.size() > 1; }

  std::vector<std::vector<size_t>> members;  // points of each section
};

/// Centres the columns of S within each section, which changes no distance within one.
inline void centre_within(std::vector<double>& S, size_t n_columns, const Sections& sections) {
  for (const std::vector<size_t>& members : sections.members) {
    const std::vector<double> mean = column_means({take_rows(S, members, n_columns), n_columns});
    for (const size_t i : members)
      for (size_t k = 0; k < n_columns; ++k) S[i * n_columns + k] -= mean[k];
  }
}

/// sum of c + |xi - xj|^2 over all pairs within sections
inline double pair_sum(const Rows& X, double c, const Sections& sections) {
  double total = 0;
  for (const std::vector<size_t>& members : sections.members)
    total += pair_sum({take_rows(X, members), X.n_columns}, c);
  return total;
}

/// A map stored by axis, Y[axis * n_padded + point].
struct AxisView {
  const double* Y;
  size_t n_padded, n_dims;

  const double* axis(size_t axis) const { return Y + axis * n_padded; }
};

/// The sum of 1 + sigma^2 d^2 over all pairs within sections, in closed form as in
/// global_sum(), and the sums of each coordinate, [section * n_dims + axis].
struct SectionSums {
  double Z = 0;
  std::vector<double> axis_sum;
};

inline SectionSums section_sums(const Sections& sections, const AxisView& map, double scale2) {
  SectionSums out;
  for (const std::vector<size_t>& members : sections.members) {
    const double n = static_cast<double>(members.size());
    double squares = 0, squared_sums = 0;
    for (size_t axis = 0; axis < map.n_dims; ++axis) {
      const double* y = map.axis(axis);
      double sum = 0;
      for (const size_t i : members) {
        sum += y[i];
        squares += y[i] * y[i];
      }
      squared_sums += sum * sum;
      out.axis_sum.push_back(sum);
    }
    out.Z += n * (n - 1) + scale2 * (2 * n * squares - 2 * squared_sums);
  }
  return out;
}

/// Adds the force of Qs, beta sigma^2 sum over j of the own section of (yi - yj) / Z = beta sigma^2 (n yi - sum y) / Z.
inline void add_section_spread(const Sections& sections, const AxisView& map, double scale2, double beta,
                               double* gradient) {
  const SectionSums sums = section_sums(sections, map, scale2);
  for (size_t s = 0; s < sections.members.size(); ++s) {
    const double n = static_cast<double>(sections.members[s].size());
    for (size_t axis = 0; axis < map.n_dims; ++axis)
      for (const size_t i : sections.members[s])
        gradient[axis * map.n_padded + i] +=
            beta * scale2 / sums.Z * (n * map.axis(axis)[i] - sums.axis_sum[s * map.n_dims + axis]);
  }
}

}  // namespace spasne
