// The runs of a batch: what they differ in, how they are spread over threads, and who hears of their results.
#pragma once

#include <algorithm>
#include <atomic>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "../spasne.h"
#include "objective.h"
#include "text.h"
#include "threads.h"

namespace spasne {

/// The options of one run.
inline Options with(Options o, const Run& run) {
  o.alpha = run.alpha;
  o.beta = run.beta;
  o.seed = run.seed;
  if (!std::isnan(run.global_scale)) o.global_scale = run.global_scale;
  return o;
}

inline UsedTerms used_terms(const std::vector<Run>& runs) {
  UsedTerms used{false, false};
  for (const Run& run : runs) used = {used.expression || run.alpha > 0, used.space || run.beta > 0};
  return used;
}

/// Runs that go side by side, and the threads that each of them has.
struct BatchPlan {
  size_t n_workers = 1, threads_each = 1;
};

/// A thread for each run, or several where there are more threads than runs or where memory holds fewer runs.
/// memory: bytes left for runs, of which each takes `need` while it is under way.
inline BatchPlan plan_batch(size_t n_runs, size_t n_threads, double memory, double need) {
  BatchPlan plan;
  plan.n_workers = std::min(n_runs, n_threads);
  while (plan.n_workers > 1 && static_cast<double>(plan.n_workers) * need > memory) --plan.n_workers;
  plan.threads_each = n_threads / plan.n_workers;
  return plan;
}

/// Calls body(take) on n_workers threads, where take(run) gives the next run's number, or false once all are taken or a
/// body has thrown.
inline void for_each_worker(size_t n_workers, size_t n_runs, ThreadPool& pool,
                            const std::function<void(const std::function<bool(size_t&)>&)>& body) {
  std::atomic<size_t> next{0};
  const std::function<bool(size_t&)> take = [&](size_t& run) { return (run = next.fetch_add(1)) < n_runs; };
  pool.for_each_chunk(n_workers, [&](size_t) {
    try {
      body(take);
    } catch (...) {
      next.store(n_runs);
      throw;
    }
  });
}

/// Reports to the listener, one thing at a time, from whichever thread.
class BatchTeller {
 public:
  explicit BatchTeller(const BatchListener& listener) : listener_(listener) {}

  void note(const std::string& line) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (listener_.note) listener_.note(line);
  }

  /// The listener of a single run. It does not ask for the cost on the way.
  Listener for_run(size_t run) {
    Listener listener;
    if (listener_.note)
      listener.note = [this, run](const std::string& line) { note("run " + text(run) + ": " + line); };
    return listener;
  }

  /// Makes a run and reports its result or its numerical trouble.
  void finish(size_t run, const std::function<Result()>& compute) {
    Result result;
    try {
      result = compute();
    } catch (const std::runtime_error& error) {
      std::lock_guard<std::mutex> lock(mutex_);
      if (listener_.failed) listener_.failed(run, error.what());
      return;
    }
    std::lock_guard<std::mutex> lock(mutex_);
    if (listener_.done) listener_.done(run, result);
  }

 private:
  const BatchListener& listener_;
  std::mutex mutex_;
};

}  // namespace spasne
