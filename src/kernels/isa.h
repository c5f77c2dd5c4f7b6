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

// SPASNE_KERNEL_TABLE(Table, table): declares table() for each instruction set, which the .inl defines, and defines the
// one for the instruction set in use. A table holds pointers to functions.
//
// SPASNE_KERNELS_OF says for which set a file compiles kernels: 1 baseline, 2 AVX2, 3 AVX-512, as the Makefile builds
// them, side by side; 0 none, in the files that call them. Where it is not defined a file compiles all that it calls.
#ifdef SPASNE_KERNELS_OF
#define SPASNE_LINKAGE
#else
#define SPASNE_LINKAGE static
#endif

#ifdef SPASNE_X86
#define SPASNE_KERNEL_TABLE(Table, table)                    \
  namespace spasne {                                         \
  namespace kernels_baseline {                               \
  SPASNE_LINKAGE const Table& table();                       \
  }                                                          \
  namespace kernels_avx2 {                                   \
  SPASNE_LINKAGE const Table& table();                       \
  }                                                          \
  namespace kernels_avx512 {                                 \
  SPASNE_LINKAGE const Table& table();                       \
  }                                                          \
  static inline const Table& table() {                       \
    return isa() == Isa::avx512 ? kernels_avx512::table()    \
           : isa() == Isa::avx2 ? kernels_avx2::table()      \
                                : kernels_baseline::table(); \
  }                                                          \
  }
#else
#define SPASNE_KERNEL_TABLE(Table, table)                                  \
  namespace spasne {                                                       \
  namespace kernels_baseline {                                             \
  SPASNE_LINKAGE const Table& table();                                     \
  }                                                                        \
  static inline const Table& table() { return kernels_baseline::table(); } \
  }
#endif
