// Sums over all points by way of a grid: spreading, convolving, gathering, and the direct sums of far points
// (kernel_grid.h, grid_sums.h). Compiled per instruction set (for_each_isa.inl).

namespace spasne {
namespace SPASNE_ISA {
typedef double NativeAnywhere __attribute__((vector_size(SPASNE_VECTOR_BYTES), aligned(8)));

SPASNE_INLINE void add_anywhere(double* p, const double* added, double factor) {
  for (size_t part = 0; part < LANES; part += NATIVE) {
    NativeAnywhere* at = reinterpret_cast<NativeAnywhere*>(p + part);
    *at = *at + load_as(added + part, static_cast<Native*>(nullptr)) * factor;
  }
}

// --- B-splines -------------------------------------------------------------------------------------------------------

/// Eight points' stencils: the first of the ORDER nodes on each axis, and there the B-spline's values and derivatives.
template <int DIMS, int ORDER>
struct Stencil {
  size_t first[DIMS][LANES];
  LaneArray value[DIMS][ORDER], slope[DIMS][ORDER];
};

/// B-splines M of order ORDER by their recurrence (de Boor 1978), M_k(u) = [u M_(k-1)(u) + (k - u) M_(k-1)(u-1)] /
/// (k-1), and M_k'(u) = M_(k-1)(u) - M_(k-1)(u-1). Node j has u = t + ORDER - 1 - j with 0 <= t < 1.
template <int ORDER>
SPASNE_INLINE void spline_weights(const Lanes& t, LaneArray* value, LaneArray* slope) {
  Lanes w[ORDER];
  w[0] = 1.0 - t;
  w[1] = t;
  for (int k = 3; k <= ORDER; ++k) {
    if (k == ORDER) {
      store(slope[0].value, lanes(0.0) - w[0]);
      for (int j = 1; j < ORDER - 1; ++j) store(slope[j].value, w[j - 1] - w[j]);
      store(slope[ORDER - 1].value, w[ORDER - 2]);
    }
    const double factor = 1.0 / (k - 1);
    w[k - 1] = t * w[k - 2] * factor;
    for (int j = k - 2; j > 0; --j)
      w[j] = ((t + static_cast<double>(k - 1 - j)) * w[j - 1] + (static_cast<double>(j + 1) - t) * w[j]) * factor;
    w[0] = (1.0 - t) * w[0] * factor;
  }
  for (int j = 0; j < ORDER; ++j) store(value[j].value, w[j]);
}

/// One axis of the stencils of eight points at y: the first nodes, and t of spline_weights. Points off the grid
/// (padding, far points) get a stencil inside it.
template <int ORDER>
SPASNE_INLINE Lanes place(const GridView& g, int axis, const Lanes& y, size_t* first) {
  const double end = static_cast<double>(g.nodes[axis]);
  LaneArray u, t;
  store(u.value, (y - g.origin[axis]) * g.per_spacing + ORDER / 2.0);
  for (size_t lane = 0; lane < LANES; ++lane) {
    double x = u.value[lane];
    if (!(x >= ORDER - 1)) x = ORDER - 1;
    if (x >= end) x = end - 0.5;
    const size_t cell = static_cast<size_t>(x);
    first[lane] = cell - (ORDER - 1);
    t.value[lane] = x - static_cast<double>(cell);
  }
  return load(t);
}

/// The stencils of the points first .. first+7.
template <int DIMS, int ORDER>
SPASNE_INLINE void find_stencils(const GridView& g, const double* Y, size_t first, Stencil<DIMS, ORDER>& s) {
  for (int axis = 0; axis < DIMS; ++axis) {
    const Lanes y = load(Y + static_cast<size_t>(axis) * g.n_padded + first);
    spline_weights<ORDER>(place<ORDER>(g, axis, y, s.first[axis]), s.value[axis], s.slope[axis]);
  }
}

/// The stencils of `count` points, at most 8.
template <int DIMS, int ORDER>
SPASNE_INLINE void find_stencils(const GridView& g, const double* Y, const uint32_t* points, size_t count,
                                 Stencil<DIMS, ORDER>& s) {
  for (int axis = 0; axis < DIMS; ++axis) {
    LaneArray y = {};
    for (size_t lane = 0; lane < count; ++lane)
      y.value[lane] = Y[static_cast<size_t>(axis) * g.n_padded + points[lane]];
    spline_weights<ORDER>(place<ORDER>(g, axis, load(y), s.first[axis]), s.value[axis], s.slope[axis]);
  }
}

/// cell[i] = the number of the first node of point i's stencil, for the points begin .. end-1 (begin a multiple of
/// LANES).
template <int DIMS, int ORDER>
static void find_cells(const GridView& g, const double* Y, size_t begin, size_t end, uint32_t* cell) {
  for (size_t i = begin; i < end; i += LANES) {
    size_t number[LANES] = {}, first[LANES];
    for (int axis = 0; axis < DIMS; ++axis) {
      place<ORDER>(g, axis, load(Y + static_cast<size_t>(axis) * g.n_padded + i), first);
      for (size_t lane = 0; lane < LANES; ++lane) number[lane] = number[lane] * g.nodes[axis] + first[lane];
    }
    for (size_t lane = 0; lane < LANES && i + lane < end; ++lane) cell[i + lane] = static_cast<uint32_t>(number[lane]);
  }
}

constexpr size_t power(size_t base, int exponent) { return exponent == 0 ? 1 : base * power(base, exponent - 1); }

/// One point's stencil as rows along the last axis: where each row begins, and the product of the other axes' weights:
/// weight[0] of values, weight[1 + axis] with that axis's derivative.
template <int DIMS, int ORDER>
struct StencilRows {
  static constexpr size_t N = power(ORDER, DIMS - 1);
  size_t begin[N];
  double weight[DIMS][N];
};

template <int DIMS, int ORDER>
SPASNE_INLINE void find_rows(const GridView& g, const Stencil<DIMS, ORDER>& s, size_t lane,
                             StencilRows<DIMS, ORDER>& rows) {
  if constexpr (DIMS == 1) {
    rows.begin[0] = s.first[0][lane];
    rows.weight[0][0] = 1;
  } else if constexpr (DIMS == 2) {
    for (size_t j = 0; j < ORDER; ++j) {
      rows.begin[j] = (s.first[0][lane] + j) * g.nodes[1] + s.first[1][lane];
      rows.weight[0][j] = s.value[0][j].value[lane];
      rows.weight[1][j] = s.slope[0][j].value[lane];
    }
  } else {
    for (size_t j = 0; j < ORDER; ++j)
      for (size_t k = 0; k < ORDER; ++k) {
        const size_t r = j * ORDER + k;
        rows.begin[r] = ((s.first[0][lane] + j) * g.nodes[1] + s.first[1][lane] + k) * g.nodes[2] + s.first[2][lane];
        rows.weight[0][r] = s.value[0][j].value[lane] * s.value[1][k].value[lane];
        rows.weight[1][r] = s.slope[0][j].value[lane] * s.value[1][k].value[lane];
        rows.weight[2][r] = s.value[0][j].value[lane] * s.slope[1][k].value[lane];
      }
  }
}

/// The last axis's weights of one point, lane j for node j.
template <int ORDER>
SPASNE_INLINE LaneArray along_row(const LaneArray* weights, size_t lane) {
  LaneArray row = {};
  for (size_t j = 0; j < ORDER; ++j) row.value[j] = weights[j].value[lane];
  return row;
}

// Vectors of charges spread, and points gathered for, at once: as the registers allow.
constexpr size_t SPREAD_WIDTH = SPASNE_VECTOR_BYTES == 64 ? 4 : SPASNE_VECTOR_BYTES == 32 ? 2 : 1;
constexpr size_t GATHER_AT_ONCE = SPREAD_WIDTH;

// --- Spreading and gathering -----------------------------------------------------------------------------------------

/// nodes[node] += weight of each of the points begin .. end-1 there (begin a multiple of LANES). On one axis and for
/// one charge.
template <int DIMS, int ORDER>
static void spread_points(const GridView& g, const double* Y, size_t begin, size_t end, double* nodes) {
  Stencil<DIMS, ORDER> stencil;
  StencilRows<DIMS, ORDER> rows;
  for (size_t first = begin; first < end; first += LANES) {
    find_stencils(g, Y, first, stencil);
    for (size_t lane = 0; lane < LANES && first + lane < end; ++lane) {
      if (g.far && g.far[first + lane]) continue;
      find_rows(g, stencil, lane, rows);
      const LaneArray last = along_row<ORDER>(stencil.value[DIMS - 1], lane);
      for (size_t r = 0; r < rows.N; ++r) add_anywhere(nodes + rows.begin[r], last.value, rows.weight[0][r]);
    }
  }
}

/// Points of one cell, at most SIZE: where the rows of their stencil begin, and point by point the weights of the rows
/// (StencilRows) and along them.
template <int DIMS, int ORDER>
struct Group {
  static constexpr size_t SIZE = 32, N = StencilRows<DIMS, ORDER>::N;
  size_t count;
  size_t begin[N];
  uint32_t point[SIZE];
  float weight[SIZE][DIMS][N], value[SIZE][ORDER], slope[SIZE][ORDER];
};

/// The charges of points that are soon wanted: points of a cell lie anywhere in memory.
SPASNE_INLINE void prefetch_charges(const ChargedPoints& points, size_t C, size_t begin, size_t end) {
  constexpr size_t LINE = 64 / sizeof(float);
  for (size_t at = begin; at < end; ++at)
    for (size_t c = 0; c < C; c += LINE) __builtin_prefetch(points.charges + points.cells.order[at] * C + c, 0, 2);
}

/// The next group of the points order[at .. end-1], which are sorted by cell. Returns where it ends.
template <int DIMS, int ORDER>
SPASNE_INLINE size_t next_group(const GridView& g, const ChargedPoints& points, size_t at, size_t end,
                                Group<DIMS, ORDER>& group) {
  const CellOrderView& o = points.cells;
  const uint32_t cell = o.cell[o.order[at]];
  Stencil<DIMS, ORDER> stencil;
  StencilRows<DIMS, ORDER> rows = {};  // filled below: there is a point, which the compiler does not see
  group.count = 0;
  while (at < end && group.count < group.SIZE && o.cell[o.order[at]] == cell) {
    size_t count = 0;
    while (count < LANES && at + count < end && o.cell[o.order[at + count]] == cell) ++count;
    find_stencils(g, points.Y, o.order + at, count, stencil);
    for (size_t lane = 0; lane < count; ++lane) {
      const size_t p = group.count++;
      group.point[p] = o.order[at + lane];
      find_rows(g, stencil, lane, rows);
      for (size_t axis = 0; axis < DIMS; ++axis)
        for (size_t r = 0; r < rows.N; ++r) group.weight[p][axis][r] = static_cast<float>(rows.weight[axis][r]);
      for (size_t j = 0; j < ORDER; ++j) {
        group.value[p][j] = static_cast<float>(stencil.value[DIMS - 1][j].value[lane]);
        group.slope[p][j] = static_cast<float>(stencil.slope[DIMS - 1][j].value[lane]);
      }
    }
    at += count;
  }
  for (size_t r = 0; r < rows.N; ++r) group.begin[r] = rows.begin[r];
  prefetch_charges(points, g.n_charges, at, at + group.SIZE < end ? at + group.SIZE : end);
  return at;
}

/// One row of a group's stencil, WIDTH vectors of charges: node[j * C] += sum over points of weight times charge.
template <int ORDER, size_t WIDTH>
SPASNE_INLINE void spread_row(const float* charges, const uint32_t* point, size_t count, const float (*weight)[ORDER],
                              size_t C, double* node) {
  FloatLanes total[ORDER][WIDTH];
  for (size_t j = 0; j < ORDER; ++j)
    for (size_t k = 0; k < WIDTH; ++k) total[j][k] = float_lanes(0.0f);
  for (size_t p = 0; p < count; ++p) {
    FloatLanes q[WIDTH];
    for (size_t k = 0; k < WIDTH; ++k) q[k] = load_float_lanes(charges + point[p] * C + k * LANES);
    for (size_t j = 0; j < ORDER; ++j) {
      const FloatLanes w = float_lanes(weight[p][j]);
      for (size_t k = 0; k < WIDTH; ++k) total[j][k] += q[k] * w;
    }
  }
  for (size_t j = 0; j < ORDER; ++j)
    for (size_t k = 0; k < WIDTH; ++k) add_to(node + j * C + k * LANES, as_lanes(total[j][k]));
}

/// nodes[node * n_charges + c] += weight times charge c of each of the points order[begin .. end-1] there: row by row
/// of a cell's stencil and some vectors of charges at a time, so that the sums over its points stay in registers.
/// Those are in single precision, as charges are.
template <int DIMS, int ORDER>
static void spread_charges(const GridView& g, const ChargedPoints& points, size_t begin, size_t end, double* nodes) {
  const size_t C = g.n_charges;
  Group<DIMS, ORDER> group;
  while (begin < end) {
    begin = next_group(g, points, begin, end, group);
    for (size_t r = 0; r < group.N; ++r) {
      float weight[group.SIZE][ORDER];
      for (size_t p = 0; p < group.count; ++p)
        for (size_t j = 0; j < ORDER; ++j) weight[p][j] = group.weight[p][0][r] * group.value[p][j];
      double* node = nodes + group.begin[r] * C;
      size_t c = 0;
      for (; c + SPREAD_WIDTH * LANES <= C; c += SPREAD_WIDTH * LANES)
        spread_row<ORDER, SPREAD_WIDTH>(points.charges + c, group.point, group.count, weight, C, node + c);
      for (; c < C; c += LANES) spread_row<ORDER, 1>(points.charges + c, group.point, group.count, weight, C, node + c);
    }
  }
}

/// Z[i] = number + potential - 1 and repulsion[axis * n_padded + i] = -1/2 gradient of the potential of K - 1, from its
/// nodes.
template <int DIMS, int ORDER>
static void gather_repulsion(const GridView& g, const RepulsionView& r, size_t begin, size_t end) {
  Stencil<DIMS, ORDER> stencil;
  StencilRows<DIMS, ORDER> rows;
  for (size_t first = begin; first < end; first += LANES) {
    find_stencils(g, r.Y, first, stencil);
    for (size_t lane = 0; lane < LANES && first + lane < end; ++lane) {
      const size_t i = first + lane;
      const bool far = g.far && g.far[i];
      find_rows(g, stencil, lane, rows);
      Lanes total[DIMS];
      for (int k = 0; k < DIMS; ++k) total[k] = lanes(0.0);
      for (size_t at = 0; at < rows.N; ++at) {
        LaneArray row;
        __builtin_memcpy(row.value, r.nodes + rows.begin[at], sizeof row);
        for (int k = 0; k < DIMS; ++k) total[k] += load(row) * rows.weight[k][at];
      }
      const Lanes value = load(along_row<ORDER>(stencil.value[DIMS - 1], lane));
      const Lanes slope = load(along_row<ORDER>(stencil.slope[DIMS - 1], lane));
      if (r.Z) r.Z[i] = far ? 0.0 : r.number - 1 + sum(total[0] * value);
      if (!r.repulsion) continue;
      const double factor = far ? 0.0 : -0.5 * g.per_spacing;
      for (size_t axis = 0; axis < DIMS; ++axis)
        r.repulsion[axis * g.n_padded + i] =
            factor * (axis + 1 < DIMS ? sum(total[axis + 1] * value) : sum(total[0] * slope));
    }
  }
}

/// The weights w_c of one point's first eight charges: a + q_1, 1, -q_2, -q_3 ...; those of all others are -q_c.
SPASNE_INLINE Lanes first_weights(const float* q, double a) {
  const LaneArray rest = {{0, 0, 1, 1, 1, 1, 1, 1}}, unit0 = {{1, 0, 0, 0, 0, 0, 0, 0}},
                  unit1 = {{0, 1, 0, 0, 0, 0, 0, 0}};
  return load(unit0) * (a + static_cast<double>(q[1])) + load(unit1) - load(q) * load(rest);
}

/// Sum over all charges of w_c times a number for each of them.
SPASNE_INLINE double weighted_sum(const float* q, double a, const float* numbers, size_t C) {
  Lanes total = first_weights(q, a) * load(numbers);
  for (size_t c = LANES; c < C; c += LANES) total -= load(q + c) * load(numbers + c);
  return sum(total);
}

/// potential[p][j] += weight of point p times the potentials at node j of a row, for charges 8 and on.
template <int ORDER, size_t POINTS>
SPASNE_INLINE void add_row(const float* const* q, const float* row, size_t C, FloatLanes (&potential)[POINTS][ORDER]) {
  for (size_t c = LANES; c < C; c += LANES) {
    FloatLanes charge[POINTS];
    for (size_t p = 0; p < POINTS; ++p) charge[p] = load_float_lanes(q[p] + c);
    for (size_t j = 0; j < ORDER; ++j) {
      const FloatLanes node = load_float_lanes(row + j * C + c);
      for (size_t p = 0; p < POINTS; ++p) potential[p][j] -= charge[p] * node;
    }
  }
}

/// The potential and its slopes, weighted and in lanes, at POINTS points of a group.
template <int DIMS, int ORDER, size_t POINTS>
SPASNE_INLINE void sum_over_nodes(const Group<DIMS, ORDER>& group, size_t from, const ChargedPoints& points, size_t C,
                                  const float* nodes, FloatLanes (&sums)[POINTS][DIMS + 1]) {
  const float* q[POINTS];
  FloatLanes first[POINTS];
  for (size_t p = 0; p < POINTS; ++p) {
    q[p] = points.charges + group.point[from + p] * C;
    first[p] = as_float_lanes(first_weights(q[p], points.a));
    for (int k = 0; k <= DIMS; ++k) sums[p][k] = float_lanes(0.0f);
  }
  for (size_t r = 0; r < group.N; ++r) {
    const float* row = nodes + group.begin[r] * C;
    FloatLanes potential[POINTS][ORDER];
    for (size_t p = 0; p < POINTS; ++p)
      for (size_t j = 0; j < ORDER; ++j) potential[p][j] = first[p] * load_float_lanes(row + j * C);
    add_row<ORDER, POINTS>(q, row, C, potential);
    for (size_t p = 0; p < POINTS; ++p) {
      FloatLanes value = float_lanes(0.0f), slope = value;
      for (size_t j = 0; j < ORDER; ++j) {
        value += potential[p][j] * float_lanes(group.value[from + p][j]);
        slope += potential[p][j] * float_lanes(group.slope[from + p][j]);
      }
      for (int k = 0; k < DIMS; ++k) sums[p][k] += value * float_lanes(group.weight[from + p][k][r]);
      sums[p][DIMS] += slope * float_lanes(group.weight[from + p][0][r]);
    }
  }
}

/// value[i] = sum_c w_ic phi_c and force[axis * n_padded + i] = 1/2 of its gradient, from the potentials at the nodes,
/// for the points order[begin .. end-1]: first summed over charges, then over nodes.
template <int DIMS, int ORDER>
static void gather_charges(const GridView& g, const ChargedPoints& points, const PotentialView& potential, size_t begin,
                           size_t end, const ChargeSums& out) {
  const size_t C = g.n_charges;
  Group<DIMS, ORDER> group;
  const auto put = [&](size_t i, const FloatLanes* sums) {
    if (out.value)
      out.value[i] = sum(as_lanes(sums[0])) + weighted_sum(points.charges + i * C, points.a, potential.reference, C);
    if (out.force)
      for (size_t axis = 0; axis < DIMS; ++axis)
        out.force[axis * g.n_padded + i] = 0.5 * g.per_spacing * sum(as_lanes(sums[axis + 1]));
  };
  while (begin < end) {
    begin = next_group(g, points, begin, end, group);
    size_t p = 0;
    for (; p + GATHER_AT_ONCE <= group.count; p += GATHER_AT_ONCE) {
      FloatLanes sums[GATHER_AT_ONCE][DIMS + 1];
      sum_over_nodes<DIMS, ORDER, GATHER_AT_ONCE>(group, p, points, C, potential.nodes, sums);
      for (size_t k = 0; k < GATHER_AT_ONCE; ++k) put(group.point[p + k], sums[k]);
    }
    for (; GATHER_AT_ONCE > 1 && p < group.count; ++p) {
      FloatLanes sums[1][DIMS + 1];
      sum_over_nodes<DIMS, ORDER, 1>(group, p, points, C, potential.nodes, sums);
      put(group.point[p], sums[0]);
    }
  }
}

/// Adds grids 1, 2 ... of n_grids, which lie `stride` apart, to the first one, in this order, at begin .. end-1.
static void add_grids(double* grids, size_t n_grids, size_t stride, size_t begin, size_t end) {
  for (size_t k = begin; k < end; k += LANES) {
    Lanes total = load(grids + k);
    for (size_t other = 1; other < n_grids; ++other) total += load(grids + other * stride + k);
    store(grids + k, total);
  }
}

// --- Convolution -----------------------------------------------------------------------------------------------------
//
// With M_a the padded lengths: a real transform along the first axis (M_0 / 2 + 1 results), a complex one along the
// second if there are three; along the last axis transform, multiplication by the kernel's real transform and inverse,
// line by line; then the inverse of the others. Lanes are charges, or, for one charge, columns and lines. The
// spectrum's elements are COMPLEX doubles.

/// Eight columns of a row; a single column is padded with zeros.
SPASNE_INLINE Lanes load_columns(const ConvolutionView& v, size_t row, size_t group) {
  const double* at = v.data + row * v.n_columns + group * LANES;
  if (v.n_columns > 1) return load(at);
  const LaneArray single = {{*at}};
  return load(single);
}
SPASNE_INLINE void store_columns(const ConvolutionView& v, size_t row, size_t group, const Lanes& x) {
  double* at = v.data + row * v.n_columns + group * LANES;
  if (v.n_columns > 1) return store(at, x);
  LaneArray all;
  store(all.value, x);
  *at = all.value[0];
}

/// Twice the real transform of the columns of a group: of even rows as real, odd ones as imaginary parts.
static void transform_columns(const ConvolutionView& v, size_t group, double* scratch) {
  const size_t H = v.half.n, n = v.nodes[0];
  const Lanes zero = lanes(0.0);
  for (size_t k = 0; k < H; ++k) {
    store(scratch + COMPLEX * k, 2 * k < n ? load_columns(v, 2 * k, group) : zero);
    store(scratch + COMPLEX * k + LANES, 2 * k + 1 < n ? load_columns(v, 2 * k + 1, group) : zero);
  }
  const double* z = fft(v.half, scratch, scratch + COMPLEX * H, false);
  for (size_t k = 0; k <= H; ++k) {
    const double* root = v.first.roots + 2 * k;
    double* out = v.spectrum + (k * v.slab + group) * COMPLEX;
    for (size_t part = 0; part < LANES; part += NATIVE) {
      const Complex x = load_complex(z + COMPLEX * (k < H ? k : 0), part, 0);
      const Complex y = conjugate(load_complex(z + COMPLEX * (k > 0 ? H - k : 0), part, 0));
      store_complex(out, part, 0, (x + y) + times(times_minus_i(x - y), root[0], root[1]));
    }
  }
}

/// The inverse of it, times M_0.
static void restore_columns(const ConvolutionView& v, size_t group, double* scratch) {
  const size_t H = v.half.n, n = v.nodes[0];
  for (size_t k = 0; k < H; ++k) {
    const double* root = v.first.roots + 2 * k;
    const double* in = v.spectrum + (k * v.slab + group) * COMPLEX;
    const double* mirrored = v.spectrum + ((H - k) * v.slab + group) * COMPLEX;
    for (size_t part = 0; part < LANES; part += NATIVE) {
      const Complex x = load_complex(in, part, 0), y = conjugate(load_complex(mirrored, part, 0));
      store_complex(scratch + COMPLEX * k, part, 0, (x + y) - times_minus_i(times(x - y, root[0], -root[1])));
    }
  }
  const double* z = fft(v.half, scratch, scratch + COMPLEX * H, true);
  for (size_t k = 0; 2 * k < n; ++k) {
    store_columns(v, 2 * k, group, load(z + COMPLEX * k));
    if (2 * k + 1 < n) store_columns(v, 2 * k + 1, group, load(z + COMPLEX * k + LANES));
  }
}

/// One dimension: multiplies a group of columns by the kernel's transform.
static void multiply_columns(const ConvolutionView& v, size_t group) {
  for (size_t k = 0; k <= v.half.n; ++k) {
    double* at = v.spectrum + (k * v.slab + group) * COMPLEX;
    store(at, load(at) * v.transform[k]);
    store(at + LANES, load(at + LANES) * v.transform[k]);
  }
}

SPASNE_INLINE void copy_element(const double* from, double* to) {
  store(to, load(from));
  store(to + LANES, load(from + LANES));
}
SPASNE_INLINE void clear_elements(double* x, size_t begin, size_t end) {
  for (size_t k = begin * COMPLEX; k < end * COMPLEX; k += LANES) store(x + k, lanes(0.0));
}

/// Three dimensions: the transform along the second axis, or its inverse, of one first-axis frequency; in place.
static void transform_middle(const ConvolutionView& v, size_t k, bool inverse, double* scratch) {
  const size_t M = v.middle.n, n = v.nodes[1];
  for (size_t group = 0; group < v.n_groups; ++group) {
    double* slab = v.spectrum + (k * v.slab + group) * COMPLEX;
    const size_t n_in = inverse ? M : n, n_out = inverse ? n : M;
    for (size_t j = 0; j < n_in; ++j) copy_element(slab + j * v.n_groups * COMPLEX, scratch + COMPLEX * j);
    clear_elements(scratch, n_in, M);
    const double* x = fft(v.middle, scratch, scratch + COMPLEX * M, inverse);
    for (size_t j = 0; j < n_out; ++j) copy_element(x + COMPLEX * j, slab + j * v.n_groups * COMPLEX);
  }
}

/// Convolves one line along the last axis, all its charges.
static void convolve_line(const ConvolutionView& v, size_t line, double* scratch) {
  const size_t M = v.last.n, n = v.n_last, step = v.n_charges / LANES * COMPLEX;
  const double* transform = v.transform + line * v.line_stride;
  for (size_t group = 0; group < v.n_charges / LANES; ++group) {
    double* at = v.spectrum + (line * v.n_groups + group) * COMPLEX;
    for (size_t j = 0; j < n; ++j) copy_element(at + j * step, scratch + COMPLEX * j);
    clear_elements(scratch, n, M);
    double* x = fft(v.last, scratch, scratch + COMPLEX * M, false);
    for (size_t k = 0; k < M; ++k) {
      const double factor = transform[k <= M / 2 ? k : M - k];
      store(x + COMPLEX * k, load(x + COMPLEX * k) * factor);
      store(x + COMPLEX * k + LANES, load(x + COMPLEX * k + LANES) * factor);
    }
    x = fft(v.last, x, x == scratch ? scratch + COMPLEX * M : scratch, true);
    for (size_t j = 0; j < n; ++j) copy_element(x + COMPLEX * j, at + j * step);
  }
}

/// One charge: convolves the lines 8 block .. 8 block + 7, one per lane.
static void convolve_line_block(const ConvolutionView& v, size_t block, double* scratch) {
  const size_t M = v.last.n, n = v.n_last, first = block * LANES;
  const size_t count = v.n_lines - first < LANES ? v.n_lines - first : LANES;
  clear_elements(scratch, 0, M);
  for (size_t lane = 0; lane < count; ++lane) {
    const double* line = v.spectrum + (first + lane) * v.n_groups * COMPLEX;
    for (size_t j = 0; j < n; ++j)
      for (size_t part = 0; part < COMPLEX; part += LANES)
        scratch[COMPLEX * j + part + lane] = line[j / LANES * COMPLEX + part + j % LANES];
  }
  double* x = fft(v.last, scratch, scratch + COMPLEX * M, false);
  for (size_t k = 0; k < M; ++k) {
    const Lanes factor = load(v.transform + (k <= M / 2 ? k : M - k) * v.line_stride + first);
    store(x + COMPLEX * k, load(x + COMPLEX * k) * factor);
    store(x + COMPLEX * k + LANES, load(x + COMPLEX * k + LANES) * factor);
  }
  x = fft(v.last, x, x == scratch ? scratch + COMPLEX * M : scratch, true);
  for (size_t lane = 0; lane < count; ++lane) {
    double* line = v.spectrum + (first + lane) * v.n_groups * COMPLEX;
    for (size_t j = 0; j < n; ++j)
      for (size_t part = 0; part < COMPLEX; part += LANES)
        line[j / LANES * COMPLEX + part + j % LANES] = x[COMPLEX * j + part + lane];
  }
}

/// The transform of even real sequences of period M, given and returned by their elements 0 .. M/2, which lie `stride`
/// apart, for the sequences 16 batch .. 16 batch + 15 of a table: as real and imaginary parts of complex ones.
static void transform_even(const FftView& plan, const EvenSequences& all, size_t batch, double* scratch) {
  double* table = all.table;
  const size_t n_sequences = all.n_sequences, stride = all.stride;
  const size_t M = plan.n, length = M / 2 + 1;
  const size_t first = batch * COMPLEX, count = n_sequences - first < COMPLEX ? n_sequences - first : COMPLEX;
  clear_elements(scratch, 0, M);
  for (size_t s = 0; s < count; ++s) {
    const double* sequence = table + (first + s) / stride * length * stride + (first + s) % stride;
    for (size_t k = 0; k < M; ++k) scratch[COMPLEX * k + s] = sequence[(k < length ? k : M - k) * stride];
  }
  const double* x = fft(plan, scratch, scratch + COMPLEX * M, false);
  for (size_t s = 0; s < count; ++s) {
    double* sequence = table + (first + s) / stride * length * stride + (first + s) % stride;
    for (size_t k = 0; k < length; ++k) sequence[k * stride] = x[COMPLEX * k + s];
  }
}

// --- Far points ------------------------------------------------------------------------------------------------------

/// w . q of a far point and each of eight others, 0 where there are no charges; of the points from `end` on too.
SPASNE_INLINE Lanes far_charges(const FarView& f, size_t far_point, size_t first, size_t end) {
  LaneArray product = {};
  if (!f.charges) return load(product);
  const size_t C = f.n_charges;
  const float* own = f.charges + far_point * C;
  for (size_t lane = 0; lane < LANES && first + lane < end; ++lane) {
    Lanes dot = lanes(0.0);
    const float* other = f.charges + (first + lane) * C;
    for (size_t c = LANES; c < C; c += LANES) dot -= load(own + c) * load(other + c);
    dot += first_weights(own, f.a) * load(other);
    product.value[lane] = sum(dot);
  }
  return load(product);
}

/// The terms of a far point and each of eight others: of Z, value, DIMS of repulsion, DIMS of force.
template <int DIMS>
SPASNE_INLINE void far_terms(const FarView& f, size_t far_point, size_t first, size_t end,
                             Lanes (&term)[2 + 2 * DIMS]) {
  const LaneArray number = {{0, 1, 2, 3, 4, 5, 6, 7}};
  Lanes difference[DIMS], d2 = lanes(0.0);
  for (int axis = 0; axis < DIMS; ++axis) {
    const double* y = f.Y + static_cast<size_t>(axis) * f.n_padded;
    difference[axis] = load(y + first) - y[far_point];
    d2 += difference[axis] * difference[axis];
  }
  const Lanes place = load(number) + static_cast<double>(first);
  const LanesInt pair = (place != static_cast<double>(far_point)) & (place < static_cast<double>(end));
  const Lanes kernel = select(pair, 1.0 / (d2 + 1.0), lanes(0.0));
  const Lanes charge = select(pair, far_charges(f, far_point, first, end), lanes(0.0));
  const Lanes scaled = charge * f.scale2 / (d2 * f.scale2 + 1.0);
  term[0] = kernel;
  term[1] = select(pair, charge * log(d2 * f.scale2 + 1.0), lanes(0.0));
  for (int axis = 0; axis < DIMS; ++axis) {
    term[2 + axis] = select(pair, kernel * kernel * difference[axis], lanes(0.0));
    term[2 + DIMS + axis] = select(pair, scaled * difference[axis], lanes(0.0));
  }
}

/// Adds the terms of all pairs of a far point with one of the points begin .. end-1: to the latter's sums in `out`,
/// and, unless that is a far point itself, to the far point's in far_sums[far_sum * n_far + its number]: far_sum = 0:
/// Z, 1: value, then DIMS of repulsion, DIMS of force.
template <int DIMS>
static void far_sums(const FarView& f, size_t begin, size_t end, double* far_sums) {
  constexpr size_t KINDS = 2 + 2 * DIMS;
  for (size_t first = begin; first < end; first += LANES) {
    LaneArray near;
    bool any_near = false;
    for (size_t lane = 0; lane < LANES; ++lane) {
      near.value[lane] = first + lane < end && !f.far[first + lane];
      any_near = any_near || near.value[lane] != 0;
    }
    Lanes total[KINDS], term[KINDS];
    for (size_t k = 0; k < KINDS; ++k) total[k] = lanes(0.0);
    for (size_t at = 0; at < f.n_far; ++at) {
      far_terms<DIMS>(f, f.index[at], first, end, term);
      for (size_t k = 0; k < KINDS; ++k) {
        total[k] += term[k];
        if (!any_near) continue;
        const double signed_sum = sum(term[k] * load(near));
        far_sums[k * f.n_far + at] += k < 2 ? signed_sum : -signed_sum;
      }
    }
    for (size_t k = 0; k < KINDS; ++k) {
      if (!f.out[k]) continue;
      LaneArray all;
      store(all.value, total[k]);
      for (size_t lane = 0; lane < LANES && first + lane < end; ++lane) f.out[k][first + lane] += all.value[lane];
    }
  }
}

template <int DIMS, int ORDER>
constexpr ChargeKernels charge_kernels() {
  return {find_cells<DIMS, ORDER>, spread_charges<DIMS, ORDER>, gather_charges<DIMS, ORDER>};
}

SPASNE_LINKAGE const GridKernels& grid_kernels() {
  static const GridKernels kernels = {
      {spread_points<1, REPULSION_ORDER>, spread_points<2, REPULSION_ORDER>, spread_points<3, REPULSION_ORDER>},
      {gather_repulsion<1, REPULSION_ORDER>, gather_repulsion<2, REPULSION_ORDER>,
       gather_repulsion<3, REPULSION_ORDER>},
      {charge_kernels<1, CHARGE_ORDER>(), charge_kernels<2, CHARGE_ORDER>(), charge_kernels<3, CHARGE_ORDER>()},
      {charge_kernels<1, WIDE_CHARGE_ORDER>(), charge_kernels<2, WIDE_CHARGE_ORDER>(),
       charge_kernels<3, WIDE_CHARGE_ORDER>()},
      {far_sums<1>, far_sums<2>, far_sums<3>},
      add_grids,
      transform_columns,
      restore_columns,
      multiply_columns,
      transform_middle,
      convolve_line,
      convolve_line_block,
      transform_even};
  return kernels;
}

}  // namespace SPASNE_ISA
}  // namespace spasne
