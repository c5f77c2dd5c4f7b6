// The limited-memory inverse Hessian, for test_fast_descent.py:
//   test_inverse_hessian SIZE N_PAIRS < N_PAIRS of (step, change), a vector > H vector
#include <cstdio>
#include <cstdlib>
#include <stdexcept>

#include "../../src/inverse_hessian.h"

namespace {

spasne::AlignedVector read(size_t size) {
  spasne::AlignedVector vector(spasne::round_up(size, spasne::LANES), 0.0);
  if (std::fread(vector.data(), sizeof(double), size, stdin) != size)
    throw std::runtime_error("the input is too short");
  return vector;
}

}  // namespace

int main(int, char** argument) {
  const size_t size = std::strtoull(argument[1], nullptr, 10);
  spasne::ThreadPool pool(2);
  spasne::LongVectors vectors(spasne::round_up(size, spasne::LANES), pool);
  spasne::InverseHessian hessian(vectors);
  for (int pair = std::atoi(argument[2]); pair > 0; --pair) {
    const spasne::AlignedVector step = read(size), change = read(size);
    hessian.learn(step, change);
  }
  spasne::AlignedVector vector = read(size);
  hessian.apply(vector);
  std::fwrite(vector.data(), sizeof(double), size, stdout);
}
