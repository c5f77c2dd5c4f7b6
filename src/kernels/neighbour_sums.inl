// Sums over the neighbours of each point, a vector of floats at a time. Compiled per instruction set
// (for_each_isa.inl).

namespace spasne {
namespace SPASNE_ISA {

static_assert(FLOATS <= READ_BEYOND, "a vector beyond the last affinity can be read");

typedef float FloatsAnywhere __attribute__((vector_size(SPASNE_VECTOR_BYTES), aligned(4), may_alias));
typedef uint64_t Pairs __attribute__((vector_size(SPASNE_VECTOR_BYTES)));  // two floats each

/// y_i - y_j for a vector of neighbours j, by axis.
template <int DIMS>
struct Differences {
  FloatVector axis[DIMS];
};

/// Point `column` of a map in the plane, both coordinates as one number.
SPASNE_INLINE double pair_at(const float* Y, uint32_t column) {
  double both;
  __builtin_memcpy(&both, Y + 2 * static_cast<size_t>(column), sizeof both);
  return both;
}

/// Every second of a vector's neighbours, from the first of `column` on.
SPASNE_INLINE Pairs load_pairs(const float* Y, const uint32_t* column) {
#if SPASNE_VECTOR_BYTES == 64
  return (Pairs)Native{pair_at(Y, column[0]), pair_at(Y, column[2]),  pair_at(Y, column[4]),  pair_at(Y, column[6]),
                       pair_at(Y, column[8]), pair_at(Y, column[10]), pair_at(Y, column[12]), pair_at(Y, column[14])};
#elif SPASNE_VECTOR_BYTES == 32
  return (Pairs)Native{pair_at(Y, column[0]), pair_at(Y, column[2]), pair_at(Y, column[4]), pair_at(Y, column[6])};
#else
  return (Pairs)Native{pair_at(Y, column[0]), pair_at(Y, column[2])};
#endif
}

/// The neighbours column[0 .. FLOATS-1] of a point. In the plane each comes by one load of both coordinates: the pairs
/// of even and of odd neighbours are then parted into coordinates, which leaves them in order.
template <int DIMS>
SPASNE_INLINE Differences<DIMS> load_differences(const SparseRows& s, const float* own, const uint32_t* column) {
  Differences<DIMS> found;
  if constexpr (DIMS == 2) {
    const Pairs even = load_pairs(s.Y, column), odd = load_pairs(s.Y, column + 1);
    const Pairs first = (even & uint64_t{0xffffffff}) | (odd << 32);
    const Pairs second = (even >> 32) | (odd & ~uint64_t{0xffffffff});
    found.axis[0] = own[0] - (FloatVector)first;
    found.axis[1] = own[1] - (FloatVector)second;
  } else {
    for (size_t c = 0; c < FLOATS; ++c)
      for (int axis = 0; axis < DIMS; ++axis)
        found.axis[axis][c] = own[axis] - s.Y[static_cast<size_t>(column[c]) * DIMS + static_cast<size_t>(axis)];
  }
  return found;
}

/// The first n of a vector, the others 0.
SPASNE_INLINE FloatVector first_of(const FloatVector& v, uint64_t n) {
  typedef int32_t Ints __attribute__((vector_size(SPASNE_VECTOR_BYTES)));
  alignas(64) static constexpr int32_t PLACES[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  const Ints mask = *reinterpret_cast<const Ints*>(PLACES) < static_cast<int32_t>(n);
  return (FloatVector)((Ints)v & mask);
}

/// The sum of a vector, in double precision.
SPASNE_INLINE double sum_floats(const FloatVector& v) {
  constexpr size_t SIZE = FLOATS > LANES ? FLOATS : LANES;
  alignas(64) float value[SIZE] = {};
  store_floats(value, v);
  Lanes total = load(value);
  for (size_t c = LANES; c < SIZE; c += LANES) total += load(value + c);
  return sum(total);
}

/// Calls add(affinities, differences) for the neighbours of point i, a vector of them at a time. What the last vector
/// reads beyond the row's end, of the next rows or of READ_BEYOND, has the affinity 0.
template <int DIMS, class Add>
SPASNE_INLINE void for_each_vector(const SparseRows& s, size_t i, const Add& add) {
  constexpr uint64_t AHEAD = 256;  // neighbours, read in order
  const float* own = s.Y + i * DIMS;
  const uint64_t end = s.offset[i + 1];
  for (uint64_t at = s.offset[i]; at < end; at += FLOATS) {
    __builtin_prefetch(s.column + at + AHEAD);
    __builtin_prefetch(s.value + at + AHEAD);
    FloatVector p = *reinterpret_cast<const FloatsAnywhere*>(s.value + at);
    if (at + FLOATS > end) p = first_of(p, end - at);
    add(p, load_differences<DIMS>(s, own, s.column + at));
  }
}

/// sums[axis * n_padded + i] = sum over neighbours of weight(P_ij, y_i - y_j) (y_i - y_j), for the points begin ..
/// end-1. In single precision, as P is.
template <int DIMS, class Weight>
SPASNE_INLINE void weighted_differences(const SparseRows& s, size_t begin, size_t end, const Weight& weight,
                                        double* sums) {
  for (size_t i = begin; i < end; ++i) {
    FloatVector total[DIMS] = {};
    for_each_vector<DIMS>(s, i, [&](const FloatVector& p, const Differences<DIMS>& difference) {
      const FloatVector w = weight(p, difference);
      for (int axis = 0; axis < DIMS; ++axis) total[axis] += w * difference.axis[axis];
    });
    for (int axis = 0; axis < DIMS; ++axis) sums[static_cast<size_t>(axis) * s.n_padded + i] = sum_floats(total[axis]);
  }
}

/// Attraction: the weight is P_ij K_ij.
template <int DIMS>
static void neighbour_forces(const SparseRows& s, size_t begin, size_t end, double* force) {
  const auto weight = [](const FloatVector& p, const Differences<DIMS>& difference) {
    FloatVector one_plus_d2 = FloatVector{} + 1.0f;
    for (int axis = 0; axis < DIMS; ++axis) one_plus_d2 += difference.axis[axis] * difference.axis[axis];
    return p / one_plus_d2;
  };
  weighted_differences<DIMS>(s, begin, end, weight, force);
}

/// (D - P) y, D: the row sums of P. The weight is P_ij.
template <int DIMS>
static void neighbour_laplacian(const SparseRows& s, size_t begin, size_t end, double* out) {
  const auto weight = [](const FloatVector& p, const Differences<DIMS>&) { return p; };
  weighted_differences<DIMS>(s, begin, end, weight, out);
}

/// logs[i] = sum over neighbours of P_ij ln(1 + d^2), for the points begin .. end-1.
template <int DIMS>
static void neighbour_logs(const SparseRows& s, size_t begin, size_t end, double* logs) {
  constexpr size_t SIZE = FLOATS > LANES ? FLOATS : LANES;
  struct alignas(64) {
    float difference[DIMS][SIZE], affinity[SIZE];
  } piece = {};
  for (size_t i = begin; i < end; ++i) {
    Lanes total = lanes(0.0);
    for_each_vector<DIMS>(s, i, [&](const FloatVector& p, const Differences<DIMS>& difference) {
      for (int axis = 0; axis < DIMS; ++axis) store_floats(piece.difference[axis], difference.axis[axis]);
      store_floats(piece.affinity, p);
      for (size_t c = 0; c < SIZE; c += LANES) {
        Lanes one_plus_d2 = lanes(1.0);
        for (int axis = 0; axis < DIMS; ++axis) {
          const Lanes e = load(piece.difference[axis] + c);
          one_plus_d2 += e * e;
        }
        total += load(piece.affinity + c) * log(one_plus_d2);
      }
    });
    logs[i] = sum(total);
  }
}

/// For the points begin .. end-1 the sums over neighbours of P ln P and of P.
static void neighbour_entropies(const SparseRows& s, size_t begin, size_t end, double* entropy, double* mass) {
  for (size_t i = begin; i < end; ++i) {
    Lanes total = lanes(0.0), total_mass = total;
    for (uint64_t at = s.offset[i]; at < s.offset[i + 1]; at += LANES) {
      LaneArray affinity = {};
      for (size_t c = 0; c < LANES && at + c < s.offset[i + 1]; ++c)
        affinity.value[c] = static_cast<double>(s.value[at + c]);
      const Lanes p = load(affinity);
      const LanesInt positive = p > 1e-300;
      total += select(positive, p * log(select(positive, p, lanes(1.0))), lanes(0.0));
      total_mass += p;
    }
    entropy[i] = sum(total);
    mass[i] = sum(total_mass);
  }
}

SPASNE_LINKAGE const NeighbourKernels& neighbour_kernels() {
  static const NeighbourKernels kernels = {{neighbour_forces<1>, neighbour_forces<2>, neighbour_forces<3>},
                                           {neighbour_laplacian<1>, neighbour_laplacian<2>, neighbour_laplacian<3>},
                                           {neighbour_logs<1>, neighbour_logs<2>, neighbour_logs<3>},
                                           neighbour_entropies};
  return kernels;
}

}  // namespace SPASNE_ISA
}  // namespace spasne
