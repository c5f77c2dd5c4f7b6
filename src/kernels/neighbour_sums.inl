// Sums over the neighbours of each point, eight at a time. Compiled per instruction set (for_each_isa.inl).

namespace spasne {
namespace SPASNE_ISA {

constexpr size_t PIECE = 256;  // neighbours copied at once: far enough from their use that no load waits for a store

/// Differences y_i - y_j to a piece of a point's neighbours, padded with zeros to a multiple of PIECE_STEP.
template <int DIMS>
struct alignas(64) Piece {
  float difference[DIMS][PIECE];
  size_t count, size;  // without and with padding
};

constexpr size_t PIECE_STEP = FLOATS > LANES ? FLOATS : LANES;
static_assert(FLOATS <= READ_BEYOND, "a vector beyond the last affinity can be read");
constexpr size_t LINE = 64 / sizeof(float);  // of a cache

typedef float FloatsAnywhere __attribute__((vector_size(SPASNE_VECTOR_BYTES), aligned(4), may_alias));

template <int DIMS>
SPASNE_INLINE void copy_piece(const SparseRows& s, const float* own, uint64_t from, uint64_t to, Piece<DIMS>& piece) {
  const size_t count = to - from < PIECE ? static_cast<size_t>(to - from) : PIECE;
  // The next piece's numbers come from memory, in order, but too little at a time for the processor to notice.
  for (size_t c = 0; c < count; c += LINE) {
    __builtin_prefetch(s.column + from + count + c);
    __builtin_prefetch(s.value + from + count + c);
  }
  for (size_t c = 0; c < count; ++c) {
    const float* y = s.Y + static_cast<size_t>(s.column[from + c]) * DIMS;
    for (int axis = 0; axis < DIMS; ++axis) piece.difference[axis][c] = own[axis] - y[axis];
  }
  piece.count = count;
  piece.size = round_up(count, PIECE_STEP);
  for (size_t c = count; c < piece.size; ++c)
    for (int axis = 0; axis < DIMS; ++axis) piece.difference[axis][c] = 0;
}

/// force[axis * n_padded + i] = sum over neighbours of P_ij K_ij (y_i - y_j), for the points begin .. end-1. In single
/// precision, as P is.
template <int DIMS>
static void neighbour_forces(const SparseRows& s, size_t begin, size_t end, double* force) {
  Piece<DIMS> piece;
  float lane[FLOATS];
  for (size_t i = begin; i < end; ++i) {
    FloatVector total[DIMS] = {};
    for (uint64_t at = s.offset[i]; at < s.offset[i + 1]; at += PIECE) {
      copy_piece(s, s.Y + i * DIMS, at, s.offset[i + 1], piece);
      for (size_t c = 0; c < piece.size; c += FLOATS) {
        FloatVector difference[DIMS], d2 = {};
        for (int axis = 0; axis < DIMS; ++axis) {
          difference[axis] = load_floats(piece.difference[axis] + c);
          d2 += difference[axis] * difference[axis];
        }
        // beyond the row's end affinities are of other rows, or padding, and differences 0
        const FloatVector p = *reinterpret_cast<const FloatsAnywhere*>(s.value + at + c);
        const FloatVector weight = p / (d2 + 1.0f);
        for (int axis = 0; axis < DIMS; ++axis) total[axis] += weight * difference[axis];
      }
    }
    for (int axis = 0; axis < DIMS; ++axis) {
      __builtin_memcpy(lane, &total[axis], sizeof lane);
      double sum = 0;
      for (const float one : lane) sum += static_cast<double>(one);
      force[static_cast<size_t>(axis) * s.n_padded + i] = sum;
    }
  }
}

template <int DIMS>
SPASNE_INLINE Lanes squared_length(const Piece<DIMS>& piece, size_t c) {
  Lanes d2 = lanes(0.0);
  for (int axis = 0; axis < DIMS; ++axis) {
    const Lanes e = load(piece.difference[axis] + c);
    d2 += e * e;
  }
  return d2;
}

/// For the points begin .. end-1 the sums over neighbours of P_ij ln(1 + d^2), of P ln P, and of P.
template <int DIMS>
static void neighbour_logs(const SparseRows& s, size_t begin, size_t end, double* logs, double* entropy, double* mass) {
  Piece<DIMS> piece;
  alignas(64) float affinity[PIECE];
  for (size_t i = begin; i < end; ++i) {
    Lanes total = lanes(0.0), total_entropy = total, total_mass = total;
    for (uint64_t at = s.offset[i]; at < s.offset[i + 1]; at += PIECE) {
      copy_piece(s, s.Y + i * DIMS, at, s.offset[i + 1], piece);
      for (size_t c = 0; c < piece.size; ++c) affinity[c] = c < piece.count ? s.value[at + c] : 0;
      for (size_t c = 0; c < piece.size; c += LANES) {
        const Lanes p = load(affinity + c);
        const LanesInt positive = p > 1e-300;
        total += p * log(squared_length(piece, c) + 1.0);
        total_entropy += select(positive, p * log(select(positive, p, lanes(1.0))), lanes(0.0));
        total_mass += p;
      }
    }
    logs[i] = sum(total);
    entropy[i] = sum(total_entropy);
    mass[i] = sum(total_mass);
  }
}

SPASNE_LINKAGE const NeighbourKernels& neighbour_kernels() {
  static const NeighbourKernels kernels = {{neighbour_forces<1>, neighbour_forces<2>, neighbour_forces<3>},
                                           {neighbour_logs<1>, neighbour_logs<2>, neighbour_logs<3>}};
  return kernels;
}

}  // namespace SPASNE_ISA
}  // namespace spasne
