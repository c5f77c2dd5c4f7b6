// Lanes, eight doubles computed with at once, for every instruction set (lanes.inl).
#pragma once

#include "simd.h"

#define SPASNE_INLINE static inline __attribute__((always_inline))

#define SPASNE_KERNELS "lanes.inl"
#include "for_each_isa.h"
