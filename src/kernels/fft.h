// What the fast Fourier transforms read (fft.inl), and their instances per instruction set.
#pragma once

#include <cstddef>

#include "lanes.h"

namespace spasne {

/// What the kernels read of a plan.
struct FftView {
  size_t n = 1, n_radices = 0;
  const size_t* radices = nullptr;
  const double* roots = nullptr;  // cos, -sin of 2 pi k / n for k = 0 .. n-1
};

struct FftKernels {
  double* (*fft)(const FftView&, double* x, double* work, bool inverse);
};

}  // namespace spasne

SPASNE_KERNEL_TABLE(FftKernels, fft_kernels)

#define SPASNE_KERNELS "fft.inl"
#include "for_each_isa.inl"
