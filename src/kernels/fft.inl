// Fast Fourier transforms of eight sequences at once (Stockham's ordering, radices 4, 2 and 3). Compiled per
// instruction set (for_each_isa.inl).
//
// Sequences are split by lane: element j of all eight is x[COMPLEX * j + lane] (real), x[COMPLEX * j + LANES + lane]
// (imaginary).

namespace spasne {
namespace SPASNE_ISA {

constexpr size_t COMPLEX = 2 * LANES;                            // doubles per element
constexpr size_t NATIVE = SPASNE_VECTOR_BYTES / sizeof(double);  // doubles per register

struct Complex {
  Native re, im;
};
SPASNE_INLINE Complex operator+(const Complex& a, const Complex& b) { return {a.re + b.re, a.im + b.im}; }
SPASNE_INLINE Complex operator-(const Complex& a, const Complex& b) { return {a.re - b.re, a.im - b.im}; }
SPASNE_INLINE Complex conjugate(const Complex& a) { return {a.re, -a.im}; }
SPASNE_INLINE Complex times_minus_i(const Complex& a) { return {a.im, -a.re}; }
SPASNE_INLINE Complex times(const Complex& a, double re, double im) {
  return {a.re * re - a.im * im, a.im * re + a.re * im};
}

/// Part `part` of an element. `re` is where real parts lie: 0, or LANES to exchange them with the imaginary ones.
SPASNE_INLINE Complex load_complex(const double* x, size_t part, size_t re) {
  return {load_as(x + re + part, static_cast<Native*>(nullptr)),
          load_as(x + (LANES - re) + part, static_cast<Native*>(nullptr))};
}
SPASNE_INLINE void store_complex(double* x, size_t part, size_t re, const Complex& value) {
  store(x + re + part, value.re);
  store(x + (LANES - re) + part, value.im);
}

/// The discrete transform of RADIX numbers.
template <int RADIX>
SPASNE_INLINE void butterfly(Complex (&a)[RADIX]) {
  if constexpr (RADIX == 2) {
    const Complex b = a[0] - a[1];
    a[0] = a[0] + a[1];
    a[1] = b;
  } else if constexpr (RADIX == 3) {
    const double HALF_SQRT_3 = 0.86602540378443864676;
    const Complex sum = a[1] + a[2], difference = times_minus_i(a[1] - a[2]);
    const Complex middle = {a[0].re - sum.re * 0.5, a[0].im - sum.im * 0.5};
    const Complex side = {difference.re * HALF_SQRT_3, difference.im * HALF_SQRT_3};
    a[0] = a[0] + sum;
    a[1] = middle + side;
    a[2] = middle - side;
  } else {
    const Complex even = a[0] + a[2], even2 = a[0] - a[2];
    const Complex odd = a[1] + a[3], odd2 = times_minus_i(a[1] - a[3]);
    a[0] = even + odd;
    a[1] = even2 + odd2;
    a[2] = even - odd;
    a[3] = even2 - odd2;
  }
}

/// One pass: y[q + s (RADIX p + j)] = w^(p j) sum_k x[q + s (p + m k)] exp(-2 pi i j k / RADIX), w = exp(-2 pi i s /
/// n), where n = RADIX m s. TWIDDLE: false in the last pass, where m = 1 and all factors are 1.
template <int RADIX, bool TWIDDLE>
static void fft_pass(const double* x, double* y, size_t m, size_t s, const double* roots, size_t re) {
  for (size_t p = 0; p < m; ++p)
    for (size_t q = 0; q < s; ++q)
      for (size_t part = 0; part < LANES; part += NATIVE) {
        Complex a[RADIX];
        for (size_t k = 0; k < RADIX; ++k) a[k] = load_complex(x + COMPLEX * (q + s * (p + m * k)), part, re);
        butterfly<RADIX>(a);
        for (size_t j = 0; j < RADIX; ++j) {
          const double* root = roots + 2 * s * p * j;
          store_complex(y + COMPLEX * (q + s * (RADIX * p + j)), part, re,
                        TWIDDLE && j > 0 ? times(a[j], root[0], root[1]) : a[j]);
        }
      }
}

template <int RADIX>
SPASNE_INLINE void fft_pass(const double* x, double* y, size_t m, size_t s, const double* roots, size_t re) {
  if (m == 1)
    fft_pass<RADIX, false>(x, y, m, s, roots, re);
  else
    fft_pass<RADIX, true>(x, y, m, s, roots, re);
}

/// sum_j x_j exp(-2 pi i j k / n), or with inverse exp(+2 pi i j k / n), neither divided by n. x and work, of n
/// elements each, are both overwritten; returned is the one that holds the result.
static double* fft(const FftView& plan, double* x, double* work, bool inverse) {
  const size_t re = inverse ? LANES : 0;
  size_t m = plan.n, s = 1;
  for (size_t i = 0; i < plan.n_radices; ++i) {
    const size_t radix = plan.radices[i];
    m /= radix;
    if (radix == 4)
      fft_pass<4>(x, work, m, s, plan.roots, re);
    else if (radix == 2)
      fft_pass<2>(x, work, m, s, plan.roots, re);
    else
      fft_pass<3>(x, work, m, s, plan.roots, re);
    s *= radix;
    double* swap = x;
    x = work;
    work = swap;
  }
  return x;
}

SPASNE_LINKAGE const FftKernels& fft_kernels() {
  static const FftKernels kernels = {fft};
  return kernels;
}

}  // namespace SPASNE_ISA
}  // namespace spasne
