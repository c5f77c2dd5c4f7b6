// Memory for vectors of eight doubles, and the run-time choice of instruction set.
//
// Kernels are written once, with the vector extensions of g++ and clang++ (lanes.inl), and compiled once per
// instruction set by for_each_isa.h; the widest set that the processor offers is chosen when the program runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

// SPASNE_BASELINE_ONLY leaves the wider instruction sets out, for a build within seconds.
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__) && !defined(SPASNE_BASELINE_ONLY)
#define SPASNE_X86 1
#include <immintrin.h>
#endif

// Vectors are returned by inlined functions only, so how they would be returned does not matter.
#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

namespace spasne {

constexpr size_t LANES = 8;

inline size_t round_up(size_t n, size_t step) { return (n + step - 1) / step * step; }

/// Memory aligned to a vector, so that every row of lanes is one aligned load.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(size_t n) {
    void* memory = nullptr;
    if (n > PTRDIFF_MAX / sizeof(T) || posix_memalign(&memory, 64, n * sizeof(T)) != 0) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* p, size_t) { std::free(p); }
  bool operator==(const AlignedAllocator&) const { return true; }
  bool operator!=(const AlignedAllocator&) const { return false; }
};

using AlignedVector = std::vector<double, AlignedAllocator<double>>;
using AlignedFloats = std::vector<float, AlignedAllocator<float>>;

enum class Isa { baseline, avx2, avx512 };

inline const char* name(Isa isa) { return isa == Isa::avx512 ? "avx512" : isa == Isa::avx2 ? "avx2" : "baseline"; }

/// The instruction set used; the environment variable SPASNE_ISA can lower it (baseline, avx2), never raise it.
inline Isa isa() {
  static const Isa chosen = [] {
    Isa best = Isa::baseline;
#ifdef SPASNE_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) best = Isa::avx2;
    if (best == Isa::avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"))
      best = Isa::avx512;
#endif
    const char* wish = std::getenv("SPASNE_ISA");
    if (wish && std::strcmp(wish, "baseline") == 0) return Isa::baseline;
    if (wish && std::strcmp(wish, "avx2") == 0 && best == Isa::avx512) return Isa::avx2;
    return best;
  }();
  return chosen;
}

}  // namespace spasne

// SPASNE_DISPATCH(function): the instance of a kernel for the instruction set in use.
#ifdef SPASNE_X86
#define SPASNE_DISPATCH(...)                                                         \
  (::spasne::isa() == ::spasne::Isa::avx512 ? &::spasne::kernels_avx512::__VA_ARGS__ \
   : ::spasne::isa() == ::spasne::Isa::avx2 ? &::spasne::kernels_avx2::__VA_ARGS__   \
                                            : &::spasne::kernels_baseline::__VA_ARGS__)
#else
#define SPASNE_DISPATCH(...) (&::spasne::kernels_baseline::__VA_ARGS__)
#endif
