// Eight doubles that are computed with at once, in the registers of one instruction set. Compiled per instruction set
// (for_each_isa.inl): one vector of 64 bytes, two of 32 or four of 16, for GCC spills vectors wider than the registers.
//
// exp: x = k ln 2 + r with |r| <= ln(2)/2, Taylor polynomial of degree 12 in r (remainder below 2e-16), times 2^k.
// log: x = 2^k m with m in [sqrt(1/2), sqrt(2)), log m = 2 artanh((m - 1) / (m + 1)) by its series to degree 21.

namespace spasne {
namespace SPASNE_ISA {

typedef double Native __attribute__((vector_size(SPASNE_VECTOR_BYTES)));
typedef int64_t NativeInt __attribute__((vector_size(SPASNE_VECTOR_BYTES)));  // also a comparison's result: -1 or 0

SPASNE_INLINE Native load_as(const double* p, const Native*) { return *reinterpret_cast<const Native*>(p); }
SPASNE_INLINE void store(double* p, const Native& v) { *reinterpret_cast<Native*>(p) = v; }
SPASNE_INLINE NativeInt bits(const Native& v) { return (NativeInt)v; }
SPASNE_INLINE Native from_bits(const NativeInt& v) { return (Native)v; }
SPASNE_INLINE Native spread(double value, const Native*) { return value - Native{}; }  // x - 0 is x, without arithmetic

typedef float NativeFloats __attribute__((vector_size(SPASNE_VECTOR_BYTES / 2), may_alias));
SPASNE_INLINE Native load_as(const float* p, const Native*) {
  return __builtin_convertvector(*reinterpret_cast<const NativeFloats*>(p), Native);
}

/// Whether any element of a comparison's result is true: its sign bits, collected by one instruction where there is
/// one. (The compilers' own names of these instructions: their header takes longer to read than the rest to compile.)
SPASNE_INLINE bool any(const NativeInt& mask) {
#if defined(SPASNE_X86) && defined(__SSE2__) && SPASNE_VECTOR_BYTES == 64
  typedef long long LongLongs __attribute__((vector_size(64)));
  return __builtin_ia32_cvtq2mask512((LongLongs)mask) != 0;
#elif defined(SPASNE_X86) && defined(__SSE2__) && SPASNE_VECTOR_BYTES == 32
  return __builtin_ia32_movmskpd256((Native)mask) != 0;
#elif defined(SPASNE_X86) && defined(__SSE2__)
  return __builtin_ia32_movmskpd((Native)mask) != 0;
#else
  int64_t lane[SPASNE_VECTOR_BYTES / 8];
  __builtin_memcpy(lane, &mask, sizeof lane);
  int64_t seen = 0;
  for (const int64_t one : lane) seen |= one;
  return seen != 0;
#endif
}

#if SPASNE_VECTOR_BYTES == 64

typedef Native Lanes;
typedef NativeInt LanesInt;

#else

/// Two of a kind, with the arithmetic of one.
template <class Half>
struct Twice {
  Half low, high;
};

#define SPASNE_BINARY(op)                                                                                 \
  template <class A, class B>                                                                             \
  SPASNE_INLINE auto operator op(const Twice<A>& a, const Twice<B>& b)->Twice<decltype(a.low op b.low)> { \
    return {a.low op b.low, a.high op b.high};                                                            \
  }                                                                                                       \
  template <class A>                                                                                      \
  SPASNE_INLINE auto operator op(const Twice<A>& a, double b)->Twice<decltype(a.low op b)> {              \
    return {a.low op b, a.high op b};                                                                     \
  }                                                                                                       \
  template <class B>                                                                                      \
  SPASNE_INLINE auto operator op(double a, const Twice<B>& b)->Twice<decltype(a op b.low)> {              \
    return {a op b.low, a op b.high};                                                                     \
  }
SPASNE_BINARY(+)
SPASNE_BINARY(-)
SPASNE_BINARY(*)
SPASNE_BINARY(/)
#undef SPASNE_BINARY

#define SPASNE_COMPARISON(op)                                                                    \
  template <class B>                                                                             \
  SPASNE_INLINE Twice<NativeInt> operator op(const Twice<Native>& a, const B& b) {               \
    return {(NativeInt)(a.low op low(b)), (NativeInt)(a.high op high(b))};                       \
  }                                                                                              \
  template <class B>                                                                             \
  SPASNE_INLINE Twice<Twice<NativeInt>> operator op(const Twice<Twice<Native>>& a, const B& b) { \
    return {a.low op low(b), a.high op high(b)};                                                 \
  }
SPASNE_INLINE double low(double x) { return x; }
SPASNE_INLINE double high(double x) { return x; }
template <class A>
SPASNE_INLINE const A& low(const Twice<A>& x) {
  return x.low;
}
template <class A>
SPASNE_INLINE const A& high(const Twice<A>& x) {
  return x.high;
}
SPASNE_COMPARISON(<)
SPASNE_COMPARISON(>)
SPASNE_COMPARISON(<=)
SPASNE_COMPARISON(!=)
#undef SPASNE_COMPARISON

#define SPASNE_BITWISE(op)                                                   \
  template <class A>                                                         \
  SPASNE_INLINE Twice<A> operator op(const Twice<A>& a, const Twice<A>& b) { \
    return {a.low op b.low, a.high op b.high};                               \
  }
SPASNE_BITWISE(&)
SPASNE_BITWISE(|)
#undef SPASNE_BITWISE

#define SPASNE_WITH_INTEGER(op)                                      \
  template <class A>                                                 \
  SPASNE_INLINE Twice<A> operator op(const Twice<A>& a, int64_t b) { \
    return {a.low op b, a.high op b};                                \
  }
SPASNE_WITH_INTEGER(+)
SPASNE_WITH_INTEGER(-)
SPASNE_WITH_INTEGER(<<)
SPASNE_WITH_INTEGER(>>)
#undef SPASNE_WITH_INTEGER

template <class A>
SPASNE_INLINE Twice<A> operator~(const Twice<A>& a) {
  return {~a.low, ~a.high};
}
template <class A>
SPASNE_INLINE void operator+=(Twice<A>& a, const Twice<A>& b) {
  a.low += b.low;
  a.high += b.high;
}
template <class A>
SPASNE_INLINE void operator-=(Twice<A>& a, const Twice<A>& b) {
  a.low -= b.low;
  a.high -= b.high;
}

template <class Number, class A>
SPASNE_INLINE Twice<A> load_as(const Number* p, const Twice<A>*) {
  return {load_as(p, static_cast<A*>(nullptr)), load_as(p + sizeof(A) / 8, static_cast<A*>(nullptr))};
}
template <class A>
SPASNE_INLINE void store(double* p, const Twice<A>& v) {
  store(p, v.low);
  store(p + sizeof(A) / 8, v.high);
}
template <class A>
SPASNE_INLINE Twice<A> spread(double value, const Twice<A>*) {
  return {spread(value, static_cast<A*>(nullptr)), spread(value, static_cast<A*>(nullptr))};
}
template <class A>
SPASNE_INLINE auto bits(const Twice<A>& v) -> Twice<decltype(bits(v.low))> {
  return {bits(v.low), bits(v.high)};
}
template <class A>
SPASNE_INLINE auto from_bits(const Twice<A>& v) -> Twice<decltype(from_bits(v.low))> {
  return {from_bits(v.low), from_bits(v.high)};
}
template <class A>
SPASNE_INLINE bool any(const Twice<A>& mask) {
  return any(mask.low | mask.high);
}

#if SPASNE_VECTOR_BYTES == 32
typedef Twice<Native> Lanes;
typedef Twice<NativeInt> LanesInt;
#else
typedef Twice<Twice<Native>> Lanes;
typedef Twice<Twice<NativeInt>> LanesInt;
#endif

#endif  // SPASNE_VECTOR_BYTES

SPASNE_INLINE Lanes load(const double* p) { return load_as(p, static_cast<Lanes*>(nullptr)); }
SPASNE_INLINE Lanes load(const float* p) { return load_as(p, static_cast<Lanes*>(nullptr)); }
SPASNE_INLINE void add_to(double* p, const Lanes& v) { store(p, load(p) + v); }
SPASNE_INLINE Lanes lanes(double value) { return spread(value, static_cast<Lanes*>(nullptr)); }

/// As many floats as fit into one register.
typedef float FloatVector __attribute__((vector_size(SPASNE_VECTOR_BYTES)));
constexpr size_t FLOATS = SPASNE_VECTOR_BYTES / sizeof(float);

SPASNE_INLINE FloatVector load_floats(const float* p) { return *reinterpret_cast<const FloatVector*>(p); }
SPASNE_INLINE void store_floats(float* p, const FloatVector& v) { *reinterpret_cast<FloatVector*>(p) = v; }

/// As many floats as there are lanes.
#if SPASNE_VECTOR_BYTES >= 32
typedef float FloatLanes __attribute__((vector_size(32)));
SPASNE_INLINE FloatLanes load_float_lanes(const float* p) { return *reinterpret_cast<const FloatLanes*>(p); }
SPASNE_INLINE FloatLanes float_lanes(float value) { return value - FloatLanes{}; }
SPASNE_INLINE void store_float_lanes(float* p, const FloatLanes& v) { *reinterpret_cast<FloatLanes*>(p) = v; }
#else
typedef Twice<FloatVector> FloatLanes;
SPASNE_INLINE FloatLanes load_float_lanes(const float* p) { return {load_floats(p), load_floats(p + FLOATS)}; }
SPASNE_INLINE FloatLanes float_lanes(float value) { return {value - FloatVector{}, value - FloatVector{}}; }
SPASNE_INLINE void store_float_lanes(float* p, const FloatLanes& v) {
  store_floats(p, v.low);
  store_floats(p + FLOATS, v.high);
}
#endif

SPASNE_INLINE Lanes as_lanes(const FloatLanes& v) {
  alignas(32) float value[LANES];
  store_float_lanes(value, v);
  return load(value);
}
SPASNE_INLINE FloatLanes as_float_lanes(const Lanes& v) {
  double wide[LANES] __attribute__((aligned(64)));
  alignas(32) float value[LANES];
  store(wide, v);
  for (size_t lane = 0; lane < LANES; ++lane) value[lane] = static_cast<float>(wide[lane]);
  return load_float_lanes(value);
}

/// One number per lane.
struct alignas(64) LaneArray {
  double value[LANES];
};
SPASNE_INLINE Lanes load(const LaneArray& a) { return load(a.value); }

SPASNE_INLINE Lanes select(const LanesInt& mask, const Lanes& yes, const Lanes& no) {
  return from_bits((mask & bits(yes)) | (~mask & bits(no)));
}

SPASNE_INLINE double sum(const Lanes& v) {
  LaneArray a;
  store(a.value, v);
  return ((a.value[0] + a.value[1]) + (a.value[2] + a.value[3])) +
         ((a.value[4] + a.value[5]) + (a.value[6] + a.value[7]));
}

/// e^x; 0 below -708, infinity above 709.
SPASNE_INLINE Lanes exp(const Lanes& x) {
  const double ROUND = 6755399441055744.0;  // 1.5 * 2^52: adding it rounds to an integer in the low bits
  const Lanes shifted = x * 1.4426950408889634074 + ROUND;
  const Lanes k = shifted - ROUND;
  const Lanes r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10;
  Lanes p = lanes(1.0 / 479001600);
  p = p * r + 1.0 / 39916800;
  p = p * r + 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  const LanesInt power = (bits(shifted) + int64_t{1023}) << int64_t{52};  // 2^k
  const Lanes value = p * from_bits(power);
  const Lanes capped = select(x > 709.0, lanes(__builtin_inf()), value);
  return select(x < -708.0, lanes(0.0), capped);
}

/// ln x for finite, normal x > 0.
SPASNE_INLINE Lanes log(const Lanes& x) {
  const double ROUND = 6755399441055744.0;
  const LanesInt offset = (bits(x) - int64_t{0x3fe6a09e667f3bcd}) >> int64_t{52};  // k: x / 2^k in [sqrt(1/2), sqrt(2))
  const Lanes m = from_bits(bits(x) - (offset << int64_t{52}));
  const Lanes k = from_bits(offset + bits(lanes(ROUND))) - ROUND;
  const Lanes s = (m - 1.0) / (m + 1.0);
  const Lanes s2 = s * s;
  Lanes p = lanes(2.0 / 21);
  p = p * s2 + 2.0 / 19;
  p = p * s2 + 2.0 / 17;
  p = p * s2 + 2.0 / 15;
  p = p * s2 + 2.0 / 13;
  p = p * s2 + 2.0 / 11;
  p = p * s2 + 2.0 / 9;
  p = p * s2 + 2.0 / 7;
  p = p * s2 + 2.0 / 5;
  p = p * s2 + 2.0 / 3;
  p = p * s2 + 2.0;
  return k * 1.90821492927058770002e-10 + p * s + k * 6.93147180369123816490e-01;
}

}  // namespace SPASNE_ISA
}  // namespace spasne
