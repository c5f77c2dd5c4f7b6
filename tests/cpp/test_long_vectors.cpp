// Lengths of the vectors of all points, for test_long_vectors.py:
//   test_long_vectors DIMS N_POINTS < vectors by axis > longest, root mean square
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "../../src/aligned.h"
#include "../../src/long_vectors.h"
#include "../../src/threads.h"

int main(int, char** argument) {
  const size_t dims = std::strtoull(argument[1], nullptr, 10), n = std::strtoull(argument[2], nullptr, 10);
  const size_t n_padded = spasne::round_up(n, spasne::LANES);
  spasne::AlignedVector vectors(dims * n_padded, 1e150);  // as the padding of a map
  for (size_t axis = 0; axis < dims; ++axis)
    if (std::fread(vectors.data() + axis * n_padded, sizeof(double), n, stdin) != n)
      throw std::runtime_error("the input is too short");
  spasne::ThreadPool pool(3);
  const spasne::Lengths found = spasne::LongVectors(vectors.size(), pool).lengths(vectors, n, n_padded, dims);
  std::printf("%.17g %.17g\n", found.longest, found.root_mean_square);
}
