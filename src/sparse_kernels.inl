// Sums over the neighbours of each point, eight at a time. Compiled per instruction set (for_each_isa.h).

namespace spasne {
namespace SPASNE_ISA {

constexpr size_t PIECE = 256;  // neighbours copied at once: far enough from their use that no load waits for a store

/// Differences y_i - y_j to a piece of a point's neighbours and their affinities, padded with zeros to a multiple of
/// LANES.
template <int DIMS>
struct alignas(64) Piece {
  double difference[DIMS][PIECE];
  double p[PIECE];
  size_t size;  // a multiple of LANES
};

template <int DIMS>
SPASNE_INLINE void copy_piece(const SparseRows& s, const double* own, uint64_t from, uint64_t to, Piece<DIMS>& piece) {
  const size_t count = to - from < PIECE ? static_cast<size_t>(to - from) : PIECE;
  for (size_t c = 0; c < count; ++c) {
    const double* y = s.Y + static_cast<size_t>(s.column[from + c]) * DIMS;
    for (int axis = 0; axis < DIMS; ++axis) piece.difference[axis][c] = own[axis] - y[axis];
    piece.p[c] = static_cast<double>(s.value[from + c]);
  }
  piece.size = round_up(count, LANES);
  for (size_t c = count; c < piece.size; ++c) {
    for (int axis = 0; axis < DIMS; ++axis) piece.difference[axis][c] = 0;
    piece.p[c] = 0;
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

/// force[axis * n_padded + i] = sum over neighbours of P_ij K_ij (y_i - y_j), for the points begin .. end-1.
template <int DIMS>
static void neighbour_forces(const SparseRows& s, size_t begin, size_t end, double* force) {
  Piece<DIMS> piece;
  for (size_t i = begin; i < end; ++i) {
    Lanes total[DIMS];
    for (int axis = 0; axis < DIMS; ++axis) total[axis] = lanes(0.0);
    for (uint64_t at = s.offset[i]; at < s.offset[i + 1]; at += PIECE) {
      copy_piece(s, s.Y + i * DIMS, at, s.offset[i + 1], piece);
      for (size_t c = 0; c < piece.size; c += LANES) {
        const Lanes weight = load(piece.p + c) / (squared_length(piece, c) + 1.0);
        for (int axis = 0; axis < DIMS; ++axis) total[axis] += weight * load(piece.difference[axis] + c);
      }
    }
    for (int axis = 0; axis < DIMS; ++axis) force[static_cast<size_t>(axis) * s.n_padded + i] = sum(total[axis]);
  }
}

/// For the points begin .. end-1 the sums over neighbours of P_ij ln(1 + d^2), of P ln P, and of P.
template <int DIMS>
static void neighbour_logs(const SparseRows& s, size_t begin, size_t end, double* logs, double* entropy, double* mass) {
  Piece<DIMS> piece;
  for (size_t i = begin; i < end; ++i) {
    Lanes total = lanes(0.0), total_entropy = total, total_mass = total;
    for (uint64_t at = s.offset[i]; at < s.offset[i + 1]; at += PIECE) {
      copy_piece(s, s.Y + i * DIMS, at, s.offset[i + 1], piece);
      for (size_t c = 0; c < piece.size; c += LANES) {
        const Lanes p = load(piece.p + c);
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

}  // namespace SPASNE_ISA
}  // namespace spasne
