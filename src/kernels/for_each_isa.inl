// Includes the file named by SPASNE_KERNELS once per instruction set (SPASNE_KERNELS_OF of isa.h: or for one of them),
// each time inside its own namespace (SPASNE_ISA) and compiled for that set. The file includes no other header.
// Deliberately without an include guard.

#ifndef SPASNE_KERNELS
#error "define SPASNE_KERNELS before including for_each_isa.inl"
#endif

#if !defined(SPASNE_KERNELS_OF) || SPASNE_KERNELS_OF == 1
#define SPASNE_ISA kernels_baseline
#define SPASNE_VECTOR_BYTES 16
#include SPASNE_KERNELS
#undef SPASNE_ISA
#undef SPASNE_VECTOR_BYTES
#endif

#ifdef SPASNE_X86

#if !defined(SPASNE_KERNELS_OF) || SPASNE_KERNELS_OF == 2
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define SPASNE_ISA kernels_avx2
#define SPASNE_VECTOR_BYTES 32
#include SPASNE_KERNELS
#undef SPASNE_ISA
#undef SPASNE_VECTOR_BYTES
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif  // AVX2

#if !defined(SPASNE_KERNELS_OF) || SPASNE_KERNELS_OF == 3
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma"))), \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512dq,avx512vl,avx512bw,avx2,fma")
#endif
#define SPASNE_ISA kernels_avx512
#define SPASNE_VECTOR_BYTES 64
#include SPASNE_KERNELS
#undef SPASNE_ISA
#undef SPASNE_VECTOR_BYTES
#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif  // AVX-512

#endif  // SPASNE_X86

#undef SPASNE_KERNELS
