#include "spasne.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <random>
#include <sstream>
#include <stdexcept>

#include "src/affinities.h"
#include "src/map_state.h"
#include "src/memory.h"
#include "src/objective.h"
#include "src/threads.h"

namespace spasne {

namespace {

// The published optimiser: delta-bar-delta gains with momentum (Jacobs 1988; van der Maaten and Hinton 2008).
constexpr double LEARNING_RATE = 500;
constexpr double GAIN_STEP = 0.15, GAIN_DECAY = 0.85, GAIN_FLOOR = 0.01;
constexpr double MOMENTUM_EARLY = 0.5, MOMENTUM_LATE = 0.8;
constexpr int EARLY_ITERATIONS = 250;  // exaggeration and early momentum hold up to and including this iteration
constexpr int REPORT_EVERY = 50;
constexpr int QUIET_WINDOW = 50;  // iterations over which the largest step decides on convergence
constexpr double STOP_TOLERANCE = 1e-6;

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

[[noreturn]] void reject(const std::string& expected, const std::string& found) {
  throw std::invalid_argument("expected " + expected + ", found " + found);
}

template <class T>
std::string text(const T& value) {
  std::ostringstream out;
  out << value;
  return out.str();
}

void require_finite(const std::vector<double>& values, size_t n_columns, const std::string& what) {
  for (size_t k = 0; k < values.size(); ++k)
    if (!std::isfinite(values[k]))
      reject("finite numbers in " + what,
             text(values[k]) + " in row " + text(k / n_columns) + ", column " + text(k % n_columns));
}

void validate_data(const Problem& p, const Options& o) {
  if (p.n_points < 1) reject("at least 1 point", text(p.n_points));
  if (p.n_features < 1) reject("at least 1 column of X", text(p.n_features));
  if (p.n_space < 1) reject("at least 1 column of positions", text(p.n_space));
  if (p.X.size() != p.n_points * p.n_features || p.S.size() != p.n_points * p.n_space)
    reject("X and positions of the stated shape", text(p.X.size()) + " and " + text(p.S.size()) + " numbers");
  require_finite(p.X, p.n_features, "X");
  require_finite(p.S, p.n_space, "the positions");
  bool constant = true;
  for (size_t k = p.n_features; k < p.X.size() && constant; ++k) constant = p.X[k] == p.X[k - p.n_features];
  if (constant) reject("data that differ between points", "constant data (all rows of X are the same)");
  if (o.beta > 0 && o.space_offset == 0) {
    bool same = true;
    for (size_t k = p.n_space; k < p.S.size() && same; ++k) same = p.S[k] == p.S[k - p.n_space];
    if (same) reject("positions that differ between points", "constant positions");
  }
  if (!o.start.empty()) {
    if (o.start.size() != p.n_points * static_cast<size_t>(o.no_dims))
      reject("a start of n_points x no_dims numbers", text(o.start.size()));
    require_finite(o.start, static_cast<size_t>(o.no_dims), "the start");
  }
}

void validate_options(const Options& o, size_t n_points) {
  if (o.no_dims < 1 || o.no_dims > 3) reject("no_dims 1, 2 or 3", text(o.no_dims));
  if (!(o.perplexity > 0 && std::isfinite(o.perplexity))) reject("a perplexity above 0", text(o.perplexity));
  if (static_cast<double>(n_points) - 1 < 3 * o.perplexity)
    reject("a perplexity of at most (n - 1) / 3 = " + text((static_cast<double>(n_points) - 1) / 3),
           text(o.perplexity));
  if (!(o.theta >= 0 && std::isfinite(o.theta))) reject("theta of 0 or more", text(o.theta));
  if (!(o.alpha >= 0 && std::isfinite(o.alpha))) reject("alpha of 0 or more", text(o.alpha));
  if (!(o.beta >= 0 && std::isfinite(o.beta))) reject("beta of 0 or more", text(o.beta));
  if (!(o.exaggeration > 0 && std::isfinite(o.exaggeration))) reject("an exaggeration above 0", text(o.exaggeration));
  if (o.max_iter < 0) reject("max_iter of 0 or more", text(o.max_iter));
  if (o.learning_rate < 0 || std::isinf(o.learning_rate)) reject("a learning rate of 0 or more", text(o.learning_rate));
  if (o.max_step <= 0) reject("a step limit above 0", text(o.max_step));
  if (!(o.global_scale > 0 && std::isfinite(o.global_scale))) reject("a global scale above 0", text(o.global_scale));
  if (!(o.space_offset >= 0 && std::isfinite(o.space_offset)))
    reject("a space offset of 0 or more", text(o.space_offset));
  if (o.stop_tolerance < 0 || std::isinf(o.stop_tolerance))
    reject("a stop tolerance of 0 or more", text(o.stop_tolerance));
  if (o.method == Method::barnes_hut && o.theta == 0) reject("theta above 0 for method barnes_hut", "0");
}

/// Options with every automatic choice made.
struct Plan {
  Method method;
  double learning_rate, max_step, stop_tolerance;
  int seed;
};

Plan make_plan(const Problem& p, const Options& o) {
  Plan plan{};
  plan.method = o.method != Method::automatic ? o.method : o.theta == 0 ? Method::exact : Method::barnes_hut;
  plan.learning_rate = o.learning_rate;
  if (std::isnan(o.learning_rate)) plan.learning_rate = LEARNING_RATE;
  if (o.learning_rate == 0)
    plan.learning_rate = std::max(LEARNING_RATE, static_cast<double>(p.n_points) / o.exaggeration);
  plan.max_step = std::isnan(o.max_step) ? INFINITY : o.max_step;
  plan.stop_tolerance = o.stop_tolerance;
  if (std::isnan(o.stop_tolerance)) plan.stop_tolerance = plan.method == Method::exact ? STOP_TOLERANCE : 0;
  plan.seed = o.seed >= 0 ? o.seed : static_cast<int>(std::random_device{}() >> 1);
  return plan;
}

int sign(double x) { return (x > 0) - (x < 0); }

/// Gains, velocity and the move of every point. Returns the length of the longest move.
double move_points(MapState& map, const AlignedVector& gradient, double momentum, const Plan& plan) {
  for (size_t k = 0; k < map.Y.size(); ++k) {
    double& gain = map.gains[k];
    gain = sign(gradient[k]) != sign(map.velocity[k]) ? gain + GAIN_STEP : gain * GAIN_DECAY;
    gain = std::max(gain, GAIN_FLOOR);
    map.velocity[k] = momentum * map.velocity[k] - plan.learning_rate * gain * gradient[k];
  }
  double longest = 0;
  for (size_t i = 0; i < map.n_points; ++i) {
    double length2 = 0;
    for (size_t axis = 0; axis < map.n_dims; ++axis) {
      const double v = map.velocity[axis * map.n_padded + i];
      length2 += v * v;
    }
    const double length = std::sqrt(length2);
    const double shrink = length > plan.max_step ? plan.max_step / length : 1;
    longest = std::max(longest, length * shrink);
    for (size_t axis = 0; axis < map.n_dims; ++axis) {
      const size_t k = axis * map.n_padded + i;
      if (shrink < 1) map.velocity[k] *= shrink;
      map.Y[k] += map.velocity[k];
    }
  }
  map.centre();
  return longest;
}

/// True once the steps of the last iterations, repeated for all that remain, would not move a point by more than `tolerance` of the
/// map's size.
class ConvergenceTest {
 public:
  explicit ConvergenceTest(double tolerance) : tolerance_(tolerance) {}

