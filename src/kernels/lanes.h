// Lanes, eight doubles computed with at once, for every instruction set (lanes.inl).
#pragma once

#include <cstddef>
#include <cstdint>

#include "../aligned.h"
#include "isa.h"

// Vectors are returned by inlined functions only, so how they would be returned does not matter.
#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#ifdef __clang__
#define SPASNE_UNROLL _Pragma("unroll")
#else
#define SPASNE_UNROLL _Pragma("GCC unroll 16")
#endif

#define SPASNE_INLINE static inline __attribute__((always_inline))

#define SPASNE_KERNELS "lanes.inl"
#include "for_each_isa.inl"
