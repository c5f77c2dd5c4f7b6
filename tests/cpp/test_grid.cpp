// Fourier transforms and sums over a grid of binary numbers, for test_grid.py:
//   test_grid fft N INVERSE < eight complex sequences, split by lane > transforms
//   test_grid sums DIMS N_POINTS N_CHARGES SCALE2 ACCURACY A THREADS < map by axis, charges by point
//     > repulsion by axis, Z, and with charges force by axis, value
// The sums are taken twice, the second time after those of a smaller and of a wider map; a difference is an error.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <stdexcept>

#include "../../src/grid_sums.h"

namespace {

using spasne::AlignedVector;

AlignedVector read(size_t n) {
  AlignedVector values(n);
  if (std::fread(values.data(), sizeof(double), n, stdin) != n) throw std::runtime_error("the input is too short");
  return values;
}

void write(const double* values, size_t n) {
  if (std::fwrite(values, sizeof(double), n, stdout) != n) throw std::runtime_error("the output cannot be written");
}

size_t size(const char* text) { return std::strtoull(text, nullptr, 10); }

void transform(char** argument) {
  const size_t n = size(argument[0]);
  const spasne::FftPlan plan(n);
  AlignedVector x = read(2 * spasne::LANES * n), work(x.size());
  const auto kernel = spasne::fft_kernels().fft;
  write(kernel(plan.view(), x.data(), work.data(), size(argument[1]) != 0), x.size());
}

/// The sums of one map: repulsion, Z, force, value, each of n_padded numbers per axis.
struct Sums {
  Sums(size_t n_dims, size_t n_padded)
      : repulsion(n_dims * n_padded), Z(n_padded), force(n_dims * n_padded), value(n_padded) {}
  spasne::GridSums::Output output() { return {repulsion.data(), Z.data(), force.data(), value.data()}; }
  bool operator==(const Sums& other) const {
    return repulsion == other.repulsion && Z == other.Z && force == other.force && value == other.value;
  }
  AlignedVector repulsion, Z, force, value;
};

void sums(size_t n_dims, char** argument) {
  const size_t n = size(argument[0]), n_charges = size(argument[1]), n_padded = spasne::round_up(n, spasne::LANES);
  const double a = std::strtod(argument[4], nullptr);
  spasne::ThreadPool pool(size(argument[5]));
  AlignedVector Y(n_dims * n_padded, 1e300);  // padding must not matter
  for (size_t axis = 0; axis < n_dims; ++axis) {
    const AlignedVector y = read(n);
    std::copy(y.begin(), y.end(), Y.begin() + static_cast<std::ptrdiff_t>(axis * n_padded));
  }
  const AlignedVector numbers = n_charges > 1 ? read(n * n_charges) : AlignedVector();
  const spasne::AlignedFloats charges(numbers.begin(), numbers.end());
  const double scale2 = std::strtod(argument[2], nullptr), accuracy = std::strtod(argument[3], nullptr);
  const auto evaluate = [&](spasne::GridSums& grid, double factor) {
    AlignedVector map = Y;
    for (double& y : map) y *= factor;
    Sums result(n_dims, n_padded);
    grid.evaluate({map.data(), charges.data(), a}, pool, result.output());
    return result;
  };
  spasne::GridSums used(n_dims, n_charges, scale2, accuracy), fresh(n_dims, n_charges, scale2, accuracy);
  used.never_pair_by_pair();
  fresh.never_pair_by_pair();
  used.take(n);
  fresh.take(n);
  for (const double factor : {0.3, 1.0, 1.7}) evaluate(used, factor);
  const Sums result = evaluate(used, 1);
  if (!(result == evaluate(fresh, 1))) throw std::runtime_error("the sums depend on the maps before");
  for (size_t axis = 0; axis < n_dims; ++axis) write(result.repulsion.data() + axis * n_padded, n);
  write(result.Z.data(), n);
  for (size_t axis = 0; n_charges > 1 && axis < n_dims; ++axis) write(result.force.data() + axis * n_padded, n);
  if (n_charges > 1) write(result.value.data(), n);
}

}  // namespace

int main(int n_arguments, char** argument) {
  try {
    if (n_arguments == 4 && std::strcmp(argument[1], "fft") == 0)
      transform(argument + 2);
    else if (n_arguments == 9 && std::strcmp(argument[1], "sums") == 0)
      sums(size(argument[2]), argument + 3);
    else
      throw std::invalid_argument("expected the arguments that this file's first lines show");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
