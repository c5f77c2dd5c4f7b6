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
constexpr int GATHER = 50, GATHER_LONG = 150;       // gradients
constexpr double COOL = 0.1;                        // gradients of each part, in units of sqrt(n)
constexpr int LEAST_COOL = 20;                      // gradients of each part
constexpr double COOLING[] = {1, 0.75, 0.5, 0.25};  // powers of the exaggeration, one for each part

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
/// other while there is no room between them. So a map that has no rival needs no shake. A map that is sqrt(n) points
/// wide takes COOL times as many gradients in each part, at least LEAST_COOL, or fewer where points move by less than
/// half a neighbourhood. Longer parts end lower on some data, and on others lose what the tissue tells. Returns how
/// many gradients it took.
inline int anneal(QuasiNewton& descent, MapState& map, const Options& o) {
  const double n = static_cast<double>(map.n_points);
  FastDescent d;
  d.standstill = 0.5 * std::pow(std::min(1.0, o.perplexity / n), 1.0 / o.no_dims);
  d.max_gradients = std::min(o.max_iter, std::max(LEAST_COOL, static_cast<int>(std::ceil(COOL * std::sqrt(n)))));
  int n_taken = 0;
  for (const double power : COOLING) {
    d.exaggeration = std::pow(o.exaggeration, power);
    n_taken += descent.descend(map, d).n_gradients;
  }
  return n_taken + descent.widen(map);
}

}  // namespace spasne
