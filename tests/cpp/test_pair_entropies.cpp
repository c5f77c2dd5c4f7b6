// The partners with which points stand for all pairs, for test_pair_entropies.py:
//   test_pair_entropies N_POINTS MOST_PAIRS > a line of partners for each point
#include <cstdio>
#include <cstdlib>

#include "../../src/pair_entropies.h"

int main(int, char** argument) {
  const size_t n = std::strtoull(argument[1], nullptr, 10);
  const spasne::detail::Partners partners(n, std::strtod(argument[2], nullptr));
  for (size_t i = 0; i < n; ++i) {
    for (size_t t = 0; t < partners.each(); ++t) std::printf("%zu ", partners(i, t));
    std::printf("\n");
  }
}
