#include "spasne.h"

#include <memory>
#include <random>
#include <stdexcept>

#include "src/affinities.h"
#include "src/dense_objective.h"
#include "src/map_state.h"
#include "src/memory.h"
#include "src/optimiser.h"
#include "src/safe_descent.h"
#include "src/text.h"
#include "src/threads.h"
#include "src/validation.h"

namespace spasne {

namespace {

constexpr double STOP_TOLERANCE = 1e-6;  // of the map's size

Method choose_method(const Options& o) {
  if (o.method != Method::automatic) return o.method;
  return o.theta == 0 ? Method::exact : Method::barnes_hut;
}

Descent make_descent(const Options& o, Method method, size_t n_points) {
  Descent d;
  d.max_iter = o.max_iter;
  d.exaggeration = o.exaggeration;
  if (!std::isnan(o.learning_rate)) d.learning_rate = o.learning_rate;
  if (o.learning_rate == 0) d.learning_rate = std::max(LEARNING_RATE, static_cast<double>(n_points) / o.exaggeration);
  d.stop_tolerance = o.stop_tolerance;
  if (std::isnan(o.stop_tolerance)) d.stop_tolerance = method == Method::exact ? STOP_TOLERANCE : 0;
  if (!std::isnan(o.max_step)) d.step_limit.length = o.max_step;
  return d;
}

void require_memory(size_t n_points, size_t n_features) {
  const double n = static_cast<double>(n_points);
  const double needed = 8 * n * n + 16 * n * static_cast<double>(n_features) + 2e7;
  const double present = physical_memory();
  if (needed > present) throw NotEnoughMemory(n_points, needed, present);
}

std::unique_ptr<Objective> make_objective(Problem& problem, const Options& o, Method method, ThreadPool& pool) {
  require_memory(problem.n_points, problem.n_features);
  return std::make_unique<DenseObjective>(
      dense_affinities(std::move(problem.X), problem.n_features, std::move(problem.S), problem.n_space, problem.n_points,
                       {o.perplexity, o.alpha, o.beta, o.space_offset}, pool),
      o.no_dims, method == Method::barnes_hut ? o.theta : 0, o.alpha, o.beta, o.global_scale * o.global_scale, pool);
}

int choose_seed(int seed) { return seed >= 0 ? seed : static_cast<int>(std::random_device{}() >> 1); }

void take_map(Objective& objective, const MapState& map, Result& result) {
  result.cost.resize(map.n_points);
  const CostParts cost = objective.cost(map.Y.data(), &result.cost);
  result.cost_local = cost.local;
  result.cost_global = cost.global;
  result.cost_space = cost.space;
  result.Y = map.rows();
}

}  // namespace

const char* name(Method method) {
  switch (method) {
    case Method::exact: return "exact";
    case Method::barnes_hut: return "barnes_hut";
    default: return "auto";
  }
}

void validate(const Problem& problem, const Options& options) {
  detail::validate_options(options, problem.n_points);
  detail::validate_data(problem, options);
}

Result run(Problem problem, const Options& options, const Listener& listener) {
  validate(problem, options);
  const size_t n = problem.n_points;
  ThreadPool pool(options.n_threads);
  Result result;
  result.method = choose_method(options);
  result.seed = choose_seed(options.seed);
  result.n_threads = pool.size();
  if (listener.note)
    listener.note(text(n) + " points, " + text(problem.n_features) + " columns, method " + name(result.method) + ", " +
                  text(pool.size()) + " threads, " + name(isa()));

  const Clock::time_point start = Clock::now();
  const std::unique_ptr<Objective> objective = make_objective(problem, options, result.method, pool);
  result.seconds_affinities = seconds_since(start);

  const Clock::time_point middle = Clock::now();
  MapState map(n, options.no_dims);
  map.set_rows(options.start.empty() ? random_start(n, options.no_dims, result.seed) : options.start);
  const Descent descent = make_descent(options, result.method, n);
  result.learning_rate = descent.learning_rate;
  descend_safely(*objective, map, descent, std::isnan(options.max_step), listener, result);
  take_map(*objective, map, result);
  result.seconds_optimise = seconds_since(middle);
  return result;
}

}  // namespace spasne
