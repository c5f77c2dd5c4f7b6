// Dense affinities of all pairs: P, Pg and Ps of the objective, with what the cost needs of them. They depend on the
// data and the perplexity alone, so that runs with other weights share them.
#pragma once

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include "../spasne.h"
#include "aligned.h"
#include "entropies.h"
#include "kernels/all_pairs.h"
#include "perplexity.h"
#include "rows.h"
#include "sections.h"
#include "symmetric_tiles.h"
#include "threads.h"

namespace spasne {

/// X by panels of LANES points: packed[(panel * n_columns + column) * LANES + lane], padded with zeros.
inline AlignedVector pack_panels(const Rows& X) {
  AlignedVector packed(round_up(X.n, LANES) * X.n_columns, 0.0);
  for (size_t i = 0; i < X.n; ++i)
    for (size_t k = 0; k < X.n_columns; ++k) packed[(i / LANES * X.n_columns + k) * LANES + i % LANES] = X[i][k];
  return packed;
}

/// The affinities as tiles, and their sums. Ps is computed from the positions where it is needed.
struct DenseAffinities {
  DenseAffinities(size_t n, const Sections& s) : tiles(n), chunks(tiles.chunk_bounds()), sections(s) {}

  SymmetricTiles tiles;
  std::vector<size_t> chunks;   // bounds of the chunks of blocks that threads take
  AlignedVector local, global;  // P and Pg; Pg is empty where no run gives weight to a global term
  AlignedVector packed_space;
  size_t n_space = 0;
  double space_offset = 1, space_factor = 0;
  Sections sections;
  AlignedVector section_of;                     // n_padded long; empty for one section
  Entropies of_local, of_expression, of_space;  // of P, Pg and Ps

  size_t n_chunks() const { return chunks.size() - 1; }
  SpaceInput space() const {
    return {packed_space.data(), n_space, space_offset, space_factor, section_of.empty() ? nullptr : section_of.data()};
  }
};

namespace detail {

inline void fill_squared_distances(DenseAffinities& a, const AlignedVector& packed, size_t D, ThreadPool& pool) {
  const size_t GROUP = 16;  // blocks that share a panel while it is in cache
  const auto kernel = all_pairs_kernels().squared_distances;
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
  const auto kernel = all_pairs_kernels().gaussian_row_sums;
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
};

namespace detail {

/// What the kernels need to compute Ps where it is needed.
inline void keep_space(DenseAffinities& a, const Rows& S, double offset) {
  const double sum = pair_sum(S, offset, a.sections);
  a.packed_space = pack_panels(S);
  a.n_space = S.n_columns;
  a.space_offset = offset;
  a.space_factor = sum > 0 ? 1 / sum : 0;
  if (!a.sections.several()) return;
  a.section_of.resize(a.tiles.n_padded, 0.0);
  for (size_t s = 0; s < a.sections.members.size(); ++s)
    for (const size_t i : a.sections.members[s]) a.section_of[i] = static_cast<double>(s);
}

/// Replaces the squared distances by P, fills Pg and takes the row sums.
inline void fill_affinities(DenseAffinities& a, const Gaussians& g, double global_factor, ThreadPool& pool) {
  const AffinityInput input{a.local.data(),
                            a.global.empty() ? nullptr : a.global.data(),
                            g.precision.data(),
                            g.shift.data(),
                            g.row_factor.data(),
                            global_factor,
                            a.space()};
  const size_t n = a.tiles.n_points, n_padded = a.tiles.n_padded;
  std::vector<AlignedVector> parts(a.n_chunks());
  const auto kernel = all_pairs_kernels().affinities_from_distances;
  pool.for_each_chunk(a.n_chunks(), [&](size_t chunk) {
    parts[chunk].assign(AFFINITY_SUMS * n_padded, 0.0);
    kernel(a.tiles, input, a.chunks[chunk], a.chunks[chunk + 1], parts[chunk].data());
  });
  AlignedVector sums(AFFINITY_SUMS * n_padded);
  add_in_order(parts, sums);
  const auto kind = [&](size_t number) {
    const auto first = sums.begin() + static_cast<std::ptrdiff_t>(number * n_padded);
    return std::vector<double>(first, first + static_cast<std::ptrdiff_t>(n));
  };
  a.of_local = {kind(0), kind(1)};
  a.of_expression = {kind(2), kind(3)};
  a.of_space = {kind(4), kind(5)};
}

}  // namespace detail

/// The data are taken over, and X is freed on the way.
inline DenseAffinities dense_affinities(Problem p, const AffinityOptions& o, ThreadPool& pool) {
  DenseAffinities a(p.n_points, Sections(p.sections, p.n_points));
  centre_and_scale(p.X, p.n_features);
  const double global_sum = pair_sum({p.X, p.n_features}, 1);
  a.local.resize(a.tiles.size());
  {
    const AlignedVector packed = pack_panels({p.X, p.n_features});
    std::vector<double>().swap(p.X);
    detail::fill_squared_distances(a, packed, p.n_features, pool);
  }
  detail::keep_space(a, {p.S, p.n_space}, o.space_offset);
  const detail::Gaussians gaussians = detail::find_gaussians(a, o.perplexity, pool);
  if (o.global_terms) a.global.resize(a.tiles.size());
  detail::fill_affinities(a, gaussians, 1 / global_sum, pool);
  return a;
}

}  // namespace spasne
