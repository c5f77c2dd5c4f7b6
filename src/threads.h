// A pool of threads that works through numbered chunks.
//
// Results never depend on the number of threads: the work is cut into chunks by the problem's size alone, each chunk
// writes to memory of its own, and sums over chunks are taken in order by the caller.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#ifdef __linux__
#include <sched.h>
#endif

namespace spasne {

/// Cores that this process may use (its affinity mask, where there is one).
inline size_t available_cores() {
#ifdef __linux__
  cpu_set_t mask;
  if (sched_getaffinity(0, sizeof mask, &mask) == 0) return static_cast<size_t>(std::max(1, CPU_COUNT(&mask)));
#endif
  return std::max(1u, std::thread::hardware_concurrency());
}

class ThreadPool {
 public:
  /// n_threads 0: one per core that this process may use.
  explicit ThreadPool(size_t n_threads = 0) {
    if (n_threads == 0) n_threads = available_cores();
    try {
      workers_.reserve(n_threads - 1);
      for (size_t i = 1; i < n_threads; ++i) workers_.emplace_back([this] { work(); });
    } catch (const std::exception&) {
      // Built without thread support, or the system grants no more, or no memory: go on with the threads there are.
    }
  }

  ~ThreadPool() {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      stopping_ = true;
      generation_.fetch_add(1);
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t size() const { return workers_.size() + 1; }

  /// Calls body(chunk) once for every chunk in 0 .. n_chunks-1 and returns when all are done.
  void for_each_chunk(size_t n_chunks, const std::function<void(size_t)>& body) {
    if (workers_.empty() || n_chunks <= 1) {
      for (size_t chunk = 0; chunk < n_chunks; ++chunk) body(chunk);
      return;
    }
    {
      std::lock_guard<std::mutex> lock(mutex_);
      body_ = &body;
      n_chunks_ = n_chunks;
      next_.store(0);
      busy_.store(workers_.size());
      error_ = nullptr;
      generation_.fetch_add(1);
    }
    wake_.notify_all();
    take_chunks();
    wait_for_workers();
    if (error_) std::rethrow_exception(error_);
  }

  /// Calls body(begin, end) for consecutive ranges of 0 .. n-1 of `grain` items each.
  void for_each_range(size_t n, size_t grain, const std::function<void(size_t, size_t)>& body) {
    for_each_chunk((n + grain - 1) / grain,
                   [&](size_t chunk) { body(chunk * grain, std::min(n, (chunk + 1) * grain)); });
  }

 private:
  // A pass of the optimiser takes well under a millisecond, so whoever waits polls for a moment before it sleeps.
  static constexpr int SPINS = 2000;

  void wait_for_workers() {
    for (int spin = 0; spin < 2 * SPINS && busy_.load() != 0; ++spin)
      if (spin > SPINS) std::this_thread::yield();
    if (busy_.load() == 0) return;
    std::unique_lock<std::mutex> lock(mutex_);
    done_.wait(lock, [&] { return busy_.load() == 0; });
  }

  void take_chunks() {
    for (;;) {
      const size_t chunk = next_.fetch_add(1);
      if (chunk >= n_chunks_) return;
      try {
        (*body_)(chunk);
      } catch (...) {
        std::lock_guard<std::mutex> lock(mutex_);
        if (!error_) error_ = std::current_exception();
        next_.store(n_chunks_);
      }
    }
  }

  void work() {
    size_t seen = 0;
    for (;;) {
      for (int spin = 0; spin < SPINS && generation_.load() == seen; ++spin) {
      }
      if (generation_.load() == seen) {
        std::unique_lock<std::mutex> lock(mutex_);
        wake_.wait(lock, [&] { return generation_.load() != seen; });
      }
      seen = generation_.load();
      {
        std::lock_guard<std::mutex> lock(mutex_);
        if (stopping_) return;
      }
      take_chunks();
      if (busy_.fetch_sub(1) == 1) {
        std::lock_guard<std::mutex> lock(mutex_);
        done_.notify_one();
      }
    }
  }

  std::vector<std::thread> workers_;
  std::mutex mutex_;
  std::condition_variable wake_, done_;
  std::atomic<size_t> generation_{0};
  std::atomic<size_t> next_{0};
  std::atomic<size_t> busy_{0};
  size_t n_chunks_ = 0;
  const std::function<void(size_t)>* body_ = nullptr;
  std::exception_ptr error_;
  bool stopping_ = false;
};

}  // namespace spasne
