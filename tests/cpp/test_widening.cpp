// A map brought to its size, for test_fast_descent.py:
//   test_widening N DIMS SIZE WIDEST < a map row by row > the map at the size that was found, and the gradients taken
// The objective is (r^2 - SIZE^2)^2 of the root-mean-square radius r; it resolves maps with r below WIDEST.
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "../../src/fast_descent.h"

namespace {

class OfSize : public spasne::Objective {
 public:
  OfSize(const spasne::MapState& shape, double size, double widest) : map_(shape), size_(size), widest_(widest) {}

  bool resolves(const double* Y) override { return radius(Y) < widest_; }
  void exaggerate(double) override {}

  void gradient(const double* Y, double* gradient) override {
    const double r = radius(Y);
    for (size_t axis = 0; axis < map_.n_dims; ++axis)
      for (size_t i = 0; i < map_.n_padded; ++i) {
        const size_t at = axis * map_.n_padded + i;
        gradient[at] = i < map_.n_points ? (r * r - size_ * size_) * Y[at] : 0;
      }
  }

  spasne::CostParts cost(const double* Y, std::vector<double>*) override {
    spasne::CostParts cost;
    const double r = radius(Y);
    cost.total = (r * r - size_ * size_) * (r * r - size_ * size_);
    return cost;
  }

 private:
  double radius(const double* Y) {
    map_.Y.assign(Y, Y + map_.Y.size());
    return map_.rms_radius();
  }

  spasne::MapState map_;
  double size_, widest_;
};

}  // namespace

int main(int, char** argument) {
  const size_t n = std::strtoull(argument[1], nullptr, 10), n_dims = std::strtoull(argument[2], nullptr, 10);
  std::vector<double> rows(n * n_dims);
  if (std::fread(rows.data(), sizeof(double), rows.size(), stdin) != rows.size())
    throw std::runtime_error("the input is too short");
  spasne::MapState map(n, static_cast<int>(n_dims));
  map.set_rows(rows);
  spasne::ThreadPool pool(1);
  OfSize objective(map, std::strtod(argument[3], nullptr), std::strtod(argument[4], nullptr));
  spasne::QuasiNewton descent(objective, map.Y.size(), pool);
  const double n_gradients = descent.widen(map);
  rows = map.rows();
  std::fwrite(rows.data(), sizeof(double), rows.size(), stdout);
  std::fwrite(&n_gradients, sizeof n_gradients, 1, stdout);
}
