// A start for many points: starts race on a sample of them (race.h), and the sample's map is extended to all.
//
// A gradient of the sample costs next to nothing, so the race does too, and no descent of all points starts from
// further away than the sample's map. A compact map has the size that the global terms give it, and so has its
// sample's. In a wide one neighbours have room. The sample then has a lower perplexity, so that its neighbourhoods are
// hardly wider than those of all; its scale leaves them as much room, and its map is widened to that of all.
//
// What is not in the sample is placed by what is known of it (extension.h): an affine function of its principal axes in
// expression and of its position in the tissue, fitted to the sample's map, and the mean of what its neighbours deviate
// from that. Where another map of the sample, with other correlations, costs nearly as little, both go on. In a wide
// map, neighbourhoods are finer than a sample can tell: points gather at a fraction of the map's size (gathering.h)
// before they settle.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "../spasne.h"
#include "beginning.h"
#include "cells.h"
#include "extension.h"
#include "fast_descent.h"
#include "map_state.h"
#include "method.h"
#include "mixed_starts.h"
#include "objective.h"
#include "prepared.h"
#include "race.h"
#include "sparse_problem.h"
#include "threads.h"

namespace spasne {

constexpr size_t RACING_SAMPLE = 2500;    // points
constexpr double LEAST_PERPLEXITY = 20;   // of the sample of a wide map
constexpr size_t FEWEST_IN_SECTION = 20;  // points of the sample, on average: pairs within sections are counted
constexpr double GATHERED_SIZE = 0.45;    // of the sample's map: at which the points of a wide map gather
constexpr double SAMPLE_RIVAL = 2e-3;  // relative cost of a map of the sample that may be the lower one of all points

namespace detail {

/// As many points as the sample has, from all parts of the data, and the one that sets the scale of X.
inline std::vector<size_t> racing_sample(const Rows& X) {
  const std::vector<uint32_t> spread = spread_sample(X.n, RACING_SAMPLE, 1);
  std::vector<size_t> places(spread.begin(), spread.end());
  const double* const end = X.values + X.n * X.n_columns;
  const double* const largest =
      std::max_element(X.values, end, [](double a, double b) { return std::fabs(a) < std::fabs(b); });
  const size_t extreme = static_cast<size_t>(largest - X.values) / X.n_columns;
  places[((extreme + 1) * places.size() - 1) / X.n] = extreme;  // in place of another from the same part
  return places;
}

/// Sections of the sample's points, those that are there numbered from 0.
inline std::vector<int32_t> sections_of(const std::vector<size_t>& places, const Sections& sections, size_t n_points) {
  if (!sections.several()) return {};
  std::vector<int32_t> of_all(n_points), codes;
  for (size_t section = 0; section < sections.members.size(); ++section)
    for (const size_t i : sections.members[section]) of_all[i] = static_cast<int32_t>(section);
  std::vector<int32_t> number(sections.members.size(), -1);
  int32_t n_found = 0;
  for (const size_t place : places) {
    int32_t& own = number[static_cast<size_t>(of_all[place])];
    if (own < 0) own = n_found++;
    codes.push_back(own);
  }
  return codes;
}

inline Problem problem_of_sample(const SparseProblem& all, const std::vector<size_t>& places) {
  Problem p;
  p.n_points = places.size();
  p.n_features = all.n_features;
  p.n_space = all.n_space;
  p.X = take_rows(all.X, places, all.n_features);
  p.S = take_rows(all.S, places, all.n_space);
  p.sections = sections_of(places, all.sections, all.n_points);
  return p;
}

/// Of a wide map's sample: as much lower a perplexity as it has fewer points, so that its neighbourhoods are those of
/// all, but not below LEAST_PERPLEXITY; and the scale with which they have the room that those of all have.
inline void take_room(Options& o, double share) {
  const double perplexity = std::min(o.perplexity, std::max(LEAST_PERPLEXITY, share * o.perplexity));
  o.global_scale *= std::sqrt(perplexity / (share * o.perplexity));
  o.perplexity = perplexity;
}

inline Options options_of_sample(Options o, size_t n_points) {
  o.method = Method::exact;
  o.theta = 0;
  o.steps = Steps::fast;
  o.start_name = "best";
  if (!is_compact(o, n_points)) take_room(o, static_cast<double>(RACING_SAMPLE) / static_cast<double>(n_points));
  return o;
}

/// Positions of all points, row by row, from the map of a sample. known: tables of what is known of all points.
inline std::vector<double> extended(const SparseProblem& all, const std::vector<Rows>& known,
                                    const std::vector<size_t>& places, const std::vector<double>& rows,
                                    ThreadPool& pool) {
  const size_t d = rows.size() / places.size();
  AffineFit fit(all.n_points, places, rows);
  for (const Rows& columns : known) fit.add_columns(columns);
  std::vector<double> deviations = rows;
  for (size_t s = 0; s < places.size(); ++s)
    for (size_t axis = 0; axis < d; ++axis) deviations[s * d + axis] -= fit.fitted()[places[s] * d + axis];
  std::vector<double> placed = spread_over_neighbours(all.affinities, places, deviations, d, pool);
  for (size_t at = 0; at < placed.size(); ++at) placed[at] += fit.fitted()[at];
  jitter(placed);
  return placed;
}

}  // namespace detail

/// Whether starts race on a sample: where there are many points, and a sample can stand for them. Under light global
/// terms what is alike lies far apart in a sample's wide map, and all points find lower costs by themselves.
inline bool races_on_sample(const Prepared& shared, const Options& o) {
  if (!shared.sparse || !shared.start.empty() || shared.n_points < MANY) return false;
  if (!detail::starts_race(o)) return false;
  if (!is_compact(o, shared.n_points) && o.alpha + o.beta < LIGHT) return false;
  if (is_tsne(o)) return false;  // no term tells how large the map is
  const size_t n_sections = shared.sparse->sections.members.size();
  return 3 * o.perplexity < RACING_SAMPLE / 2.0 && n_sections * FEWEST_IN_SECTION <= RACING_SAMPLE;
}

/// Races on a sample. X must not have been freed.
inline FastBeginning sampled_beginning(const Prepared& shared, const Options& o, ThreadPool& pool, const Note& note) {
  const SparseProblem& all = *shared.sparse;
  const std::vector<size_t> places = detail::racing_sample({all.X, all.n_features});
  const Options of_sample = detail::options_of_sample(o, all.n_points);
  Prepared sample = prepare(detail::problem_of_sample(all, places), of_sample, {o.alpha > 0, o.beta > 0}, pool, {});
  const FastBeginning from = sample.fast_start(of_sample, 0, pool);
  const std::unique_ptr<Objective> objective = sample.only_objective(of_sample, pool);
  QuasiNewton descent(*objective, MapState(places.size(), o.no_dims).Y.size(), pool);
  if (note) note("starts race on a sample of " + text(places.size()) + " points");

  FastBeginning made;
  const bool compact = is_compact(o, all.n_points);  // all points then tell of rivals
  RaceRules rules;
  rules.for_all_points = rules.shakes = compact;
  const Race race(descent, of_sample, places.size(), note);
  const std::vector<Race::Racer> leaders = race.run(from.starts, from.sample.get(), made.contenders, rules);
  const StartMaterial material = shared.material();
  const std::vector<double> axes = mixed_start(material, o, 0, pool);
  std::vector<Rows> known{{axes, static_cast<size_t>(o.no_dims)}};
  if (o.beta > 0) known.push_back(material.S);
  const double size = of_sample.global_scale / o.global_scale * (compact ? 1 : GATHERED_SIZE);
  for (const Race::Racer& leader : leaders) {
    const double above = leader.cost - leaders[0].cost;
    if (&leader != &leaders[0] && (!compact || above > SAMPLE_RIVAL * std::fabs(leaders[0].cost))) break;
    std::vector<double> rows = detail::extended(all, known, places, leader.map.rows(), pool);
    for (double& y : rows) y *= size;
    made.starts.push_back({leader.name, 1, !compact, std::move(rows)});
  }
  made.natural_size = detail::natural_size(material, o);
  made.sample = std::make_unique<CorrelationSample>(material);
  return made;
}

}  // namespace spasne
