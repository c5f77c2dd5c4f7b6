// The lowest of several minima: which one a descent ends in depends on its start, and no start is best everywhere.
//
// 1. Contenders are mixtures of expression and space (mixed_starts.h). Those in which space weighs less than in the
//    joint start begin at GATHER_SIZE of their size, where points pass each other easily, with P exaggerated: what is
//    alike gathers before it settles. From the joint start itself that would undo the arrangement.
// 2. All descend for SETTLE gradients, and those that are not HOPELESS_START for as many again. The two of lowest cost
//    go on for SECOND_ROUND more, if the second is another map and near enough.
// 3. The first is shaken: P is exaggerated a little for SHAKE gradients, so that parts of a neighbourhood that lie
//    apart find each other, and the map descends again. Where that does not lower the cost of a wide map it is shaken
//    once more, less.
// 4. A wide map of many points, for which few contenders raced, is made as small as they began and gathers once more.
//    That map is kept if it is lower before it is quite at rest.
//
// There is no second round, and there are fewer contenders, where gradients are dear (above MANY points, in three
// dimensions on a grid) and where maps are compact: starts then differ little in what they reach, and all are at rest
// after tens of gradients.
//
// What each step gives was measured on tissues of many kinds: benchmarks/README.md.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "../spasne.h"
#include "correlations.h"
#include "fast_descent.h"
#include "gathering.h"
#include "map_state.h"
#include "method.h"
#include "mixed_starts.h"
#include "text.h"

namespace spasne {

constexpr double COMPACT = 30;    // sigma sqrt(n), above which the map is narrow; about 3 where neighbours have room
constexpr double GROWING = 0.01;  // of the cost in SETTLE gradients: a map that is still on its way
constexpr int MOST_ROUNDS = 8;    // of SETTLE gradients, after which it is judged all the same
constexpr int SHORT_RUN = 50;     // iterations, below which the joint start is all there is
// Gradients.
constexpr int SETTLE = 25, SECOND_ROUND = 100, SHAKE = 30, AFTER_SHAKE = 100;
constexpr double SHAKES[] = {2, 1.5};  // factors on P, one after the other
// Relative costs: at rest in the first round; of the same map; of one that may still win; of one that will not.
constexpr double SETTLED = 5e-5, SAME = 2e-5, RIVAL = 5e-3, HOPELESS_START = 0.02;
constexpr double ALIKE = 1e-3, APART = 0.05;  // relative costs and correlations of two maps worth telling of

/// A start by the name that `init` knows it under.
struct NamedStart {
  std::string name;
  double of_joint;  // multiple of the weight that space has in the joint start
  bool gathers;     // with P exaggerated at first
  std::vector<double> rows;
};

/// Whether the global terms ask for a map too narrow for neighbours.
inline bool is_compact(const Options& o, size_t n_points) {
  return o.global_scale * std::sqrt(static_cast<double>(n_points)) > COMPACT;
}

inline bool is_solid(const Options& o, size_t n_points) {
  return o.no_dims == 3 && chosen_method(o, n_points) == Method::interpolation;
}

/// Whether the affinities say enough of the curvature to precondition with: compact maps gain nothing, since there the
/// global terms decide.
inline bool attraction_decides(const Options& o, size_t n_points) { return !is_compact(o, n_points) || is_tsne(o); }

/// Whether the first round is all that there is.
inline bool races_briefly(const Options& o, size_t n_points) {
  return n_points > MANY || is_compact(o, n_points) || is_solid(o, n_points);
}

/// The contenders for these weights and this many points, their rows still empty.
inline std::vector<NamedStart> contenders(const Options& o, size_t n_points) {
  const NamedStart joint{"joint", 1, false, {}}, expression{"joint*0", 0, true, {}};
  if (o.alpha == 0 || o.beta == 0) return {joint, expression};
  const NamedStart third{"joint*0.3", 0.3, true, {}}, tenth{"joint*0.1", 0.1, true, {}};
  const NamedStart spatial{"spatial", POSITIONS_ALONE, false, {}};
  const bool many = n_points > MANY, compact = is_compact(o, n_points);
  if (is_solid(o, n_points) || (compact && many)) return {joint, tenth};
  if (compact) return {joint, tenth, spatial};
  if (many) return {joint, third, tenth};
  return {joint, third, tenth, expression, spatial};
}

/// Whether the correlations of two maps tell them apart.
inline bool are_apart(const Correlations& a, const Correlations& b) {
  return std::fabs(a.expression - b.expression) > APART || std::fabs(a.space - b.space) > APART;
}

struct RaceRules {
  bool shakes = true;           // the winner
  bool gathers_again = false;   // after that
  bool for_all_points = false;  // on a sample, of a map whose rival all points judge, and tell of
};

class Race {
 public:
  Race(QuasiNewton& descent, const Options& o, size_t n_points, const Note& note)
      : descent_(descent), o_(o), n_points_(n_points), note_(note) {}

  /// A contender under way.
  struct Racer {
    std::string name;
    MapState map;
    double cost = INFINITY;
    int n_gradients = 0;
  };

  /// The winner, and its rival if there is one; `told` takes what each contender reached in the first round, the lowest
  /// first. sample: to tell rivals by, or null.
  std::vector<Racer> run(const std::vector<NamedStart>& starts, const CorrelationSample* sample,
                         std::vector<Contender>& told, const RaceRules& rules = {}) const {
    std::vector<Racer> racers = first_round(starts);
    for (const Racer& racer : racers) told.push_back({racer.name, racer.cost, racer.n_gradients, n_points_});
    tell_of_starts(told);
    keep_two(racers, rules.for_all_points ? sample : nullptr);
    if (!races_briefly(o_, n_points_)) {
      for (Racer& racer : racers) descend(racer, SECOND_ROUND);
      sort(racers);
    }
    if (!rules.for_all_points) tell_of_rival(racers, sample);
    Racer& winner = racers[0];
    if (rules.shakes) shake(winner);
    if (rules.gathers_again) gather_again(winner);
    std::stable_partition(told.begin(), told.end(), [&](const Contender& c) { return c.name == winner.name; });
    told[0] = {winner.name, winner.cost, winner.n_gradients, n_points_};
    return racers;
  }