  bool operator()(double longest_step, int remaining, const MapState& map) {
    if (tolerance_ == 0) return false;
    window_largest_ = std::max(window_largest_, longest_step);
    if (++count_ < QUIET_WINDOW) return false;
    const bool converged = window_largest_ * remaining < tolerance_ * map.radius();
    window_largest_ = 0;
    count_ = 0;
    return converged;
  }

 private:
  double tolerance_, window_largest_ = 0;
  int count_ = 0;
};

/// Reports the cost every 50 iterations and at the last.
class Reporter {
 public:
  explicit Reporter(const Listener& listener) : listener_(listener) {}

  void operator()(int iter, bool last, DenseObjective& objective, const MapState& map) {
    if (!listener_.progress || !(last || (iter > 0 && iter % REPORT_EVERY == 0))) return;
    listener_.progress({iter, objective.cost(map.Y.data(), nullptr).total, iter - last_iter_, seconds_since(last_)});
    last_ = Clock::now();
    last_iter_ = iter;
  }

 private:
  const Listener& listener_;
  Clock::time_point last_ = Clock::now();
  int last_iter_ = 0;
};

/// Runs the iterations and notes in the result how many were done and whether they converged.
void optimise(DenseObjective& objective, MapState& map, const Options& o, const Plan& plan, const Listener& listener,
              Result& result) {
  AlignedVector gradient(map.Y.size(), 0.0);
  ConvergenceTest converged(plan.stop_tolerance);
  Reporter report(listener);
  objective.exaggerate(o.exaggeration);
  for (int iter = 0; iter < o.max_iter; ++iter) {
    const bool early = iter <= EARLY_ITERATIONS;
    if (iter == EARLY_ITERATIONS + 1) objective.exaggerate(1);
    objective.gradient(map.Y.data(), gradient.data());
    const double longest = move_points(map, gradient, early ? MOMENTUM_EARLY : MOMENTUM_LATE, plan);
    if (!std::isfinite(longest) || !map.finite())
      throw std::runtime_error("the map is no longer finite after iteration " + text(iter) +
                               "; set a step limit (max_step) or smaller weights");
    result.n_iter = iter + 1;
    result.converged = !early && converged(longest, o.max_iter - 1 - iter, map);
    report(iter, result.converged || result.n_iter == o.max_iter, objective, map);
    if (result.converged) {
      if (listener.note) listener.note("converged after " + text(result.n_iter) + " iterations");
      return;
    }
  }
}

void require_memory(size_t n_points, size_t n_features) {
  const double n = static_cast<double>(n_points);
  const double needed = 8 * n * n + 16 * n * static_cast<double>(n_features) + 2e7;
  const double present = physical_memory();
  if (needed > present) throw NotEnoughMemory(n_points, needed, present);
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
  validate_options(options, problem.n_points);
  validate_data(problem, options);
}

Result run(Problem problem, const Options& options, const Listener& listener) {
  validate(problem, options);
  const Plan plan = make_plan(problem, options);
  const size_t n = problem.n_points;
  require_memory(n, problem.n_features);
  ThreadPool pool(options.n_threads);
  Result result;
  result.method = plan.method;
  result.seed = plan.seed;
  result.max_step = plan.max_step;
  result.learning_rate = plan.learning_rate;
  result.n_threads = pool.size();
  if (listener.note)
    listener.note(text(n) + " points, " + text(problem.n_features) + " columns, method " + name(plan.method) + ", " +
                  text(pool.size()) + " threads, " + name(isa()));

  const Clock::time_point start = Clock::now();
  DenseObjective objective(
      dense_affinities(std::move(problem.X), problem.n_features, std::move(problem.S), problem.n_space, n,
                       {options.perplexity, options.alpha, options.beta, options.space_offset}, pool),
      options.no_dims, plan.method == Method::barnes_hut ? options.theta : 0, options.alpha, options.beta,
      options.global_scale * options.global_scale, pool);
  result.seconds_affinities = seconds_since(start);

  const Clock::time_point middle = Clock::now();
  MapState map(n, options.no_dims);
  map.set_rows(options.start.empty() ? random_start(n, options.no_dims, plan.seed) : options.start);
  optimise(objective, map, options, plan, listener, result);
  result.cost.resize(n);
  const CostParts cost = objective.cost(map.Y.data(), &result.cost);
  result.cost_local = cost.local;
  result.cost_global = cost.global;
  result.cost_space = cost.space;
  result.Y = map.rows();
  result.seconds_optimise = seconds_since(middle);
  return result;
}

}  // namespace spasne
