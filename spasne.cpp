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
#include "src/sparse_setup.h"
#include "src/text.h"
#include "src/threads.h"
#include "src/validation.h"

namespace spasne {

namespace {

constexpr double STOP_TOLERANCE = 1e-6;  // of the map's size
constexpr size_t LARGE = 5000;           // points above which dense affinities give way to sparse ones

Method choose_method(const Options& o, size_t n_points) {
  if (o.method != Method::automatic) return o.method;
  if (o.theta == 0) return Method::exact;
  return n_points <= LARGE ? Method::barnes_hut : Method::interpolation;
}

Descent make_descent(const Options& o, Method method, size_t n_points) {
  Descent d;
  d.max_iter = o.max_iter;
  d.exaggeration = o.exaggeration;
  d.repeat_exaggeration = repeat_exaggeration(o.alpha);
  const bool published = method != Method::interpolation;
  if (o.learning_rate > 0 || (published && std::isnan(o.learning_rate)))
    d.learning_rate = std::isnan(o.learning_rate) ? LEARNING_RATE : o.learning_rate;
  else
    d.learning_rate = std::max(LEARNING_RATE, static_cast<double>(n_points) / o.exaggeration);
  d.rest = {o.stop_tolerance, !published};
  if (std::isnan(o.stop_tolerance))
    d.rest.tolerance = method == Method::exact ? STOP_TOLERANCE : published ? 0 : o.accuracy;
  if (!std::isnan(o.max_step))
    d.step_limit = {o.max_step, false};
  else if (!published)
    d.step_limit = {STEP_LIMIT, true, true};
  return d;
}

void require_memory(size_t n_points, size_t n_features) {
  const double n = static_cast<double>(n_points);
  const double needed = 8 * n * n + 16 * n * static_cast<double>(n_features) + 2e7;
  const double present = physical_memory();
  if (needed > present) throw NotEnoughMemory(n_points, needed, present);
}

/// What the optimiser works on. Methods may reorder the points: order[place] = point, empty if they keep it.
struct Work {
  std::unique_ptr<Objective> objective;
  std::vector<size_t> order;
  std::vector<double> start;
  std::vector<double> other_start;  // for a repeat, from the positions
};

Work make_work(Problem& p, const Options& o, const Result& r, ThreadPool& pool, const Listener& listener) {
  const size_t n = p.n_points;
  std::vector<double> other_start = start_from_columns(p.S, n, p.n_space, o.no_dims);
  if (r.method == Method::interpolation) {
    SparseSetup setup = set_up_sparse(std::move(p), o, pool, listener);
    other_start = take_rows(other_start, setup.order, static_cast<size_t>(o.no_dims));
    return {std::move(setup.objective), std::move(setup.order), std::move(setup.start), std::move(other_start)};
  }
  require_memory(n, p.n_features);
  return {std::make_unique<DenseObjective>(dense_affinities(std::move(p.X), p.n_features, std::move(p.S), p.n_space, n,
                                                            {o.perplexity, o.alpha, o.beta, o.space_offset}, pool),
                                           o.no_dims, r.method == Method::barnes_hut ? o.theta : 0, o.alpha, o.beta,
                                           o.global_scale * o.global_scale, pool),
          {},
          o.start.empty() ? random_start(n, o.no_dims, r.seed) : o.start,
          std::move(other_start)};
}

int choose_seed(int seed) { return seed >= 0 ? seed : static_cast<int>(std::random_device{}() >> 1); }

void take_map(Objective& objective, const MapState& map, const std::vector<size_t>& order, Result& result) {
  result.cost.resize(map.n_points);
  const CostParts cost = objective.cost(map.Y.data(), &result.cost);
  result.cost_local = cost.local;
  result.cost_global = cost.global;
  result.cost_space = cost.space;
  result.Y = map.rows();
  if (order.empty()) return;
  result.Y = put_rows(result.Y, order, map.n_dims);
  result.cost = put_rows(result.cost, order, 1);
}

}  // namespace

const char* name(Method method) {
  switch (method) {
    case Method::exact:
      return "exact";
    case Method::barnes_hut:
      return "barnes_hut";
    case Method::interpolation:
      return "interpolation";
    default:
      return "auto";
  }
}

void validate(const Problem& problem, const Options& options) {
  detail::validate_options(options, problem.n_points);
  detail::validate_data(problem, options);
  detail::validate_neighbours(problem, options);
}

Result run(Problem problem, const Options& options, const Listener& listener) {
  validate(problem, options);
  const size_t n = problem.n_points;
  ThreadPool pool(options.n_threads);
  Result result;
  result.method = choose_method(options, n);
  result.seed = choose_seed(options.seed);
  result.n_threads = pool.size();
  if (listener.note)
    listener.note(text(n) + " points, " + text(problem.n_features) + " columns, method " + name(result.method) + ", " +
                  text(pool.size()) + " threads, " + name(isa()));

  const Clock::time_point start = Clock::now();
  Work work = make_work(problem, options, result, pool, listener);
  result.seconds_affinities = seconds_since(start);

  const Clock::time_point middle = Clock::now();
  MapState map(n, options.no_dims);
  map.set_rows(work.start);
  Descent descent = make_descent(options, result.method, n);
  if (listener.snapshot)
    descent.snapshots = {listener.snapshot_every, [&](int n_iter, const MapState& current) {
                           Result shown;
                           take_map(*work.objective, current, work.order, shown);
                           return listener.snapshot(n_iter, shown);
                         }};
  result.learning_rate = descent.learning_rate;
  descend_safely(*work.objective, map, descent, std::isnan(options.max_step), work.other_start, listener, result);
  take_map(*work.objective, map, work.order, result);
  result.seconds_optimise = seconds_since(middle);
  return result;
}

}  // namespace spasne
