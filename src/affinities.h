// Dense affinities of all pairs: P, Pg and Ps of the objective, with what the cost needs of them. They depend on the
// data and the perplexity alone, so that runs with other weights share them.
#pragma once

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "all_pairs.h"
#include "perplexity.h"
#include "point_order.h"
#include "sections.h"
#include "symmetric_tiles.h"
#include "threads.h"

namespace spasne {

/// Centres each column of X (n x D) and divides all of it by max |X|, which is returned.
inline double centre_and_scale(std::vector<double>& X, size_t n, size_t D) {
  std::vector<double> mean(D, 0);
  for (size_t i = 0; i < n; ++i)
    for (size_t k = 0; k < D; ++k) mean[k] += X[i * D + k] / static_cast<double>(n);
  double largest = 0;
  for (size_t i = 0; i < n; ++i)
    for (size_t k = 0; k < D; ++k) {
      X[i * D + k] -= mean[k];
      largest = std::max(largest, std::fabs(X[i * D + k]));
    }
  for (double& x : X) x /= largest;
  return largest;
}

/// X (n x D, row-major) by panels of LANES points: packed[(panel * D + column) * LANES + lane], padded with zeros.
inline AlignedVector pack_panels(const std::vector<double>& X, size_t n, size_t D) {
  AlignedVector packed(round_up(n, LANES) * D, 0.0);
  for (size_t i = 0; i < n; ++i)
    for (size_t k = 0; k < D; ++k) packed[(i / LANES * D + k) * LANES + i % LANES] = X[i * D + k];
  return packed;
}

/// X (n x D) with columns of mean 0.
inline void centre_columns(std::vector<double>& X, size_t n, size_t D) {
  for (size_t k = 0; k < D; ++k) {
    double mean = 0;
    for (size_t i = 0; i < n; ++i) mean += X[i * D + k] / static_cast<double>(n);
    for (size_t i = 0; i < n; ++i) X[i * D + k] -= mean;
  }
}

/// sum over i != j of (c + |xi - xj|^2) = c n (n-1) + 2 n sum |xi - mean|^2
inline double pair_sum(const std::vector<double>& X, size_t n, size_t D, double c) {
  const double count = static_cast<double>(n);
  double spread = 0;
  for (size_t k = 0; k < D; ++k) {
    double mean = 0;
    for (size_t i = 0; i < n; ++i) mean += X[i * D + k] / count;
    for (size_t i = 0; i < n; ++i) spread += (X[i * D + k] - mean) * (X[i * D + k] - mean);
  }
  return c * count * (count - 1) + 2 * count * spread;
}

/// The same over the pairs within sections.
inline double pair_sum(const std::vector<double>& X, size_t D, double c, const Sections& sections) {
  double total = 0;
  for (const std::vector<size_t>& members : sections.members)
    total += pair_sum(take_rows(X, members, D), members.size(), D, c);
  return total;
}

/// The affinities as tiles, and their sums. Ps is computed from the positions where it is needed.
struct DenseAffinities {
  DenseAffinities(size_t n, const Sections& s)
      : tiles(n), chunks(tiles.chunk_bounds()), sections(s), row_sums(AFFINITY_SUMS) {}

  SymmetricTiles tiles;
  std::vector<size_t> chunks;   // bounds of the chunks of blocks that threads take
  AlignedVector local, global;  // P and Pg; Pg is empty where no run gives weight to a global term
  AlignedVector packed_space;
  size_t n_space = 0;
  double space_offset = 1, space_factor = 0;
  Sections sections;
  AlignedVector section_of;                   // n_padded long; empty for one section
  std::vector<std::vector<double>> row_sums;  // [kind][point], see AFFINITY_SUMS

