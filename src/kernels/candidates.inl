// Products of points in single precision, and the choice of those that may be neighbours. Compiled per instruction set
// (for_each_isa.inl).

namespace spasne {
namespace SPASNE_ISA {

typedef int32_t FloatMask __attribute__((vector_size(SPASNE_VECTOR_BYTES)));  // of a comparison: -1 or 0

// The tile of products that is summed in registers: 24 of the 32 vectors of AVX-512, 12 of the 16 of AVX2, 8 of the 16
// of SSE, which needs one more for each product.
constexpr size_t PRODUCT_ROWS = SPASNE_VECTOR_BYTES == 64 ? 8 : 4;
constexpr size_t PRODUCT_VECTORS = SPASNE_VECTOR_BYTES == 16 ? 2 : 3;
static_assert(POINT_PANEL % (PRODUCT_VECTORS * FLOATS) == 0 && POINT_PANEL % PRODUCT_ROWS == 0, "tiles fill a panel");

/// All lanes or-ed: the even ones into the lower half, the odd ones into the upper half (little-endian).
static inline __attribute__((always_inline)) uint64_t merged_lanes(const FloatMask& mask) {
  uint64_t part[SPASNE_VECTOR_BYTES / 8];
  __builtin_memcpy(part, &mask, sizeof part);
  uint64_t merged = 0;
  for (const uint64_t one : part) merged |= one;
  return merged;
}

/// out[r * POINT_PANEL + lane] = x_r . y_lane (ADD: plus what is there) over n_columns columns, for PRODUCT_ROWS rows
/// and PRODUCT_VECTORS vectors of lanes of a panel, where the next column follows POINT_PANEL floats later.
template <bool ADD>
static inline void product_tile(const float* const* rows, const float* panel, size_t n_columns, float* out) {
  FloatVector total[PRODUCT_ROWS][PRODUCT_VECTORS];
  SPASNE_UNROLL for (size_t r = 0; r < PRODUCT_ROWS; ++r) SPASNE_UNROLL for (size_t v = 0; v < PRODUCT_VECTORS; ++v)
      total[r][v] = FloatVector{};
  for (size_t column = 0; column < n_columns; ++column, panel += POINT_PANEL) {
    FloatVector y[PRODUCT_VECTORS];
    SPASNE_UNROLL for (size_t v = 0; v < PRODUCT_VECTORS; ++v) y[v] = load_floats(panel + v * FLOATS);
    SPASNE_UNROLL for (size_t r = 0; r < PRODUCT_ROWS; ++r) SPASNE_UNROLL for (size_t v = 0; v < PRODUCT_VECTORS; ++v)
        total[r][v] = total[r][v] + y[v] * rows[r][column];
  }
  SPASNE_UNROLL for (size_t r = 0; r < PRODUCT_ROWS; ++r) SPASNE_UNROLL for (size_t v = 0; v < PRODUCT_VECTORS; ++v) {
    float* target = out + r * POINT_PANEL + v * FLOATS;
    store_floats(target, ADD ? load_floats(target) + total[r][v] : total[r][v]);
  }
}

/// Products of PRODUCT_ROWS points with a whole panel, summed over runs of SUMMED_COLUMNS columns.
static inline void product_rows(const float* const* rows, const float* panel, size_t n_columns, float* out) {
  const float* x[PRODUCT_ROWS];
  for (size_t first = 0; first < n_columns; first += SUMMED_COLUMNS) {
    const size_t count = n_columns - first < SUMMED_COLUMNS ? n_columns - first : SUMMED_COLUMNS;
    const auto tile = first == 0 ? &product_tile<false> : &product_tile<true>;
    for (size_t r = 0; r < PRODUCT_ROWS; ++r) x[r] = rows[r] + first;
    for (size_t lane = 0; lane < POINT_PANEL; lane += PRODUCT_VECTORS * FLOATS)
      tile(x, panel + first * POINT_PANEL + lane, count, out + lane);
  }
}

/// Whether any lane of a comparison is true.
static inline __attribute__((always_inline)) bool any_lane(const FloatMask& mask) {
  const NativeInt pairs = (NativeInt)mask;
  return any(pairs | pairs << 32);
}

/// Appends to a row's candidates the points of a panel whose score half_norm - product is at most the row's limit. Most
/// panels hold none.
static inline void append_candidates(const float* product, const float* half_norm, size_t first_point,
                                     CandidateRow& row) {
  const FloatVector limit = FloatVector{} + row.limit;
  FloatMask within = {};
  SPASNE_UNROLL for (size_t lane = 0; lane < POINT_PANEL; lane += FLOATS) within |=
      (FloatMask)(load_floats(half_norm + lane) - load_floats(product + lane) <= limit);
  if (!any_lane(within)) return;
  float score[POINT_PANEL] __attribute__((aligned(64)));
  FloatMask near = {};
  for (size_t lane = 0; lane < POINT_PANEL; lane += FLOATS) {
    const FloatVector s = load_floats(half_norm + lane) - load_floats(product + lane);
    store_floats(score + lane, s);
    near |= (FloatMask)(s <= limit) & *reinterpret_cast<const FloatMask*>(LANE_BITS.of_lane + lane);
  }
  for (uint64_t found = merged_lanes(near); found != 0; found &= found - 1) {
    const size_t bit = static_cast<size_t>(__builtin_ctzll(found)), lane = 2 * (bit % 32) + bit / 32;
    const size_t point = first_point + lane;
    row.candidates[row.count] = {score[lane], static_cast<uint32_t>(point)};
    row.count += point != row.point;
  }
}

/// Compares rows with the points of a panel, PRODUCT_ROWS at a time, by what products(rows, out) gives. Each row has
/// room for POINT_PANEL candidates more.
template <class Products>
static inline void scan(const float* half_norm, size_t panel, CandidateRow* const* rows, size_t n_rows,
                        const Products& products) {
  float product[PRODUCT_ROWS * POINT_PANEL] __attribute__((aligned(64)));
  const CandidateRow* tile[PRODUCT_ROWS];
  for (size_t first = 0; first < n_rows; first += PRODUCT_ROWS) {
    const size_t count = n_rows - first < PRODUCT_ROWS ? n_rows - first : PRODUCT_ROWS;
    for (size_t r = 0; r < PRODUCT_ROWS; ++r) tile[r] = rows[first + (r < count ? r : 0)];
    products(tile, product);
    for (size_t r = 0; r < count; ++r)
      append_candidates(product + r * POINT_PANEL, half_norm + panel * POINT_PANEL, panel * POINT_PANEL,
                        *rows[first + r]);
  }
}

static void scan_panel(const PackedPoints& points, size_t panel, CandidateRow* const* rows, size_t n_rows) {
  const float* packed = points.packed + panel * points.n_columns * POINT_PANEL;
  scan(points.half_norm, panel, rows, n_rows, [&](const CandidateRow* const* tile, float* out) {
    const float* x[PRODUCT_ROWS];
    for (size_t r = 0; r < PRODUCT_ROWS; ++r) x[r] = tile[r]->x;
    product_rows(x, packed, points.n_columns, out);
  });
}

#if defined(SPASNE_X86) && SPASNE_VECTOR_BYTES >= 32

// One instruction of AVX-512 VNNI sums four products of bytes. AVX2 sums two of them in 16 bits, which hold two
// products of 255 and 64, and pairs of these sums.
constexpr int LARGEST_ROW_CODE = SPASNE_VECTOR_BYTES == 64 ? 127 : 64;
constexpr size_t CODE_VECTORS = SPASNE_VECTOR_BYTES == 64 ? 3 : 2;

/// total + the products of four unsigned bytes of points and four signed ones of a row, in each number.
SPASNE_INLINE void add_code_products(FloatMask& total, const FloatMask& points, const FloatMask& row) {
#if SPASNE_VECTOR_BYTES == 64
  asm("vpdpbusd %2, %1, %0" : "+v"(total) : "v"(points), "v"(row));
#else
  typedef int16_t Shorts __attribute__((vector_size(SPASNE_VECTOR_BYTES)));
  FloatMask sum;
  asm("vpmaddubsw %2, %1, %0" : "=x"(sum) : "x"(points), "x"(row));
  asm("vpmaddwd %1, %0, %0" : "+x"(sum) : "x"(Shorts{} + int16_t{1}));
  total += sum;
#endif
}

/// Products of PRODUCT_ROWS rows and CODE_VECTORS vectors of lanes of a panel.
static inline void code_tile(const CandidateRow* const* rows, const uint8_t* panel, size_t n_words, const float* step,
                             float* out) {
  FloatMask total[PRODUCT_ROWS][CODE_VECTORS];
  const int32_t* words[PRODUCT_ROWS];
  SPASNE_UNROLL for (size_t r = 0; r < PRODUCT_ROWS; ++r) {
    words[r] = rows[r]->codes.words;
    SPASNE_UNROLL for (size_t v = 0; v < CODE_VECTORS; ++v) total[r][v] = FloatMask{} + rows[r]->codes.offset;
  }
  for (size_t word = 0; word < n_words; ++word, panel += POINT_PANEL * 4) {
    FloatMask y[CODE_VECTORS];
    SPASNE_UNROLL for (size_t v = 0; v < CODE_VECTORS; ++v) y[v] =
        *reinterpret_cast<const FloatMask*>(panel + v * SPASNE_VECTOR_BYTES);
    SPASNE_UNROLL for (size_t r = 0; r < PRODUCT_ROWS; ++r) {
      const FloatMask x = FloatMask{} + words[r][word];
      SPASNE_UNROLL for (size_t v = 0; v < CODE_VECTORS; ++v) add_code_products(total[r][v], y[v], x);
    }
  }
  SPASNE_UNROLL for (size_t r = 0; r < PRODUCT_ROWS; ++r) SPASNE_UNROLL for (size_t v = 0; v < CODE_VECTORS; ++v)
      store_floats(out + r * POINT_PANEL + v * FLOATS, __builtin_convertvector(total[r][v], FloatVector) *
                                                               (load_floats(step + v * FLOATS) * rows[r]->codes.step) +
                                                           rows[r]->codes.error);
}

static void scan_codes(const PackedCodes& points, size_t panel, CandidateRow* const* rows, size_t n_rows) {
  const uint8_t* packed = points.packed + panel * points.n_words * POINT_PANEL * 4;
  const float* step = points.step + panel * POINT_PANEL;
  scan(points.half_norm, panel, rows, n_rows, [&](const CandidateRow* const* tile, float* out) {
    for (size_t lane = 0; lane < POINT_PANEL; lane += CODE_VECTORS * FLOATS)
      code_tile(tile, packed + lane * 4, points.n_words, step + lane, out + lane);
  });
}

#endif

SPASNE_LINKAGE const CandidateKernels& candidate_kernels() {
#if defined(SPASNE_X86) && SPASNE_VECTOR_BYTES == 64
  static const CandidateKernels kernels = {scan_panel, __builtin_cpu_supports("avx512vnni") ? scan_codes : nullptr,
                                           LARGEST_ROW_CODE};
#elif defined(SPASNE_X86) && SPASNE_VECTOR_BYTES == 32
  static const CandidateKernels kernels = {scan_panel, scan_codes, LARGEST_ROW_CODE};
#else
  static const CandidateKernels kernels = {scan_panel, nullptr, 0};
#endif
  return kernels;
}

}  // namespace SPASNE_ISA
}  // namespace spasne
