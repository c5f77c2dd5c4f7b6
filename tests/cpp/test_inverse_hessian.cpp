// The limited-memory inverse Hessian, for test_fast_descent.py:
//   test_inverse_hessian SIZE N_PAIRS < N_PAIRS of (step, change), a vector > H vector
//   test_inverse_hessian SIZE N_PAIRS M < N_PAIRS of (step, change, M change), a vector, M times it > H vector
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

int main(int n_arguments, char** argument) {
  const bool with_M = n_arguments > 3;
  const size_t size = std::strtoull(argument[1], nullptr, 10);
  spasne::ThreadPool pool(2);
  spasne::LongVectors vectors(spasne::round_up(size, spasne::LANES), pool);
  spasne::InverseHessian hessian(vectors);
  for (int pair = std::atoi(argument[2]); pair > 0; --pair) {
    const spasne::AlignedVector step = read(size), change = read(size);
    const spasne::AlignedVector M_change = with_M ? read(size) : spasne::AlignedVector();
    hessian.learn(step, change, with_M ? &M_change : nullptr);
  }
  spasne::AlignedVector vector = read(size);
  spasne::AlignedVector M_vector = with_M ? read(size) : spasne::AlignedVector();
  hessian.apply(vector, with_M ? &M_vector : nullptr);
  std::fwrite(vector.data(), sizeof(double), size, stdout);
}
