// Lanes, eight doubles computed with at once, for every instruction set (lanes.inl).
#pragma once

#include <cstddef>
#include <cstdint>

#include "../aligned.h"
#include "isa.h"

#ifdef SPASNE_X86
#include <immintrin.h>
#endif

// Vectors are returned by inlined functions only, so how they would be returned does not matter.
#ifdef __GNUC__
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

#define SPASNE_INLINE static inline __attribute__((always_inline))

#define SPASNE_KERNELS "lanes.inl"
#include "for_each_isa.inl"
