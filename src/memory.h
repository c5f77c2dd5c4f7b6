// How much memory the machine has, and the refusal of a run that cannot fit.
#pragma once

#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <limits>
#include <new>
#include <string>

namespace spasne {

/// Bytes that a run takes over all pairs: P and Pg, each half of a symmetric matrix, and X twice.
inline double dense_need(size_t n_points, size_t n_features) {
  const double n = static_cast<double>(n_points);
  return 8 * n * n + 16 * n * static_cast<double>(n_features) + 2e7;
}

/// Bytes that each run of a batch takes besides, while it is under way: half a symmetric matrix, where it needs its
/// own, and the sums of forces of each chunk of work.
inline double run_need(size_t n_points, bool matrix) {
  const double n = static_cast<double>(n_points);
  return (matrix ? 4 * n * n : 0) + 4e3 * n;
}

/// Bytes that method interpolation takes while it makes the affinities of k neighbours symmetric: the graph, an eighth
/// of its transpose and the result, each entry a number and an index; X, and some numbers for each point.
inline double sparse_need(size_t n_points, size_t n_features, size_t k) {
  const double n = static_cast<double>(n_points);
  return 8 * n * (2.875 * static_cast<double>(k) + static_cast<double>(n_features) + 16) + 2e7;
}

/// Bytes of physical memory; infinity where the system does not tell.
inline double physical_memory() {
#if defined(_SC_PHYS_PAGES) && defined(_SC_PAGESIZE)
  const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
  if (pages > 0 && size > 0) return static_cast<double>(pages) * static_cast<double>(size);
#endif
  return std::numeric_limits<double>::infinity();
}

class NotEnoughMemory : public std::bad_alloc {
 public:
  NotEnoughMemory(size_t n_points, double needed, double present) {
    char line[160];
    std::snprintf(line, sizeof line, "%zu points need about %.1f GB of memory, this machine has %.1f GB", n_points,
                  needed / 1e9, present / 1e9);
    message_ = line;
  }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

inline void require_memory(size_t n_points, double needed) {
  const double present = physical_memory();
  if (needed > present) throw NotEnoughMemory(n_points, needed, present);
}

}  // namespace spasne
