// How far the points of a map have moved but for a turn of it, for test_map_state.py:
//   test_map_state DIMS N_POINTS < map before, map after, row by row > rms_change
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "../../src/map_state.h"

namespace {

spasne::MapState read(size_t n, int dims) {
  std::vector<double> rows(n * static_cast<size_t>(dims));
  if (std::fread(rows.data(), sizeof(double), rows.size(), stdin) != rows.size())
    throw std::runtime_error("the input is too short");
  spasne::MapState map(n, dims);
  map.set_rows(rows);
  map.centre();
  return map;
}

}  // namespace

int main(int, char** argument) {
  const int dims = std::atoi(argument[1]);
  const size_t n = std::strtoull(argument[2], nullptr, 10);
  const spasne::MapState before = read(n, dims), after = read(n, dims);
  std::printf("%.17g\n", spasne::rms_change(after, before.Y));
}
