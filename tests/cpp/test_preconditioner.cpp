// The preconditioner from affinities, for test_fast_descent.py:
//   test_preconditioner N DIMS THREADS < P row by row, 0 where two are no neighbours, a vector by axis > M vector
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "../../src/aligned.h"
#include "../../src/preconditioner.h"

namespace {

void read(double* numbers, size_t n) {
  if (std::fread(numbers, sizeof(double), n, stdin) != n) throw std::runtime_error("the input is too short");
}

/// Compressed rows, in the memory that SparseRows points to.
struct Affinities {
  explicit Affinities(size_t n) : offset(1, 0), mass(n, 0.0) {
    std::vector<double> row(n);
    for (size_t i = 0; i < n; ++i) {
      read(row.data(), n);
      for (size_t j = 0; j < n; ++j) {
        if (row[j] == 0) continue;
        column.push_back(static_cast<uint32_t>(j));
        value.push_back(static_cast<float>(row[j]));
        mass[i] += row[j];
      }
      offset.push_back(column.size());
    }
    column.resize(column.size() + spasne::READ_BEYOND, 0);
    value.resize(value.size() + spasne::READ_BEYOND, 0.0f);
  }

  std::vector<uint64_t> offset;
  std::vector<uint32_t> column;
  std::vector<float> value;
  std::vector<double> mass;
};

}  // namespace

int main(int, char** argument) {
  const size_t n = std::strtoull(argument[1], nullptr, 10), n_dims = std::strtoull(argument[2], nullptr, 10);
  const size_t n_padded = spasne::round_up(n, spasne::LANES);
  spasne::ThreadPool pool(std::atoi(argument[3]));
  const Affinities a(n);
  spasne::Preconditioner M({a.offset.data(), a.column.data(), a.value.data(), nullptr, n_padded}, a.mass, n_dims, pool);
  spasne::AlignedVector vector(n_padded * n_dims, 0.0), out(vector.size(), 0.0);
  for (size_t axis = 0; axis < n_dims; ++axis) read(vector.data() + axis * n_padded, n);
  M.apply(vector.data(), out.data());
  for (size_t axis = 0; axis < n_dims; ++axis) std::fwrite(out.data() + axis * n_padded, sizeof(double), n, stdout);
}
