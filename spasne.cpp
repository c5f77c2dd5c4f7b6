#include "spasne.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "src/batch.h"
#include "src/clock.h"
#include "src/descent_choice.h"
#include "src/fast_run.h"
#include "src/kernels/isa.h"
#include "src/memory.h"
#include "src/method.h"
#include "src/prepared.h"
#include "src/rows.h"
#include "src/safe_descent.h"
#include "src/sampled_start.h"
#include "src/text.h"
#include "src/threads.h"
#include "src/validation.h"

namespace spasne {

namespace {

Plan plan_run(const Options& o, Method method, size_t n_threads) {
  return {method, o.seed >= 0 ? o.seed : static_cast<int>(std::random_device{}() >> 1), n_threads, o.accuracy};
}

/// A map can be finite and so far from all reason that its cost is not.
void require_finite(const Map& map) {
  const auto is_finite = [](double value) { return std::isfinite(value); };
  if (!std::all_of(map.Y.begin(), map.Y.end(), is_finite) ||
      !std::all_of(map.cost.begin(), map.cost.end(), is_finite) || !std::isfinite(map.total_cost()))
    throw std::runtime_error(
        "the cost of the map is not finite; smaller weights, another start or a smaller step limit may help");
}

/// The map with its cost, in the order of points.
Map finished(Objective& objective, const MapState& map, const std::vector<size_t>& order) {
  Map made;
  made.cost.resize(map.n_points);
  MapState centred = map;  // all maps but a start are, and far from the origin sums in closed form lose their digits
  centred.centre();
  const CostParts cost = objective.cost(centred.Y.data(), &made.cost);
  made.cost_local = cost.local;
  made.cost_global = cost.global;
  made.cost_space = cost.space;
  made.Y = map.rows();
  if (order.empty()) return made;
  made.Y = put_rows(made.Y, order, map.n_dims);
  made.cost = put_rows(made.cost, order, 1);
  return made;
}

void require_resolved_start(Objective& objective, const MapState& start) {
  if (!objective.resolves(start.Y.data()))
    throw std::invalid_argument("expected a start that the grid of method interpolation covers, found one of radius " +
                                text(start.rms_radius()) + " (root mean square); method barnes_hut has no such limit");
}

/// From a start that is settled to a map.
using Descend = std::function<Descended(Objective&, const Snapshots&, const Listener&)>;

Descend published_descent(const Prepared& shared, const Options& o, const Plan& plan, ThreadPool& pool) {
  const auto starts = std::make_shared<const Starts>(shared.starts(o, plan.seed, pool));
  Descent descent = chosen_descent(o, plan.method, shared.n_points);
  return [=](Objective& objective, const Snapshots& snapshots, const Listener& listener) mutable {
    descent.snapshots = snapshots;
    return descend_safely(objective, *starts, descent, listener);
  };
}

Descend fast_descent(const Prepared& shared, const Options& o, const Plan& plan, ThreadPool& pool, const Note& note) {
  const auto start = std::make_shared<const FastBeginning>(
      races_on_sample(shared, o) ? sampled_beginning(shared, o, pool, note) : shared.fast_start(o, plan.seed, pool));
  return [=, &o, &pool](Objective& objective, const Snapshots& snapshots, const Listener& listener) {
    return descend_fast(objective, *start, {o, plan.method, snapshots}, listener, pool);
  };
}

/// Chooses the start; X may be freed then. The options and the pool must outlive what is returned.
Descend descent_of(const Prepared& shared, const Options& o, const Plan& plan, ThreadPool& pool, const Note& note) {
  return chosen_steps(o, shared.n_points) == Steps::fast ? fast_descent(shared, o, plan, pool, note)
                                                         : published_descent(shared, o, plan, pool);
}

/// Measures how exactly sums are taken at a map, and says so where it is not as exactly as wanted.
double measured_error(Objective& objective, const MapState& map, const Plan& plan, const Listener& listener) {
  const double error = objective.error_of_sums(map.Y.data());
  if (listener.note && error > plan.accuracy)
    listener.note("sums over pairs are off by " + text(std::round(1e4 * error) / 100) +
                  " % of their length, more than accuracy " + text(plan.accuracy) +
                  ": the map is wide for its kernels; a smaller theta, fewer columns or method exact come closer");
  return error;
}

/// start: when work on the map began.
Result optimise(Objective& objective, const Descend& descend, const Prepared& shared, const Plan& plan,
                const Listener& listener, Clock::time_point start) {
  Snapshots snapshots;
  if (listener.snapshot)
    snapshots = {listener.snapshot_every, [&](int n_iter, const MapState& current) {
                   return listener.snapshot(n_iter, finished(objective, current, shared.order));
                 }};
  const Descended reached = descend(objective, snapshots, listener);
  if (reached.record.n_iter == 0) require_resolved_start(objective, reached.map);
  Result result;
  result.map = finished(objective, reached.map, shared.order);
  require_finite(result.map);
  result.plan = plan;
  if (shared.sparse) result.search = shared.sparse->search;
  result.record = reached.record;
  result.record.error_of_sums = measured_error(objective, reached.map, plan, listener);
  result.seconds_affinities = shared.seconds;
  result.seconds_optimise = seconds_since(start);
  return result;
}

std::string description(const Problem& p, Method method, size_t n_threads) {
  return text(p.n_points) + " points, " + text(p.n_features) + " columns, method " + name(method) + ", " +
         text(n_threads) + " threads, " + name(isa());
}

/// Runs on what they share. Those of interpolation are one after another, each on all threads; those of the dense
/// methods side by side, each worker with a matrix of its own, used again from run to run.
void run_several(Problem problem, const Options& o, const std::vector<Run>& runs, BatchTeller& teller) {
  const Note note = [&](const std::string& line) { teller.note(line); };
  ThreadPool pool(o.n_threads);
  const Method method = chosen_method(o, problem.n_points);
  const bool side_by_side = method != Method::interpolation;
  const bool merges = side_by_side && std::any_of(runs.begin(), runs.end(), [&](const Run& run) {
                        return dense_options(with(o, run), method).merges();
                      });
  const double shared_bytes = shared_need(problem, o, method);
  const double own_bytes = side_by_side ? run_need(problem.n_points, merges) : 0;
  require_memory(problem.n_points, shared_bytes + own_bytes);
  const BatchPlan plan = side_by_side
                             ? plan_batch(runs.size(), pool.size(), physical_memory() - shared_bytes, own_bytes)
                             : BatchPlan{1, pool.size()};
  note(description(problem, method, pool.size()) + ", " + text(runs.size()) + " runs, " +
       (side_by_side ? text(plan.n_workers) + " at a time" : "one after another"));
  const Prepared shared = prepare(std::move(problem), o, used_terms(runs), pool, note);

  for_each_worker(plan.n_workers, runs.size(), pool, [&](const std::function<bool(size_t&)>& take) {
    ThreadPool threads(plan.threads_each);
    AlignedVector matrix(merges ? shared.dense->local.size() : 0);
    for (size_t k; take(k);)
      teller.finish(k, [&] {
        const Options options = with(o, runs[k]);
        const Plan plan_of_run = plan_run(options, method, threads.size());
        const Listener listener = teller.for_run(k);
        const Clock::time_point start = Clock::now();
        const Descend descend = descent_of(shared, options, plan_of_run, threads, listener.note);
        const std::unique_ptr<Objective> objective = shared.objective(options, matrix.data(), threads);
        return optimise(*objective, descend, shared, plan_of_run, listener, start);
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

const char* name(Steps steps) {
  switch (steps) {
    case Steps::published:
      return "published";
    case Steps::fast:
      return "fast";
    default:
      return "auto";
  }
}

const char* name(Neighbours neighbours) {
  switch (neighbours) {
    case Neighbours::exact:
      return "exact";
    case Neighbours::approximate:
      return "approximate";
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
  const Plan plan = plan_run(options, chosen_method(options, problem.n_points), pool.size());
  if (listener.note) listener.note(description(problem, plan.method, pool.size()));
  Prepared prepared = prepare(std::move(problem), options, {options.alpha > 0, options.beta > 0}, pool, listener.note);
  const Clock::time_point start = Clock::now();
  const Descend descend = descent_of(prepared, options, plan, pool, listener.note);
  const std::unique_ptr<Objective> objective = prepared.only_objective(options, pool);
  return optimise(*objective, descend, prepared, plan, listener, start);
}

void run_batch(Problem problem, const Options& options, const std::vector<Run>& runs, const BatchListener& listener) {
  if (runs.empty()) return;
  Run largest{0, 0, 0};
  for (size_t k = 0; k < runs.size(); ++k) {
    detail::validate_weights(runs[k].alpha, runs[k].beta, " in run " + text(k));
    if (!std::isnan(runs[k].global_scale)) detail::validate_scale(runs[k].global_scale, " in run " + text(k));
    largest = {std::max(largest.alpha, runs[k].alpha), std::max(largest.beta, runs[k].beta), 0};
  }
  validate(problem, with(options, largest));
  BatchTeller teller(listener);
  if (runs.size() > 1) return run_several(std::move(problem), options, runs, teller);
  teller.finish(0, [&] { return run(std::move(problem), with(options, runs[0]), teller.for_run(0)); });
}

}  // namespace spasne
