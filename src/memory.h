// How much memory the machine has, and the refusal of a run that cannot fit.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <limits>
#include <new>
#include <string>

namespace spasne {

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

}  // namespace spasne
