// The instruction sets that kernels are compiled for, and the choice among them when the program runs.
//
// Kernels are written once, with the vector extensions of g++ and clang++ (lanes.inl), and compiled once per
// instruction set by for_each_isa.inl; the widest set that the processor offers is chosen.
#pragma once

#include <cstdlib>
#include <cstring>

// SPASNE_BASELINE_ONLY leaves the wider instruction sets out, for a build within seconds.
#if (defined(__x86_64__) || defined(__i386__)) && defined(__GNUC__) && !defined(SPASNE_BASELINE_ONLY)
#define SPASNE_X86 1
#endif

namespace spasne {

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
