// SpaSNE: a map Y of n points that minimises
//
//   C(Y) = KL(P || Q) + alpha KL(Pg || Qg) + beta KL(Ps || Qs)
//
// P: Gaussian affinities of the expression profiles at a given perplexity, Q: Student-t affinities of the map (t-SNE);
// Pg, Ps, Qg: 1 + squared distance, normalised over all pairs, in expression, tissue and map. Qs is Qg; where the
// points lie in several tissue sections, Ps and Qs are over the pairs within sections only. Zhou et al., GigaScience 14
// (2025) giaf002; van der Maaten, JMLR 15 (2014).
//
// Reads no files, prints nothing. Errors: std::invalid_argument for unusable input, std::runtime_error for
// numerical trouble, std::bad_alloc when memory runs out.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace spasne {

enum class Method { automatic, exact, barnes_hut, interpolation };

/// How the map moves down the objective: the published momentum and gains, or quasi-Newton steps (fast_descent.h).
enum class Steps { automatic, published, fast };

/// The search for nearest neighbours (method interpolation): all of the true ones, or nearly all in less time.
enum class Neighbours { automatic, exact, approximate };

const char* name(Method method);
const char* name(Steps steps);
const char* name(Neighbours neighbours);

/// The data: one row per point.
struct Problem {
  size_t n_points = 0, n_features = 0, n_space = 0;
  std::vector<double> X;          // n_points x n_features, expression
  std::vector<double> S;          // n_points x n_space, positions
  std::vector<int32_t> sections;  // of each point, 0 .. number of sections - 1; empty: one

  // Nearest neighbours in X, if the caller has them (method interpolation): n_points x n_neighbours.
  size_t n_neighbours = 0;
  std::vector<int32_t> neighbour_index;
  std::vector<float> neighbour_distance;
};

struct Options {
  int no_dims = 2;
  double perplexity = 50, theta = 0.5;
  double alpha = 8, beta = 2, exaggeration = 4;
  int max_iter = 1000;
  int seed = -1;  // below 0: any
  Method method = Method::automatic;
  double learning_rate = NAN;  // NaN: the method's own; 0: max(500, n / exaggeration)
  double max_step = NAN;       // NaN: automatic; infinity: never limited
  Steps steps = Steps::automatic;
  Neighbours neighbours = Neighbours::automatic;
  std::vector<double> start;    // n_points x no_dims; empty: as start_name says
  std::string start_name;       // "best", "joint", "joint*F" or "spatial" (race.h); empty: the method's own
  double global_scale = 1;      // sigma
  double space_offset = 1;      // c of Ps = (c + d^2) / sum
  double accuracy = 1e-3;       // relative error of the gradient, method interpolation
  double stop_tolerance = NAN;  // NaN: the method's own; 0: run all iterations
  size_t n_threads = 0;         // 0: all cores
};

/// What runs of a batch may differ in; all else is shared.
struct Run {
  double alpha, beta;
  int seed;                   // below 0: any
  double global_scale = NAN;  // NaN: the options'
};

/// What is reported while the optimiser runs: at every 50th iteration and the last.
struct Progress {
  int iteration;
  double cost;
  int n_iterations;  // since the last report
  double seconds;    // since the last report
};

/// A map and what it costs.
struct Map {
  std::vector<double> Y;                                   // n_points x no_dims
  std::vector<double> cost;                                // per point; sums to the cost
  double cost_local = 0, cost_global = 0, cost_space = 0;  // KL(P||Q), alpha KL(Pg||Qg), beta KL(Ps||Qs)

  double total_cost() const { return cost_local + cost_global + cost_space; }
};

/// What a run settles before it begins, where its options leave the choice open.
struct Plan {
  Method method = Method::exact;
  int seed = 0;
  size_t n_threads = 1;
  double accuracy = 1e-3;  // wanted of sums that are not taken exactly
};

/// How the neighbours of method interpolation came about.
struct Search {
  std::string kind;   // given, exact or approximate; empty: another method
  size_t k = 0;       // of each point
  double recall = 1;  // share of the true ones that was found, by a sample of points; given: unknown
  double seconds = 0;
};

/// What a start reached in the race of several (race.h), and of how many points.
struct Contender {
  std::string name;
  double cost = 0;
  int n_gradients = 0;
  size_t n_points = 0;
};

/// How the optimiser came to its map.
struct Record {
  Steps steps = Steps::published;
  std::vector<Contender> contenders;  // of a race, the winner first; then those of one on a sample
  int n_iter = 0;
  bool converged = false, repeated = false, stopped = false;  // stopped: by the caller, at a snapshot
  double max_step = INFINITY, learning_rate = 0, longest_step = 0;
  double error_of_sums = NAN;  // method interpolation: measured at the map, as a share of the sums' length
};

struct Result {
  Map map;
  Plan plan;
  Search search;
  Record record;
  double seconds_affinities = 0, seconds_optimise = 0;
};

/// Takes a line for the user: method chosen, early stop ...
using Note = std::function<void(const std::string&)>;

/// Called with each note and each report of progress.
struct Listener {
  Note note;
  std::function<void(const Progress&)> progress;  // empty: the cost is not computed on the way
  /// The map after every `snapshot_every` iterations and the last; false: it is the result.
  std::function<bool(int n_iter, const Map& map)> snapshot;
  int snapshot_every = 0;
};

/// Called as the runs of a batch end, in any order, but never twice at a time.
struct BatchListener {
  Note note;
  std::function<void(size_t run, const Result&)> done;
  std::function<void(size_t run, const std::string& why)> failed;  // numerical trouble
};

/// Throws std::invalid_argument, naming what was expected and found, unless the problem can be run.
void validate(const Problem& problem, const Options& options);

/// Runs the method. The problem is taken over, so that its memory can be freed on the way.
Result run(Problem problem, const Options& options, const Listener& listener = {});

/// Runs the method with each of the runs' weights and seeds in place of the options': side by side, or by method
/// interpolation one after another. Affinities are computed once. Each result equals that of run().
void run_batch(Problem problem, const Options& options, const std::vector<Run>& runs, const BatchListener& listener);

}  // namespace spasne
