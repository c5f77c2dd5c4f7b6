// Kernels over all pairs of points, on the tiles of symmetric_tiles.h. Compiled per instruction set (for_each_isa.inl).
//
// Y is stored by axis: Y[axis * n_padded + point]. Padding points lie far away from all others and from each other,
// where the kernel 1/(1+d^2) vanishes; their entries in every matrix are 0.

namespace spasne {
namespace SPASNE_ISA {

// --- Squared distances -----------------------------------------------------------------------------------------------

/// out[r * LANES + lane] = |x_(row+r) - x_(LANES*panel+lane)|^2 for r < BLOCK_ROWS.
/// packed: X by panels, packed[(panel * n_columns + column) * LANES + lane].
static inline void squared_distance_tile(const double* packed, size_t n_columns, size_t first_row, size_t panel,
                                         double* out) {
  const double* rows = packed + first_row / LANES * n_columns * LANES + first_row % LANES;
  const double* columns = packed + panel * n_columns * LANES;
  Lanes d0 = lanes(0.0), d1 = d0, d2 = d0, d3 = d0;
  for (size_t k = 0; k < n_columns; ++k) {
    const Lanes x = load(columns + k * LANES);
    const double* row = rows + k * LANES;
    const Lanes e0 = x - row[0], e1 = x - row[1], e2 = x - row[2], e3 = x - row[3];
    d0 += e0 * e0;
    d1 += e1 * e1;
    d2 += e2 * e2;
    d3 += e3 * e3;
  }
  store(out, d0);
  store(out + LANES, d1);
  store(out + 2 * LANES, d2);
  store(out + 3 * LANES, d3);
}

/// Squared distances of the blocks first_block .. last_block-1, tile by tile; a panel is reused while it is in cache.
static void squared_distances(const SymmetricTiles& tiles, const double* packed, size_t n_columns, size_t first_block,
                              size_t last_block, double* matrix) {
  for (size_t panel = tiles.diagonal_panel(first_block); panel < tiles.n_panels; ++panel)
    for (size_t block = first_block; block < last_block; ++block) {
      if (tiles.diagonal_panel(block) > panel) break;
      squared_distance_tile(packed, n_columns, block * BLOCK_ROWS, panel,
                            matrix + tiles.offset(block) + (panel - tiles.diagonal_panel(block)) * TILE);
    }
}

// --- Perplexity of one row -------------------------------------------------------------------------------------------

SPASNE_INLINE LanesInt first_lanes(size_t count) {
  const LaneArray number = {{0, 1, 2, 3, 4, 5, 6, 7}};
  return load(number) < static_cast<double>(count);
}

/// Sums over n distances of p_j = exp(-precision (d_j - shift)): out[0] = sum p_j, out[1] = sum p_j d_j.
/// The memory behind the row is readable up to a multiple of LANES.
static void gaussian_row_sums(const double* squared_distance, size_t n, double precision, double shift, double* out) {
  Lanes total = lanes(0.0), weighted = total;
  for (size_t j = 0; j < n; j += LANES) {
    const Lanes d = load(squared_distance + j);
    Lanes p = exp((d - shift) * -precision);
    if (n - j < LANES) p = select(first_lanes(n - j), p, lanes(0.0));
    total += p;
    weighted += p * d;
  }
  out[0] = sum(total);
  out[1] = sum(weighted);
}

// --- From distances to affinities ------------------------------------------------------------------------------------

/// p ln p, 0 where p is 0 (or below the normal range).
SPASNE_INLINE Lanes times_log(const Lanes& p) {
  const LanesInt positive = p > 1e-300;
  return select(positive, p * log(select(positive, p, lanes(1.0))), lanes(0.0));
}

/// Which of the pairs (i, LANES*panel + lane) exist: two different points, neither of them padding.
SPASNE_INLINE LanesInt pair_mask(const SymmetricTiles& tiles, size_t i, size_t panel) {
  const size_t first = panel * LANES;
  if (i >= tiles.n_points) return first_lanes(0);
  LanesInt mask = first_lanes(tiles.n_points - first);
  if (i >= first && i < first + LANES) mask = mask & ~(first_lanes(i - first + 1) & ~first_lanes(i - first));
  return mask;
}

/// Squared spatial distances of a tile; -c for points of different sections, so that their Ps is 0.
SPASNE_INLINE void space_distance_tile(const SpaceInput& s, size_t first_row, size_t panel, double* out) {
  squared_distance_tile(s.packed, s.n_columns, first_row, panel, out);
  if (!s.section) return;
  const Lanes column = load(s.section + panel * LANES);
  for (size_t r = 0; r < BLOCK_ROWS; ++r)
    store(out + r * LANES, select(column != s.section[first_row + r], lanes(-s.offset), load(out + r * LANES)));
}

/// Ps of squared spatial distances; 0 where Pg is, which holds for just the pairs that do not exist.
SPASNE_INLINE Lanes space_affinity(const SpaceInput& s, const Lanes& squared_distance, const Lanes& pg) {
  return select(pg > 0.0, (squared_distance + s.offset) * s.factor, lanes(0.0));
}

/// Replaces squared expression distances by affinities for the blocks first_block .. last_block-1:
/// local = symmetrised Gaussian affinities (not exaggerated), global = Pg (where a.global is given), both 0 for pairs
/// that do not exist. Adds each point's row sums to sums[kind * n_padded + point].
static void affinities_from_distances(const SymmetricTiles& tiles, const AffinityInput& a, size_t first_block,
                                      size_t last_block, double* sums) {
  const size_t n = tiles.n_padded;
  for (size_t block = first_block; block < last_block; ++block) {
    const size_t diagonal = tiles.diagonal_panel(block);
    for (size_t panel = diagonal; panel < tiles.n_panels; ++panel) {
      const size_t at = tiles.offset(block) + (panel - diagonal) * TILE;
      double space[TILE] __attribute__((aligned(64)));
      if (a.global) space_distance_tile(a.space, block * BLOCK_ROWS, panel, space);
      for (size_t r = 0; r < BLOCK_ROWS; ++r) {
        const size_t i = block * BLOCK_ROWS + r, j = panel * LANES;
        const LanesInt valid = pair_mask(tiles, i, panel);
        double* local = a.local + at + r * LANES;
        const Lanes d = load(local);
        const Lanes gaussian = exp((a.shift[i] - d) * a.precision[i]) * a.row_factor[i] +
                               exp((load(a.shift + j) - d) * load(a.precision + j)) * load(a.row_factor + j);
        const Lanes p = select(valid, gaussian, lanes(0.0));
        store(local, p);
        Lanes terms[AFFINITY_SUMS] = {p, times_log(p), lanes(0.0), lanes(0.0), lanes(0.0), lanes(0.0)};
        if (a.global) {
          const Lanes pg = select(valid, (d + 1.0) * a.global_factor, lanes(0.0));
          const Lanes ps = space_affinity(a.space, load(space + r * LANES), pg);
          store(a.global + at + r * LANES, pg);
          terms[2] = pg;
          terms[3] = times_log(pg);
          terms[4] = ps;
          terms[5] = times_log(ps);
        }
        for (size_t kind = 0; kind < AFFINITY_SUMS; ++kind) {
          sums[kind * n + i] += sum(terms[kind]);
          if (panel != diagonal) add_to(sums + kind * n + j, terms[kind]);
        }
      }
    }
  }
}

// --- The two global terms as one ------------------------------------------------------------------------------------

/// alpha Pg + beta Ps of one row of a tile.
struct WeightedRow {
  Lanes total, space;  // space: beta Ps alone
};

/// Squared spatial distances of a tile; 0 where they have no weight, for they may overflow.
SPASNE_INLINE void space_tile(const GlobalWeights& w, size_t first_row, size_t panel, double* out) {
  if (w.beta > 0) return space_distance_tile(w.space, first_row, panel, out);
  for (size_t r = 0; r < BLOCK_ROWS; ++r) store(out + r * LANES, lanes(0.0));
}

/// at: index of the row in the tiles' memory; space: its squared spatial distances.
SPASNE_INLINE WeightedRow weighted_row(const GlobalWeights& w, size_t at, const double* space) {
  if (!w.global) return {lanes(0.0), lanes(0.0)};
  const Lanes pg = load(w.global + at);
  const Lanes ps = space_affinity(w.space, load(space), pg) * w.beta;
  return {pg * w.alpha + ps, ps};
}

/// Makes W = exaggeration * P - alpha Pg - beta Ps for the blocks first_block .. last_block-1.
static void merge_weights(const SymmetricTiles& tiles, const MergeInput& m, size_t first_block, size_t last_block) {
  for (size_t block = first_block; block < last_block; ++block) {
    const size_t diagonal = tiles.diagonal_panel(block);
    for (size_t panel = diagonal; panel < tiles.n_panels; ++panel) {
      double space[TILE] __attribute__((aligned(64)));
      space_tile(m.weights, block * BLOCK_ROWS, panel, space);
      for (size_t r = 0; r < BLOCK_ROWS; ++r) {
        const size_t at = tiles.offset(block) + (panel - diagonal) * TILE + r * LANES;
        const Lanes weighted = weighted_row(m.weights, at, space + r * LANES).total;
        Lanes p = load(m.from + at);
        if (m.merged) p = (p + weighted) / m.before;
        store(m.to + at, p * m.exaggeration - weighted);
      }
    }
  }
}

// --- The gradient's sums ---------------------------------------------------------------------------------------------

/// Takes the first KINDS of a tile's sums by column from the forces on its columns' points.
template <int KINDS>
SPASNE_INLINE void subtract_columns(double* forces, size_t n, const Lanes* column) {
  for (int k = 0; k < KINDS; ++k) {
    double* target = forces + static_cast<size_t>(k) * n;
    store(target, load(target) - column[k]);
  }
}

/// Exact sums of one tile, the two kernels K = 1/(1+d^2) and, where scaled, K_sigma = 1/(1+sigma^2 d^2).
/// The matrix holds W = e P - alpha Pg - beta Ps (not scaled) or P (scaled). at: index of the tile in its memory.
/// Two_sided: the tile stands for (i, j) and (j, i); what is added to Z is for (i, j) alone.
template <int DIMS, bool REPULSION, bool SCALED, bool TWO_SIDED>
SPASNE_INLINE void force_tile(const PairSums& s, size_t n, size_t i, size_t j, size_t at,
                              Lanes (&row)[BLOCK_ROWS][2 * DIMS], Lanes& Z) {
  Lanes y[DIMS], column[2 * DIMS];
  double space[TILE] __attribute__((aligned(64)));
  if (SCALED) space_tile(s.weights, i, j / LANES, space);
  for (int axis = 0; axis < DIMS; ++axis) y[axis] = load(s.Y + static_cast<size_t>(axis) * n + j);
  for (int k = 0; k < 2 * DIMS; ++k) column[k] = lanes(0.0);
  for (size_t r = 0; r < BLOCK_ROWS; ++r) {
    Lanes difference[DIMS], d2 = lanes(0.0), one_plus_d2 = lanes(1.0);
    for (int axis = 0; axis < DIMS; ++axis) {
      difference[axis] = s.Y[static_cast<size_t>(axis) * n + i + r] - y[axis];
      one_plus_d2 += difference[axis] * difference[axis];
      if (SCALED) d2 += difference[axis] * difference[axis];
    }
    const Lanes kernel = 1.0 / one_plus_d2;
    Lanes attraction = load(s.matrix + at + r * LANES) * kernel;
    if (SCALED) {
      const Lanes weighted = weighted_row(s.weights, at + r * LANES, space + r * LANES).total;
      attraction = attraction * s.exaggeration - weighted * s.scale2 / (d2 * s.scale2 + 1.0);
    }
    for (int axis = 0; axis < DIMS; ++axis) {
      const Lanes force = attraction * difference[axis];
      row[r][axis] += force;
      if (TWO_SIDED) column[axis] += force;
    }
    if (REPULSION) {
      const Lanes kernel2 = kernel * kernel;
      Z += kernel;
      for (int axis = 0; axis < DIMS; ++axis) {
        const Lanes force = kernel2 * difference[axis];
        row[r][DIMS + axis] += force;
        if (TWO_SIDED) column[DIMS + axis] += force;
      }
    }
  }
  if (TWO_SIDED) subtract_columns<(REPULSION ? 2 * DIMS : DIMS)>(s.forces + j, n, column);
}

/// Asks for a tile some way behind this one. Matrices larger than the caches are read in order, but the processor by
/// itself does not ask for them early enough.
SPASNE_INLINE void prefetch_tile(const double* tile) {
  constexpr size_t AHEAD = 16 * TILE;
  for (size_t k = 0; k < TILE; k += LANES) __builtin_prefetch(tile + AHEAD + k);
}

/// For the blocks first_block .. last_block-1 of all pairs, into s.forces[k * n_padded + point] (zeroed by the caller):
///   k < DIMS:          sum_j W_ij K_ij (y_i - y_j)       (attraction of all terms)
///   DIMS <= k < 2 DIMS: sum_j K_ij^2 (y_i - y_j)          (repulsion, before division by Z; REPULSION only)
/// and returns this part of Z = sum K_ij, the diagonal (1 per point, padding included) counted in.
template <int DIMS, bool REPULSION, bool SCALED>
static double pair_sums(const SymmetricTiles& tiles, const PairSums& s, size_t first_block, size_t last_block) {
  const size_t n = tiles.n_padded;
  Lanes Z_diagonal = lanes(0.0), Z_above = Z_diagonal;
  for (size_t block = first_block; block < last_block; ++block) {
    const size_t i = block * BLOCK_ROWS, diagonal = tiles.diagonal_panel(block);
    size_t at = tiles.offset(block);
    Lanes row[BLOCK_ROWS][2 * DIMS];
    for (size_t r = 0; r < BLOCK_ROWS; ++r)
      for (int k = 0; k < 2 * DIMS; ++k) row[r][k] = lanes(0.0);
    force_tile<DIMS, REPULSION, SCALED, false>(s, n, i, diagonal * LANES, at, row, Z_diagonal);
    for (size_t panel = diagonal + 1; panel < tiles.n_panels; ++panel) {
      at += TILE;
      prefetch_tile(s.matrix + at);
      if (SCALED && s.weights.global) prefetch_tile(s.weights.global + at);
      force_tile<DIMS, REPULSION, SCALED, true>(s, n, i, panel * LANES, at, row, Z_above);
    }
    for (size_t r = 0; r < BLOCK_ROWS; ++r)
      for (int k = 0; k < (REPULSION ? 2 * DIMS : DIMS); ++k)
        s.forces[static_cast<size_t>(k) * n + i + r] += sum(row[r][k]);
  }
  return sum(Z_diagonal + Z_above * 2.0);
}

// --- The cost --------------------------------------------------------------------------------------------------------

/// For the blocks first_block .. last_block-1 adds to shares[point] the sum over j of
///   P_ij log(1 + d^2) - (alpha Pg + beta Ps)_ij log(1 + sigma^2 d^2)
/// and to totals: [0] Z, [1] sum of P log(1 + d^2), [2] of (alpha Pg + beta Ps) log(1 + sigma^2 d^2),
/// [3] of beta Ps log(1 + sigma^2 d^2).
template <int DIMS>
static void cost_sums(const SymmetricTiles& tiles, const CostInput& c, size_t first_block, size_t last_block,
                      double* shares, double* totals) {
  const size_t n = tiles.n_padded;
  Lanes all[4] = {lanes(0.0), lanes(0.0), lanes(0.0), lanes(0.0)};
  for (size_t block = first_block; block < last_block; ++block) {
    const size_t diagonal = tiles.diagonal_panel(block);
    for (size_t panel = diagonal; panel < tiles.n_panels; ++panel) {
      const size_t at = tiles.offset(block) + (panel - diagonal) * TILE, j = panel * LANES;
      const double sides = panel == diagonal ? 1 : 2;
      double space[TILE] __attribute__((aligned(64)));
      space_tile(c.weights, block * BLOCK_ROWS, panel, space);
      for (size_t r = 0; r < BLOCK_ROWS; ++r) {
        const size_t i = block * BLOCK_ROWS + r;
        Lanes d2 = lanes(0.0);
        for (int axis = 0; axis < DIMS; ++axis) {
          const Lanes e = c.Y[static_cast<size_t>(axis) * n + i] - load(c.Y + static_cast<size_t>(axis) * n + j);
          d2 += e * e;
        }
        const Lanes log_kernel = log(d2 + 1.0);
        const Lanes log_global = c.scale2 == 1 ? log_kernel : log(d2 * c.scale2 + 1.0);
        const WeightedRow w = weighted_row(c.weights, at + r * LANES, space + r * LANES);
        Lanes p = load(c.matrix + at + r * LANES);
        if (c.merged) p = (p + w.total) / c.exaggeration;
        const Lanes share = p * log_kernel - w.total * log_global;
        shares[i] += sum(share);
        if (panel != diagonal) add_to(shares + j, share);
        all[0] += select(pair_mask(tiles, i, panel), sides / (d2 + 1.0), lanes(0.0));
        all[1] += p * log_kernel * sides;
        all[2] += w.total * log_global * sides;
        all[3] += w.space * log_global * sides;
      }
    }
  }
  for (int k = 0; k < 4; ++k) totals[k] += sum(all[k]);
}

SPASNE_LINKAGE const AllPairsKernels& all_pairs_kernels() {
  static const AllPairsKernels kernels = {
      squared_distances,
      gaussian_row_sums,
      affinities_from_distances,
      merge_weights,
      {{{pair_sums<1, false, false>, pair_sums<1, false, true>}, {pair_sums<1, true, false>, pair_sums<1, true, true>}},
       {{pair_sums<2, false, false>, pair_sums<2, false, true>}, {pair_sums<2, true, false>, pair_sums<2, true, true>}},
       {{pair_sums<3, false, false>, pair_sums<3, false, true>},
        {pair_sums<3, true, false>, pair_sums<3, true, true>}}},
      {cost_sums<1>, cost_sums<2>, cost_sums<3>}};
  return kernels;
}

}  // namespace SPASNE_ISA
}  // namespace spasne
