// Wall-clock time of stages, for reports.
#pragma once

#include <chrono>

namespace spasne {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace spasne
