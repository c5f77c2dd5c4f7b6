#include "spasne.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <stdexcept>

#include "src/affinities.h"
#include "src/batch.h"
#include "src/clock.h"
#include "src/dense_objective.h"
#include "src/kernels/isa.h"
#include "src/map_state.h"
#include "src/memory.h"
#include "src/method.h"
#include "src/optimiser.h"
#include "src/safe_descent.h"
#include "src/sparse_objective.h"
#include "src/sparse_problem.h"
#include "src/text.h"
#include "src/threads.h"
#include "src/validation.h"

namespace spasne {

namespace {

constexpr double STOP_TOLERANCE = 1e-6;  // of the map's size
constexpr double COARSEST_REST = 1e-2;   // however inaccurate the sums may be

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
    d.rest.tolerance = method == Method::exact ? STOP_TOLERANCE : published ? 0 : std::min(o.accuracy, COARSEST_REST);
  if (!std::isnan(o.max_step))
    d.step_limit = {o.max_step, false};
  else if (!published)
    d.step_limit = {STEP_LIMIT, true, true};
  return d;
}

/// What the optimiser works on. Methods may reorder the points: order[place] = point, empty if they keep it.
struct Work {
  // Where no other run shares them: of dense methods, and of method `interpolation`.
  std::unique_ptr<DenseAffinities> affinities;
  std::unique_ptr<SparseProblem> sparse;
  std::unique_ptr<Objective> objective;
  std::vector<size_t> order;
  std::vector<double> start;
  std::vector<double> other_start;  // for a repeat, from the positions; of dense methods
};

DenseOptions dense_options(const Options& o, Method method) {
  return {o.no_dims, method == Method::barnes_hut ? o.theta : 0, o.alpha, o.beta, o.global_scale * o.global_scale};
}

/// global_terms: whether any run gives them weight.
DenseAffinities make_affinities(Problem& p, const Options& o, bool global_terms, ThreadPool& pool) {
  return dense_affinities(std::move(p), {o.perplexity, o.space_offset, global_terms}, pool);
}

SparseProblem make_sparse(Problem& p, const Options& o, bool global_weight, bool space_weight, ThreadPool& pool,
                          const std::function<void(const std::string&)>& note) {
  require_memory(p.n_points, sparse_need(p.n_points, p.n_features, detail::neighbours_for(p, o.perplexity)));
  return sparse_problem(std::move(p), o, global_weight, space_weight, pool, note);
}

std::vector<double> dense_start(const Options& o, size_t n_points, int seed) {
  return o.start.empty() ? random_start(n_points, o.no_dims, seed) : o.start;
}

/// Centres the positions within each of several sections: what lies between them means nothing.
void centre_sections(Problem& p, const std::function<void(const std::string&)>& note) {
  const Sections sections(p.sections, p.n_points);
  if (!sections.several()) return;
  centre_within(p.S, p.n_space, sections);
  if (note) note(text(sections.members.size()) + " sections: spatial pairs within each, normalised in closed form");
}

Work make_work(Problem& p, const Options& o, const Result& r, ThreadPool& pool, const Listener& listener) {
  const size_t n = p.n_points;
  centre_sections(p, listener.note);
  Work work;
  if (r.method == Method::interpolation) {
    work.sparse = std::make_unique<SparseProblem>(make_sparse(p, o, o.alpha > 0, o.beta > 0, pool, listener.note));
    work.order = std::move(work.sparse->order);
    work.start = std::move(work.sparse->start);
    work.objective = sparse_objective(*work.sparse, o, pool);
    std::vector<double>().swap(work.sparse->X);  // which is large, and in the charges now
    return work;
  }
  require_memory(n, dense_need(n, p.n_features));
  work.other_start = start_from_columns({p.S, p.n_space}, o.no_dims);
  work.affinities = std::make_unique<DenseAffinities>(make_affinities(p, o, o.alpha > 0 || o.beta > 0, pool));
  work.objective = std::make_unique<DenseObjective>(*work.affinities, work.affinities->local.data(),
                                                    dense_options(o, r.method), pool);
  work.start = dense_start(o, n, r.seed);
  return work;
}

int choose_seed(int seed) { return seed >= 0 ? seed : static_cast<int>(std::random_device{}() >> 1); }

/// A map can be finite and so far from all reason that its cost is not.
void require_finite(const Result& r) {
  const auto is_finite = [](double value) { return std::isfinite(value); };
  if (!std::all_of(r.Y.begin(), r.Y.end(), is_finite) || !std::all_of(r.cost.begin(), r.cost.end(), is_finite) ||
      !std::isfinite(r.cost_local + r.cost_global + r.cost_space))
    throw std::runtime_error(
        "the cost of the map is not finite; smaller weights, another start or a smaller step limit may help");
}

void take_map(Objective& objective, const MapState& map, const std::vector<size_t>& order, Result& result) {
  result.cost.resize(map.n_points);
  MapState centred = map;  // all maps but a start are, and far from the origin sums in closed form lose their digits
  centred.centre();
  const CostParts cost = objective.cost(centred.Y.data(), &result.cost);
  result.cost_local = cost.local;
  result.cost_global = cost.global;
  result.cost_space = cost.space;
  result.Y = map.rows();
  if (order.empty()) return;
  result.Y = put_rows(result.Y, order, map.n_dims);
  result.cost = put_rows(result.cost, order, 1);
}

/// A result that knows how it is to be computed.
Result planned(const Options& o, size_t n_points, size_t n_threads) {
  Result result;
  result.method = chosen_method(o, n_points);
  result.seed = choose_seed(o.seed);
  result.n_threads = n_threads;
  return result;
}

void optimise(Work& work, const Options& o, const Listener& listener, Result& result) {
  const Clock::time_point start = Clock::now();
  MapState map(work.start.size() / static_cast<size_t>(o.no_dims), o.no_dims);
  map.set_rows(work.start);
  if (!o.start.empty() && o.max_iter > 0) map.centre();
  if (o.max_iter == 0 && !work.objective->resolves(map.Y.data()))
    throw std::invalid_argument("expected a start that the grid of method interpolation covers, found one of radius " +
                                text(map.rms_radius()) + " (root mean square); method barnes_hut has no such limit");
  Descent descent = make_descent(o, result.method, map.n_points);
  if (listener.snapshot)
    descent.snapshots = {listener.snapshot_every, [&](int n_iter, const MapState& current) {
                           Result shown;
                           take_map(*work.objective, current, work.order, shown);
                           return listener.snapshot(n_iter, shown);
                         }};
  result.learning_rate = descent.learning_rate;
  descend_safely(*work.objective, map, descent, std::isnan(o.max_step), work.other_start, listener, result);
  take_map(*work.objective, map, work.order, result);
  require_finite(result);
  result.seconds_optimise = seconds_since(start);
}

std::string description(const Problem& p, Method method, size_t n_threads) {
  return text(p.n_points) + " points, " + text(p.n_features) + " columns, method " + name(method) + ", " +
         text(n_threads) + " threads, " + name(isa());
}

Options with(Options o, const Run& run) {
  o.alpha = run.alpha;
  o.beta = run.beta;
  o.seed = run.seed;
  return o;
}

bool any_alpha(const std::vector<Run>& runs) {
  return std::any_of(runs.begin(), runs.end(), [](const Run& run) { return run.alpha > 0; });
}

bool any_beta(const std::vector<Run>& runs) {
  return std::any_of(runs.begin(), runs.end(), [](const Run& run) { return run.beta > 0; });
}

/// Runs of method `interpolation` on shared affinities, each on all threads.
void one_after_another(Problem problem, const Options& o, const std::vector<Run>& runs, BatchTeller& teller) {
  const size_t n = problem.n_points;
  ThreadPool pool(o.n_threads);
  const std::function<void(const std::string&)> note = [&](const std::string& what) { teller.note(what); };
  note(description(problem, Method::interpolation, pool.size()) + ", " + text(runs.size()) +
       " runs, one after another");

  const Clock::time_point start = Clock::now();
  centre_sections(problem, note);
  const SparseProblem sparse = make_sparse(problem, o, any_alpha(runs), any_beta(runs), pool, note);
  const double seconds = seconds_since(start);

  for (size_t k = 0; k < runs.size(); ++k)
    teller.finish(k, [&] {
      const Options options = with(o, runs[k]);
      Result result = planned(options, n, pool.size());
      result.seconds_affinities = seconds;
      Work work{nullptr, nullptr, sparse_objective(sparse, options, pool), sparse.order, sparse.start, {}};
      optimise(work, options, teller.for_run(k), result);
      return result;
    });
}

/// Runs of a dense method on shared affinities; each worker has a matrix of its own, used again from run to run.
void side_by_side(Problem problem, const Options& o, const std::vector<Run>& runs, BatchTeller& teller) {
  const size_t n = problem.n_points;
  ThreadPool pool(o.n_threads);
  const Method method = chosen_method(o, n);
  const bool merges = std::any_of(runs.begin(), runs.end(),
                                  [&](const Run& run) { return dense_options(with(o, run), method).merges(); });
  const double shared = dense_need(n, problem.n_features), need = run_need(n, merges);
  require_memory(n, shared + need);
  const BatchPlan plan = plan_batch(runs.size(), pool.size(), physical_memory() - shared, need);
  teller.note(description(problem, method, pool.size()) + ", " + text(runs.size()) + " runs, " + text(plan.n_workers) +
              " at a time");

  const Clock::time_point start = Clock::now();
  centre_sections(problem, [&](const std::string& what) { teller.note(what); });
  const std::vector<double> other_start = start_from_columns({problem.S, problem.n_space}, o.no_dims);
  const DenseAffinities affinities = make_affinities(problem, o, any_alpha(runs) || any_beta(runs), pool);
  const double seconds = seconds_since(start);

  for_each_worker(plan.n_workers, runs.size(), pool, [&](const std::function<bool(size_t&)>& take) {
    ThreadPool threads(plan.threads_each);
    AlignedVector matrix(merges ? affinities.local.size() : 0);
    for (size_t k; take(k);)
      teller.finish(k, [&] {
        const Options options = with(o, runs[k]);
        Result result = planned(options, n, threads.size());
        result.seconds_affinities = seconds;
        Work work{nullptr,
                  nullptr,
                  std::make_unique<DenseObjective>(affinities, matrix.data(), dense_options(options, method), threads),
                  {},
                  dense_start(options, n, result.seed),
                  other_start};
        optimise(work, options, teller.for_run(k), result);
        return result;
      });
  });
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
  detail::validate_sections(problem, options);
  detail::validate_neighbours(problem, options);
}

Result run(Problem problem, const Options& options, const Listener& listener) {
  validate(problem, options);
  ThreadPool pool(options.n_threads);
  Result result = planned(options, problem.n_points, pool.size());
  if (listener.note) listener.note(description(problem, result.method, pool.size()));
  const Clock::time_point start = Clock::now();
  Work work = make_work(problem, options, result, pool, listener);
  result.seconds_affinities = seconds_since(start);
  optimise(work, options, listener, result);
  return result;
}

void run_batch(Problem problem, const Options& options, const std::vector<Run>& runs, const BatchListener& listener) {
  if (runs.empty()) return;
  Run largest{0, 0, 0};
  for (size_t k = 0; k < runs.size(); ++k) {
    detail::validate_weights(runs[k].alpha, runs[k].beta, " in run " + text(k));
    largest = {std::max(largest.alpha, runs[k].alpha), std::max(largest.beta, runs[k].beta), 0};
  }
  validate(problem, with(options, largest));
  BatchTeller teller(listener);
  if (runs.size() == 1) {
    teller.finish(0, [&] { return run(std::move(problem), with(options, runs[0]), teller.for_run(0)); });
    return;
  }
  const bool sparse = chosen_method(options, problem.n_points) == Method::interpolation;
  (sparse ? one_after_another : side_by_side)(std::move(problem), options, runs, teller);
}

}  // namespace spasne
