// How what is alike in expression comes together: P is exaggerated while a map is small, where points pass each other
// easily; then the map is widened to its natural size.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "../spasne.h"
#include "fast_descent.h"
#include "map_state.h"

namespace spasne {

constexpr size_t MANY = 10000;
constexpr double LIGHT = 12;  // alpha + beta, below which many points gather for long
constexpr double GATHER_SIZE = 0.1;
constexpr int GATHER = 50, GATHER_LONG = 150, COOL = 50;  // gradients
constexpr double COOLING[] = {0.75, 0.5, 0.25};           // powers of the exaggeration

/// Gradients with P exaggerated: with many points and light global terms what is alike lies far apart, and nothing else
/// brings it together. Under heavier terms more of them lead to higher costs.
inline int gathering(const Options& o, size_t n_points) {
  return std::min(o.max_iter, n_points > MANY && o.alpha + o.beta < LIGHT ? GATHER_LONG : GATHER);
}

/// Returns how many gradients it took.
inline int exaggerate(QuasiNewton& descent, MapState& map, double factor, int n_gradients) {
  FastDescent d;
  d.max_gradients = n_gradients;
  d.exaggeration = factor;
  return descent.descend(map, d).n_gradients;
}

/// Returns how many gradients it took.
inline int gather(QuasiNewton& descent, MapState& map, const Options& o, int n_gradients) {
  const int n_taken = exaggerate(descent, map, o.exaggeration, n_gradients);
  return n_taken + descent.widen(map);
}

/// Gathers, and exaggerates less and less before the map is widened: parts of a neighbourhood that lie apart find each
/// other while there is no room between them. So a map that has no rival needs no shake. Each part ends where points
/// move by less than half a neighbourhood, which among many points is little beside the map. Returns how many gradients
/// it took.
inline int anneal(QuasiNewton& descent, MapState& map, const Options& o) {
  const double of_neighbourhood = std::min(1.0, o.perplexity / static_cast<double>(map.n_points));
  FastDescent d;
  d.standstill = 0.5 * std::pow(of_neighbourhood, 1.0 / o.no_dims);
  d.exaggeration = o.exaggeration;
  d.max_gradients = gathering(o, map.n_points);
  int n_taken = descent.descend(map, d).n_gradients;
  d.max_gradients = std::min(COOL, o.max_iter);
  for (const double power : COOLING) {
    d.exaggeration = std::pow(o.exaggeration, power);
    n_taken += descent.descend(map, d).n_gradients;
  }
  return n_taken + descent.widen(map);
}

}  // namespace spasne
