// The lowest of several minima: which one a descent ends in depends on its start, and no start is best everywhere.
//
// 1. Contenders are mixtures of expression and space (mixed_starts.h). P is first exaggerated for those in which space
//    weighs less than in the joint start: what is alike gathers before it settles. From the joint start itself that
//    would undo the arrangement.
// 2. All descend for SETTLE gradients, then the two of lowest cost for SECOND_ROUND more, unless both are the same map.
//    Above MANY points there are two contenders and no second round.
// 3. The first is shaken, twice: P is exaggerated a little for SHAKE gradients, so that parts of a neighbourhood that
// lie
//    apart find each other, and the map descends again. The lower map is kept.
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
#include "map_state.h"
#include "mixed_starts.h"
#include "text.h"

namespace spasne {

constexpr size_t MANY = 20000;
constexpr int GATHER = 50, SETTLE = 50, SECOND_ROUND = 100, SHAKE = 30, AFTER_SHAKE = 100;  // gradients
constexpr double SHAKES[] = {2, 1.5};          // factors on P, one after another
constexpr double SETTLED = 5e-5, SAME = 2e-5;  // relative costs: at rest in the first round, of one and the same map
constexpr double ALIKE = 1e-3, APART = 0.05;   // relative costs and correlations of two maps worth telling of

/// A start by the name that `init` knows it under.
struct NamedStart {
  std::string name;
  double of_joint;  // multiple of the weight that space has in the joint start
  bool gathers;     // with P exaggerated at first
  std::vector<double> rows;
};

/// The contenders for these weights and this many points, their rows still empty.
inline std::vector<NamedStart> contenders(const Options& o, size_t n_points) {
  const NamedStart joint{"joint", 1, false, {}}, expression{"joint*0", 0, true, {}};
  if (o.alpha == 0 || o.beta == 0) return {joint, expression};
  const NamedStart tenth{"joint*0.1", 0.1, true, {}};
  if (n_points > MANY) return {joint, tenth};
  return {joint, {"joint*0.3", 0.3, true, {}}, tenth, expression, {"spatial", POSITIONS_ALONE, false, {}}};
}

class Race {
 public:
  Race(QuasiNewton& descent, const Options& o, size_t n_points, const Note& note)
      : descent_(descent), o_(o), n_points_(n_points), note_(note) {}

  /// The winner's map; `told` takes what each contender reached in the first round, the lowest first.
  MapState run(const std::vector<NamedStart>& starts, const CorrelationSample& sample,
               std::vector<Contender>& told) const {
    std::vector<Racer> racers;
    for (const NamedStart& start : starts) racers.push_back(first_round(start));
    sort(racers);
    for (const Racer& racer : racers) told.push_back({racer.name, racer.cost, racer.n_gradients});
    keep_two(racers);
    if (n_points_ <= MANY) {
      for (Racer& racer : racers) descend(racer, SECOND_ROUND);
      sort(racers);
    }
    tell(racers, sample);
    shake(racers[0]);
    std::stable_partition(told.begin(), told.end(), [&](const Contender& c) { return c.name == racers[0].name; });
    told[0].n_gradients = racers[0].n_gradients;
    told[0].cost = racers[0].cost;
    return std::move(racers[0].map);
  }

 private:
  /// A contender under way.
  struct Racer {
    std::string name;
    MapState map;
    double cost = INFINITY;
    int n_gradients = 0;
  };

  static void sort(std::vector<Racer>& racers) {
    std::stable_sort(racers.begin(), racers.end(), [](const Racer& a, const Racer& b) { return a.cost < b.cost; });
  }

  /// At most so many gradients as the whole run may take.
  int at_most(int n_gradients) const { return std::min(n_gradients, o_.max_iter); }

  Racer first_round(const NamedStart& start) const {
    Racer racer{start.name, MapState(n_points_, o_.no_dims)};
    racer.map.set_rows(start.rows);
    if (start.gathers) exaggerate(racer, GATHER, o_.exaggeration);
    descend(racer, SETTLE, SETTLED);
    return racer;
  }

  /// The first, and the next that is another map as far as its cost tells; where there is none, the second.
  static void keep_two(std::vector<Racer>& racers) {
    const double lowest = racers[0].cost;
    const auto differs = [&](const Racer& r) { return r.cost > lowest + SAME * std::fabs(lowest); };
    const auto other = std::find_if(racers.begin() + 1, racers.end(), differs);
    if (other != racers.end()) std::iter_swap(racers.begin() + 1, other);
    racers.erase(racers.begin() + 2, racers.end());
  }

  void exaggerate(Racer& racer, int n_gradients, double factor) const {
    FastDescent d;
    d.max_gradients = at_most(n_gradients);
    d.exaggeration = factor;
    racer.n_gradients += descent_.descend(racer.map, d).n_gradients;
  }

  void descend(Racer& racer, int n_gradients, double tolerance = 1e-5) const {
    FastDescent d;
    d.tolerance = tolerance;
    d.max_gradients = at_most(n_gradients);
    const FastOutcome out = descent_.descend(racer.map, d);
    racer.cost = out.cost;
    racer.n_gradients += out.n_gradients;
  }

  void shake(Racer& racer) const {
    for (const double factor : SHAKES) {
      Racer shaken = racer;
      exaggerate(shaken, SHAKE, factor);
      descend(shaken, AFTER_SHAKE);
      racer.n_gradients = shaken.n_gradients;
      if (shaken.cost < racer.cost) racer = std::move(shaken);
    }
  }

  /// Says who won and, where the second map costs as little and is another one, how to get it.
  void tell(const std::vector<Racer>& racers, const CorrelationSample& sample) const {
    if (!note_) return;
    const Racer &first = racers[0], &second = racers[1];
    note_("start " + first.name + " has the lowest cost, " + text(first.cost) + "; " + second.name + " reaches " +
          text(second.cost));
    const Correlations a = sample.of(first.map), b = sample.of(second.map);
    if (second.cost > first.cost * (1 + ALIKE)) return;
    if (std::fabs(a.expression - b.expression) <= APART && std::fabs(a.space - b.space) <= APART) return;
    note_("two maps cost nearly the same: r1 about " + text(a.expression) + " and r2 " + text(a.space) + " here, " +
          text(b.expression) + " and " + text(b.space) + " from init=\"" + second.name + "\"");
  }

  QuasiNewton& descent_;
  const Options& o_;
  size_t n_points_;
  const Note& note_;
};

}  // namespace spasne
