// Where runs begin, for each kind of steps.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../spasne.h"
#include "correlations.h"
#include "gathering.h"
#include "method.h"
#include "mixed_starts.h"
#include "race.h"
#include "rows.h"
#include "starts.h"
#include "threads.h"

namespace spasne {

/// Where a run of fast steps begins, by place.
struct FastBeginning {
  std::vector<NamedStart> starts;             // several race
  double natural_size = 0;                    // root-mean-square radius that the global terms ask of the map; 0: none
  std::unique_ptr<CorrelationSample> sample;  // where several race that have names
  std::vector<Contender> contenders;          // of a race on a sample, from whose map the starts are
};

namespace detail {

/// Of the joint start in as many dimensions as the data have.
inline double natural_size(const StartMaterial& m, const Options& o) {
  return std::min(mixed_size(m, mixture(m, o, 1)) / std::sqrt(2.0), widest_size(m.X.n));
}

/// Root-mean-square distance from the middle.
inline double size_of(std::vector<double> rows, size_t n_points) {
  const size_t d = rows.size() / n_points;
  centre_columns(rows, d);
  double size2 = 0;  // squares of wide starts overflow
  double largest = 0;
  for (const double y : rows) largest = std::max(largest, std::fabs(y));
  if (largest == 0) return 0;
  for (const double y : rows) size2 += y / largest * (y / largest);
  return largest * std::sqrt(size2 / static_cast<double>(n_points));
}

inline void resize(std::vector<double>& rows, size_t n_points, double natural_size) {
  centre_columns(rows, rows.size() / n_points);
  const double size = size_of(rows, n_points);
  if (size > 0 && natural_size > 0)
    for (double& y : rows) y *= natural_size / size;
}

/// Brings a start that is small beyond all reason, as the published ones are, to its natural size.
inline void grow(std::vector<double>& rows, size_t n_points, double natural_size) {
  constexpr double SMALL = 1e-2;
  if (size_of(rows, n_points) < SMALL * natural_size) resize(rows, n_points, natural_size);
}

/// Centres a start, however far away it lies. An axis on which all points are the same gets a little noise: no gradient
/// would ever part them there.
inline void loosen(std::vector<double>& rows, size_t n_dims) {
  bool flat = false;
  for (size_t axis = 0; axis < n_dims; ++axis) {
    const double first = rows[axis];
    double widest = 0;
    for (size_t at = axis; at < rows.size(); at += n_dims) {
      rows[at] -= first;
      widest = std::max(widest, std::fabs(rows[at]));
    }
    flat = flat || widest == 0;
  }
  centre_columns(rows, n_dims);
  if (flat) jitter(rows);
}

/// Whether a start is so wide that forces may hardly act: it then races against the same start made compact.
inline bool is_wide(const std::vector<double>& rows, size_t n_points, double natural_size) {
  constexpr double WIDE_START = 10;
  return natural_size > 0 && size_of(rows, n_points) > WIDE_START * natural_size;
}

/// The caller's start, or a random one, made fit for a descent; where it is wide, also as a compact one to race with.
inline std::vector<NamedStart> given_starts(NamedStart given, size_t n_points, size_t n_dims, double natural_size) {
  loosen(given.rows, n_dims);
  grow(given.rows, n_points, natural_size);
  if (!is_wide(given.rows, n_points, natural_size)) return {std::move(given)};
  NamedStart made_compact{given.name + ", made compact", 1, false, given.rows};
  resize(made_compact.rows, n_points, natural_size);
  return {std::move(given), std::move(made_compact)};
}

/// Whether no start is named but the best.
inline bool takes_best(const Options& o) { return o.start_name.empty() || o.start_name == "best"; }

/// Whether there is time to find it.
inline bool starts_race(const Options& o) { return takes_best(o) && o.max_iter >= SHORT_RUN; }

/// What a name of a start means; F of "joint*F" is 0 or more.
inline NamedStart start_of_name(const std::string& name) {
  const std::string factor = "joint*";
  if (name == "spatial") return {name, POSITIONS_ALONE, false, {}};
  if (name.compare(0, factor.size(), factor) != 0) return {name, 1, false, {}};
  const double of_joint = std::strtod(name.c_str() + factor.size(), nullptr);
  return {name, of_joint, of_joint < 1, {}};
}

}  // namespace detail

/// The start of a name for published steps: at the spread of a random start; best is joint to them.
inline std::vector<double> published_start(const StartMaterial& m, const Options& o, ThreadPool& pool) {
  const NamedStart start = detail::start_of_name(o.start_name);
  return start_from_columns({mixed_start(m, o, start.of_joint, pool), static_cast<size_t>(o.no_dims)}, o.no_dims);
}

/// given: the caller's start by place, or empty. Without iterations it stays as it is.
inline FastBeginning fast_beginning(const StartMaterial& m, const Options& o, std::vector<double> given, int seed,
                                    ThreadPool& pool) {
  FastBeginning made;
  made.natural_size = detail::natural_size(m, o);
  const bool random = given.empty() && o.start_name.empty() && chosen_method(o, m.X.n) != Method::interpolation;
  if (random) given = random_start(m.X.n, o.no_dims, seed);
  if (!given.empty()) {
    NamedStart start{random ? "random" : "given", 1, false, std::move(given)};
    if (o.max_iter > 0)
      made.starts = detail::given_starts(std::move(start), m.X.n, static_cast<size_t>(o.no_dims), made.natural_size);
    else
      made.starts.push_back(std::move(start));
    return made;
  }
  if (detail::starts_race(o))
    made.starts = contenders(o, m.X.n);
  else
    made.starts.push_back(detail::start_of_name(detail::takes_best(o) ? "joint" : o.start_name));
  for (NamedStart& start : made.starts) {
    start.rows = mixed_start(m, o, start.of_joint, pool);
    if (start.gathers && o.max_iter > 0)
      for (double& y : start.rows) y *= GATHER_SIZE;
  }
  if (made.starts.size() > 1) made.sample = std::make_unique<CorrelationSample>(m);
  return made;
}

}  // namespace spasne
