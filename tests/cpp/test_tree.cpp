// Sums over the space-partitioning tree, for test_tree.py:
//   test_tree DIMS N_POINTS THETA SCALE2 THREADS < map, row by row > force by axis, Z_local, Z_global (both in all)
// The tree is built twice, the first time for the map turned about; a difference is an error.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "../../sptree.cpp"
#include "../../src/map_state.h"

namespace {

std::vector<double> read(size_t n) {
  std::vector<double> values(n);
  if (std::fread(values.data(), sizeof(double), n, stdin) != n) throw std::runtime_error("the input is too short");
  return values;
}

void write(const double* values, size_t n) {
  if (std::fwrite(values, sizeof(double), n, stdout) != n) throw std::runtime_error("the output cannot be written");
}

void sums(char** argument) {
  const int no_dims = std::atoi(argument[0]);
  const size_t n = std::strtoull(argument[1], nullptr, 10), n_dims = static_cast<size_t>(no_dims);
  const double theta = std::strtod(argument[2], nullptr), scale2 = std::strtod(argument[3], nullptr);
  spasne::ThreadPool pool(std::strtoull(argument[4], nullptr, 10));
  spasne::MapState map(n, no_dims), turned(n, no_dims);
  map.set_rows(read(n * n_dims));
  for (size_t k = 0; k < map.Y.size(); ++k) turned.Y[k] = -map.Y[k];
  spasne::SpTree used(n, no_dims, theta), fresh(n, no_dims, theta);
  spasne::TreeSums of_used, of_fresh;
  used.build(turned.Y.data());
  used.sum(scale2, pool, of_used);
  used.build(map.Y.data());
  used.sum(scale2, pool, of_used);
  fresh.build(map.Y.data());
  fresh.sum(scale2, pool, of_fresh);
  for (size_t axis = 0; axis < n_dims; ++axis)
    for (size_t i = 0; i < n; ++i)
      if (of_used.force[axis * map.n_padded + i] != of_fresh.force[axis * map.n_padded + i])
        throw std::runtime_error("the sums depend on the map before");
  for (size_t axis = 0; axis < n_dims; ++axis) write(of_fresh.force.data() + axis * map.n_padded, n);
  for (const spasne::AlignedVector* Z : {&of_fresh.Z_local, &of_fresh.Z_global}) {
    const double total = std::accumulate(Z->begin(), Z->begin() + static_cast<std::ptrdiff_t>(n), 0.0);
    write(&total, 1);
  }
}

}  // namespace

int main(int n_arguments, char** argument) {
  try {
    if (n_arguments != 6) throw std::invalid_argument("expected the arguments that this file's first lines show");
    sums(argument + 1);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