 private:
  static void sort(std::vector<Racer>& racers) {
    std::stable_sort(racers.begin(), racers.end(), [](const Racer& a, const Racer& b) { return a.cost < b.cost; });
  }

  /// At most so many gradients as the whole run may take.
  int at_most(int n_gradients) const { return std::min(n_gradients, o_.max_iter); }

  /// All contenders, the lowest first.
  std::vector<Racer> first_round(const std::vector<NamedStart>& starts) const {
    std::vector<Racer> racers;
    for (const NamedStart& start : starts) {
      racers.push_back({start.name, MapState(n_points_, o_.no_dims)});
      racers.back().map.set_rows(start.rows);
      if (!descent_.resolves(racers.back().map) && &start != &starts.back()) {
        racers.pop_back();
        continue;
      }
      if (start.gathers) racers.back().n_gradients += gather(descent_, racers.back().map, o_, gathering(o_, n_points_));
      descend(racers.back(), SETTLE, SETTLED);
      if (start.gathers) grow(racers.back());
    }
    sort(racers);
    const double bound = racers[0].cost + HOPELESS_START * std::fabs(racers[0].cost);
    for (Racer& racer : racers)
      if (racer.cost < bound) descend(racer, SETTLE, SETTLED);
    sort(racers);
    return racers;
  }

  /// A map that has gathered is small, and with many points takes long to spread: it is judged once its cost falls
  /// slowly.
  void grow(Racer& racer) const {
    for (int round = 0; round < MOST_ROUNDS; ++round) {
      const double before = racer.cost;
      descend(racer, SETTLE, SETTLED);
      if (before - racer.cost < GROWING * std::fabs(before)) return;
    }
  }

  /// The first, and the next that may still win and is another map, as far as its cost and, where given, a sample tell.
  static void keep_two(std::vector<Racer>& racers, const CorrelationSample* sample) {
    const double lowest = racers[0].cost, unit = std::fabs(lowest);
    const Correlations of_first = sample ? sample->of(racers[0].map) : Correlations{};
    const auto rival = std::find_if(racers.begin() + 1, racers.end(), [&](const Racer& racer) {
      return racer.cost > lowest + SAME * unit && racer.cost < lowest + RIVAL * unit &&
             (!sample || are_apart(of_first, sample->of(racer.map)));
    });
    const bool found = rival != racers.end();
    if (found) std::iter_swap(racers.begin() + 1, rival);
    racers.erase(racers.begin() + (found ? 2 : 1), racers.end());
  }

  /// preconditioned: only of a map that has its shape; those that are still on their way end in higher minima.
  void descend(Racer& racer, int n_gradients, double tolerance = 1e-5, bool preconditioned = false) const {
    FastDescent d;
    d.tolerance = tolerance;
    d.max_gradients = at_most(n_gradients);
    d.preconditioned = preconditioned;
    const FastOutcome out = descent_.descend(racer.map, d);
    racer.cost = out.cost;
    racer.n_gradients += out.n_gradients;
  }

  /// A descent of a map that has its shape.
  void settle(Racer& racer) const { descend(racer, AFTER_SHAKE, 1e-5, attraction_decides(o_, n_points_)); }

  void shake(Racer& racer) const {
    for (const double factor : SHAKES) {
      Racer shaken = racer;
      shaken.n_gradients += exaggerate(descent_, shaken.map, factor, at_most(SHAKE));
      settle(shaken);
      racer.n_gradients = shaken.n_gradients;
      const bool lower = shaken.cost < racer.cost;
      if (lower) racer = std::move(shaken);
      if (lower || is_compact(o_, n_points_)) break;
    }
  }

  void gather_again(Racer& racer) const {
    settle(racer);
    Racer gathered = racer;
    gathered.map.scale(GATHER_SIZE);
    gathered.n_gradients += gather(descent_, gathered.map, o_, at_most(GATHER));
    settle(gathered);
    racer.n_gradients = gathered.n_gradients;
    if (note_) note_("gathered once more: cost " + text(racer.cost) + " before, " + text(gathered.cost) + " after");
    if (gathered.cost < racer.cost) racer = std::move(gathered);
  }

  void tell_of_starts(const std::vector<Contender>& told) const {
    std::string line = "costs by start:";
    for (const Contender& c : told) line += (&c == &told[0] ? " " : ", ") + c.name + " " + text(c.cost);
    if (note_) note_(line);
  }

  /// Where the second map costs as little and is another one, says so and how to get it.
  void tell_of_rival(const std::vector<Racer>& racers, const CorrelationSample* sample) const {
    if (!note_ || !sample || racers.size() < 2 || racers[1].cost > racers[0].cost * (1 + ALIKE)) return;
    const Correlations a = sample->of(racers[0].map), b = sample->of(racers[1].map);
    if (!are_apart(a, b)) return;
    note_("two maps cost nearly the same: r1 about " + text(a.expression) + " and r2 " + text(a.space) + " here, " +
          text(b.expression) + " and " + text(b.space) + " from init=\"" + racers[1].name + "\"");
  }

  QuasiNewton& descent_;
  const Options& o_;
  size_t n_points_;
  const Note& note_;
};

}  // namespace spasne
