// What a problem and its options must satisfy; the one validator on this side.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <stdexcept>
#include <string>

#include "../spasne.h"
#include "method.h"
#include "sections.h"
#include "text.h"

namespace spasne {

// Beyond these, sums, or sums of squares, would overflow or vanish.
constexpr double LARGEST_VALUE = 5e307;
constexpr double LARGEST_POSITION = 1e140, SMALLEST_SPREAD = 1e-140, LARGEST_START = 1e100, LARGEST_SCALE = 1e100;
constexpr double LARGEST_OFFSET = 1e280;

namespace detail {

[[noreturn]] inline void reject(const std::string& expected, const std::string& found) {
  throw std::invalid_argument("expected " + expected + ", found " + found);
}

inline void require_within(const std::vector<double>& values, double largest, const std::string& what) {
  for (const double x : values)
    if (std::fabs(x) > largest) reject(what + " of at most " + text(largest), text(x));
}

inline void require_finite(const std::vector<double>& values, size_t n_columns, const std::string& what) {
  for (size_t k = 0; k < values.size(); ++k)
    if (!std::isfinite(values[k]))
      reject("finite numbers in " + what,
             text(values[k]) + " in row " + text(k / n_columns) + ", column " + text(k % n_columns));
}

/// Squared distances between the rows, summed over all pairs, must be a finite number and, if they are to stand alone
/// (without the constant of Ps), not vanish.
inline void require_distances(const std::vector<double>& S, size_t n_columns, bool alone) {
  require_within(S, LARGEST_POSITION, "positions");
  if (!alone) return;
  double widest = 0;
  for (size_t k = 0; k < S.size(); ++k) widest = std::max(widest, std::fabs(S[k] - S[k % n_columns]));
  if (widest == 0) reject("positions that differ between points", "constant positions");
  if (widest < SMALLEST_SPREAD)
    reject("positions that differ by " + text(SMALLEST_SPREAD) + " or more somewhere", text(widest));
}

inline void validate_data(const Problem& p, const Options& o) {
  if (p.n_features < 1) reject("at least 1 column of X", text(p.n_features));
  if (p.n_space < 1) reject("at least 1 column of positions", text(p.n_space));
  if (p.X.size() != p.n_points * p.n_features || p.S.size() != p.n_points * p.n_space)
    reject("X and positions of the stated shape", text(p.X.size()) + " and " + text(p.S.size()) + " numbers");
  require_finite(p.X, p.n_features, "X");
  require_within(p.X, LARGEST_VALUE, "numbers in X");
  require_finite(p.S, p.n_space, "the positions");
  require_distances(p.S, p.n_space, o.beta > 0 && o.space_offset == 0);
  bool constant = true;
  for (size_t k = p.n_features; k < p.X.size() && constant; ++k) constant = p.X[k] == p.X[k - p.n_features];
  if (constant) reject("data that differ between points", "constant data (all rows of X are the same)");
  if (!o.start.empty()) {
    if (o.start.size() != p.n_points * static_cast<size_t>(o.no_dims))
      reject("a start of n_points x no_dims numbers", text(o.start.size()));
    require_finite(o.start, static_cast<size_t>(o.no_dims), "the start");
    require_within(o.start, LARGEST_START, "a start of numbers");
  }
}

/// Codes without gaps, 0 .. number of sections - 1.
inline void validate_codes(const Problem& p) {
  if (p.sections.empty()) return;
  if (p.sections.size() != p.n_points)
    reject("a section of each of " + text(p.n_points) + " points", text(p.sections.size()));
  std::vector<bool> seen(p.n_points, false);
  size_t n_sections = 0;
  for (size_t i = 0; i < p.n_points; ++i) {
    const int32_t code = p.sections[i];
    if (code < 0 || static_cast<size_t>(code) >= p.n_points)
      reject("codes of sections from 0 to the number of sections - 1", text(code) + " at point " + text(i));
    seen[static_cast<size_t>(code)] = true;
    n_sections = std::max(n_sections, static_cast<size_t>(code) + 1);
  }
  for (size_t code = 0; code < n_sections; ++code)
    if (!seen[code]) reject("each code of sections from 0 to " + text(n_sections - 1), "none of code " + text(code));
}

/// Where space counts, pairs within sections, with distances if only those count.
inline void validate_sections(const Problem& p, const Options& o) {
  validate_codes(p);
  if (o.beta == 0) return;
  bool paired = false, differing = false;
  for (const std::vector<size_t>& members : Sections(p.sections, p.n_points).members) {
    paired = paired || members.size() > 1;
    for (const size_t i : members)
      differing =
          differing || !std::equal(&p.S[i * p.n_space], &p.S[i * p.n_space] + p.n_space, &p.S[members[0] * p.n_space]);
  }
  if (!paired) reject("a section with two points or more", "one point in each");
  if (!differing && o.space_offset == 0) reject("positions that differ within a section", "constant positions");
}

/// A caller's graph: as many neighbours as the affinities take, none of them the point itself.
inline void validate_neighbours(const Problem& p, const Options& o) {
  const size_t k = p.n_neighbours;
  const Method method = chosen_method(o, p.n_points);
  if (o.neighbours == Neighbours::approximate && method != Method::interpolation)
    reject("method interpolation with approximate neighbours", name(method));
  if (k == 0) return;
  if (o.neighbours != Neighbours::automatic) reject("neighbours or a search for them", "both");
  if (p.neighbour_index.size() != p.n_points * k || p.neighbour_distance.size() != p.n_points * k)
    reject("both indices and distances of neighbours",
           text(p.neighbour_index.size()) + " indices and " + text(p.neighbour_distance.size()) + " distances");
  if (static_cast<double>(k) < o.perplexity || k >= p.n_points)
    reject("neighbours per point between the perplexity and n - 1", text(k));
  for (size_t at = 0; at < p.neighbour_index.size(); ++at) {
    const int32_t j = p.neighbour_index[at];
    if (j < 0 || static_cast<size_t>(j) >= p.n_points || static_cast<size_t>(j) == at / k)
      reject("indices of other points as neighbours", text(j) + " for point " + text(at / k));
    if (!(p.neighbour_distance[at] >= 0 && std::isfinite(p.neighbour_distance[at])))
      reject("distances of 0 or more to neighbours", text(p.neighbour_distance[at]) + " for point " + text(at / k));
  }
}

/// where: of which run, for messages.
inline void validate_weights(double alpha, double beta, const std::string& where = "") {
  if (!(alpha >= 0 && std::isfinite(alpha))) reject("alpha of 0 or more" + where, text(alpha));
  if (!(beta >= 0 && std::isfinite(beta))) reject("beta of 0 or more" + where, text(beta));
}

inline bool positive(double x) { return x > 0 && std::isfinite(x); }

inline void validate_objective(const Options& o, double n_points) {
  if (o.no_dims < 1 || o.no_dims > 3) reject("no_dims 1, 2 or 3", text(o.no_dims));
  if (!positive(o.perplexity)) reject("a perplexity above 0", text(o.perplexity));
  if (n_points - 1 < 3 * o.perplexity)
    reject("a perplexity of at most (n - 1) / 3 = " + text((n_points - 1) / 3), text(o.perplexity));
  if (!(o.theta >= 0 && std::isfinite(o.theta))) reject("theta of 0 or more", text(o.theta));
  validate_weights(o.alpha, o.beta);
  if (!positive(o.exaggeration)) reject("an exaggeration above 0", text(o.exaggeration));
}

inline void validate_scale(double global_scale, const std::string& where = "") {
  if (!positive(global_scale)) reject("a global scale above 0" + where, text(global_scale));
  if (global_scale > LARGEST_SCALE || global_scale < 1 / LARGEST_SCALE)
    reject("a global scale between " + text(1 / LARGEST_SCALE) + " and " + text(LARGEST_SCALE) + where,
           text(global_scale));
}

inline void validate_extended_objective(const Options& o) {
  if (!(o.accuracy > 0 && o.accuracy < 1)) reject("an accuracy between 0 and 1", text(o.accuracy));
  validate_scale(o.global_scale);
  if (!(o.space_offset >= 0 && o.space_offset <= LARGEST_OFFSET))
    reject("a space offset of 0 or more, up to " + text(LARGEST_OFFSET), text(o.space_offset));
}

inline void validate_descent(const Options& o) {
  if (o.max_iter < 0) reject("max_iter of 0 or more", text(o.max_iter));
  if (o.learning_rate < 0 || std::isinf(o.learning_rate)) reject("a learning rate of 0 or more", text(o.learning_rate));
  if (o.max_step <= 0) reject("a step limit above 0", text(o.max_step));
  if (o.stop_tolerance < 0 || std::isinf(o.stop_tolerance))
    reject("a stop tolerance of 0 or more", text(o.stop_tolerance));
}

/// Names of starts; the factor of "joint*F" is a number of 0 or more.
inline void validate_start(const Options& o) {
  const std::string &name = o.start_name, joint = "joint*";
  if (!name.empty() && !o.start.empty()) reject("a start or the name of one", "both");
  if (name.empty() || name == "best" || name == "joint" || name == "spatial") return;
  char* end = nullptr;
  const double factor =
      name.compare(0, joint.size(), joint) == 0 ? std::strtod(name.c_str() + joint.size(), &end) : NAN;
  if (!(factor >= 0 && std::isfinite(factor)) || end == name.c_str() + joint.size() || *end != 0)
    reject("a start best, joint, joint*F with F of 0 or more, or spatial", "\"" + printable(name) + "\"");
}

inline void validate_method(const Options& o, size_t n_points) {
  if (chosen_method(o, n_points) == Method::interpolation && 3 * o.perplexity < 1)
    reject("a perplexity of at least 1/3 for method interpolation", text(o.perplexity));
  if (o.method == Method::barnes_hut && o.steps == Steps::fast)
    reject("published steps with method barnes_hut, whose gradient is not quite that of the cost", "fast ones");
  if (o.steps == Steps::fast && (!std::isnan(o.learning_rate) || !std::isnan(o.max_step)))
    reject("no learning rate and no step limit with fast steps, which they do not rule", "one");
  if (o.method == Method::barnes_hut && o.theta == 0) reject("theta above 0 for method barnes_hut", "0");
}

inline void validate_options(const Options& o, size_t n_points) {
  validate_objective(o, static_cast<double>(n_points));
  validate_descent(o);
  validate_extended_objective(o);
  validate_start(o);
  validate_method(o, n_points);
}

}  // namespace detail
}  // namespace spasne
