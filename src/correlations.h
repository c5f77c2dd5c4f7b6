// r1 and r2 of a map on the way, over the pairs of a sample of points: enough to tell two maps apart.
#pragma once

#include <cmath>
#include <cstddef>
#include <vector>

#include "map_state.h"
#include "mixed_starts.h"
#include "rows.h"

namespace spasne {

/// Pearson correlations of distances in the map with those in expression (r1) and in space (r2).
struct Correlations {
  double expression = 0, space = 0;
};

class CorrelationSample {
 public:
  /// The positions of several sections, centred each, count as they lie: a comparison of maps needs no more.
  explicit CorrelationSample(const StartMaterial& m) {
    const size_t every = (m.X.n + MOST_POINTS - 1) / MOST_POINTS;
    for (size_t i = 0; i < m.X.n; i += every) points_.push_back(i);
    for_each_pair([&](size_t i, size_t j) {
      expression_.push_back(std::sqrt(squared_distance(m.X[i], m.X[j], m.X.n_columns)));
      space_.push_back(std::sqrt(squared_distance(m.S[i], m.S[j], m.S.n_columns)));
    });
  }

  Correlations of(const MapState& map) const {
    std::vector<double> distance;
    distance.reserve(expression_.size());
    for_each_pair([&](size_t i, size_t j) {
      double d2 = 0;
      for (size_t axis = 0; axis < map.n_dims; ++axis) {
        const double* y = map.Y.data() + axis * map.n_padded;
        d2 += (y[i] - y[j]) * (y[i] - y[j]);
      }
      distance.push_back(std::sqrt(d2));
    });
    return {pearson(distance, expression_), pearson(distance, space_)};
  }

 private:
  static constexpr size_t MOST_POINTS = 400;

  template <class Body>
  void for_each_pair(const Body& body) const {
    for (size_t a = 0; a < points_.size(); ++a)
      for (size_t b = a + 1; b < points_.size(); ++b) body(points_[a], points_[b]);
  }

  static double mean_of(const std::vector<double>& x) {
    double sum = 0;
    for (const double value : x) sum += value;
    return sum / static_cast<double>(x.size());
  }

  /// 0 where one of the two is constant.
  static double pearson(const std::vector<double>& x, const std::vector<double>& y) {
    const double mean_x = mean_of(x), mean_y = mean_of(y);
    double xx = 0, yy = 0, xy = 0;
    for (size_t k = 0; k < x.size(); ++k) {
      xx += (x[k] - mean_x) * (x[k] - mean_x);
      yy += (y[k] - mean_y) * (y[k] - mean_y);
      xy += (x[k] - mean_x) * (y[k] - mean_y);
    }
    return xx > 0 && yy > 0 ? xy / std::sqrt(xx) / std::sqrt(yy) : 0;
  }

  std::vector<size_t> points_;
  std::vector<double> expression_, space_;  // distances of the sample's pairs
};

}  // namespace spasne