  size_t n_chunks() const { return chunks.size() - 1; }
  SpaceInput space() const {
    return {packed_space.data(), n_space, space_offset, space_factor, section_of.empty() ? nullptr : section_of.data()};
  }
};

namespace detail {

inline void fill_squared_distances(DenseAffinities& a, const AlignedVector& packed, size_t D, ThreadPool& pool) {
  const size_t GROUP = 16;  // blocks that share a panel while it is in cache
  const auto kernel = SPASNE_DISPATCH(squared_distances);
  pool.for_each_range(a.tiles.n_blocks(), GROUP, [&](size_t first, size_t last) {
    kernel(a.tiles, packed.data(), D, first, last, a.local.data());
  });
}

/// Row i of the symmetric matrix without its diagonal: n_points - 1 numbers.
inline void gather_row(const DenseAffinities& a, size_t i, double* row) {
  const SymmetricTiles& t = a.tiles;
  const size_t own = i / LANES * LANES;
  size_t count = 0;
  for (size_t j = 0; j < own; ++j) row[count++] = a.local[t.index(j, i)];
  const double* upper = a.local.data() + t.index(i, own);
  for (size_t j = own; j < t.n_points; ++j) {
    if (j != i) row[count++] = upper[(j - own) % LANES];
    if ((j + 1) % LANES == 0) upper += TILE;
  }
}

struct Gaussians {
  AlignedVector precision, shift, row_factor;
};

inline Gaussians find_gaussians(const DenseAffinities& a, double perplexity, ThreadPool& pool) {
  const size_t n = a.tiles.n_points;
  Gaussians g{AlignedVector(a.tiles.n_padded, 0.0), AlignedVector(a.tiles.n_padded, 0.0),
              AlignedVector(a.tiles.n_padded, 0.0)};
  const auto kernel = SPASNE_DISPATCH(gaussian_row_sums);
  pool.for_each_range(n, LANES, [&](size_t first, size_t last) {
    AlignedVector row(round_up(n, LANES), 0.0);
    for (size_t i = first; i < last; ++i) {
      gather_row(a, i, row.data());
      const RowGaussian found = find_precision(row.data(), n - 1, perplexity, kernel);
      if (!std::isfinite(found.total) || found.total <= 0)
        throw std::runtime_error("no Gaussian width gives the perplexity at point " + std::to_string(i));
      g.precision[i] = found.precision;
      g.shift[i] = found.shift;
      g.row_factor[i] = 1 / (found.total * 2 * static_cast<double>(n));
    }
  });
  return g;
}

/// Sums per-chunk arrays in chunk order: out[k] = sum over chunks of parts[chunk][k].
inline void add_in_order(const std::vector<AlignedVector>& parts, AlignedVector& out) {
  std::fill(out.begin(), out.end(), 0.0);
  for (const AlignedVector& part : parts)
    for (size_t k = 0; k < out.size(); ++k) out[k] += part[k];
}

}  // namespace detail

struct AffinityOptions {
  double perplexity, space_offset;
  bool global_terms;  // whether any run gives them weight
  Sections sections;
};

/// X, S: n x D and n x n_space, row-major; both are freed.
inline DenseAffinities dense_affinities(std::vector<double> X, size_t D, std::vector<double> S, size_t n_space,
                                        size_t n, const AffinityOptions& o, ThreadPool& pool) {
  DenseAffinities a(n, o.sections);
  centre_and_scale(X, n, D);
  const double global_sum = pair_sum(X, n, D, 1);
  const double space_sum = pair_sum(S, n_space, o.space_offset, o.sections);
  a.local.resize(a.tiles.size());
  {
    const AlignedVector packed = pack_panels(X, n, D);
    std::vector<double>().swap(X);
    detail::fill_squared_distances(a, packed, D, pool);
  }
  a.packed_space = pack_panels(S, n, n_space);
  a.n_space = n_space;
  a.space_offset = o.space_offset;
  a.space_factor = space_sum > 0 ? 1 / space_sum : 0;
  if (a.sections.several()) {
    a.section_of.resize(a.tiles.n_padded, 0.0);
    for (size_t s = 0; s < a.sections.members.size(); ++s)
      for (const size_t i : a.sections.members[s]) a.section_of[i] = static_cast<double>(s);
  }
  const detail::Gaussians g = detail::find_gaussians(a, o.perplexity, pool);
  if (o.global_terms) a.global.resize(a.tiles.size());

  const AffinityInput input{a.local.data(),
                            o.global_terms ? a.global.data() : nullptr,
                            g.precision.data(),
                            g.shift.data(),
                            g.row_factor.data(),
                            1 / global_sum,
                            a.space()};
  const size_t n_padded = a.tiles.n_padded;
  std::vector<AlignedVector> parts(a.n_chunks());
  const auto kernel = SPASNE_DISPATCH(affinities_from_distances);
  pool.for_each_chunk(a.n_chunks(), [&](size_t chunk) {
    parts[chunk].assign(AFFINITY_SUMS * n_padded, 0.0);
    kernel(a.tiles, input, a.chunks[chunk], a.chunks[chunk + 1], parts[chunk].data());
  });
  AlignedVector sums(AFFINITY_SUMS * n_padded);
  detail::add_in_order(parts, sums);
  for (size_t kind = 0; kind < AFFINITY_SUMS; ++kind)
    a.row_sums[kind].assign(sums.begin() + static_cast<std::ptrdiff_t>(kind * n_padded),
                            sums.begin() + static_cast<std::ptrdiff_t>(kind * n_padded + n));
  return a;
}

}  // namespace spasne
