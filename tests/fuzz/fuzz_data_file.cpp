// A libFuzzer target for everything that happens to a data file: reading, validation and a run of few iterations.
//
// Any bytes must end in a map whose numbers are all finite or in one of the errors that the executable reports.
// tests/fuzz/README.md says how to run it.
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <numeric>
#include <stdexcept>
#include <string>

#include "../../spasne.h"
#include "../../src/memory.h"
#include "../../src/program/data_file.h"

namespace {

constexpr int MOST_ITERATIONS = 3;
constexpr size_t MOST_POINTS = 200, MOST_RUNS = 4;

/// A file without a name, kept in memory, that holds the bytes given last.
class MemoryFile {
 public:
  MemoryFile()
      : descriptor_(memfd_create("data.dat", MFD_CLOEXEC)), path_("/proc/self/fd/" + std::to_string(descriptor_)) {
    if (descriptor_ < 0) fail("no file in memory can be made");
  }

  const std::string& holding(const uint8_t* data, size_t size) const {
    if (ftruncate(descriptor_, 0) != 0 || pwrite(descriptor_, data, size, 0) != static_cast<ssize_t>(size))
      fail("the file in memory cannot be written");
    return path_;
  }

 private:
  [[noreturn]] static void fail(const char* what) {
    std::perror(what);
    std::abort();
  }

  int descriptor_;
  std::string path_;
};

int require_finite(const spasne::Result& result) {
  for (const std::vector<double>* values : {&result.map.Y, &result.map.cost})
    for (const double value : *values)
      if (!std::isfinite(value)) {
        std::fprintf(stderr, "a run that reported no error: %g\n", value);
        std::abort();
      }
  return 0;
}

/// Grids of two dimensions take 20 ms with sanitizers and of three a second, whatever the number of points: a few of
/// the inputs that ask for them get them, chosen by their bytes.
bool left_out(const spasne::Options& options, const uint8_t* data, size_t size) {
  if (options.method != spasne::Method::interpolation || options.no_dims == 1) return false;
  const unsigned seldom = options.no_dims == 2 ? 8 : 256;
  return std::accumulate(data, data + size, 0u) % seldom != 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const MemoryFile file;
  try {
    spasne::Task task = spasne::read_data_file(file.holding(data, size));
    spasne::Problem& problem = task.problem;
    spasne::Options& options = task.options;
    options.max_iter = std::min(options.max_iter, MOST_ITERATIONS);
    options.n_threads = 1;
    if (problem.n_points > MOST_POINTS || task.runs.size() > MOST_RUNS || left_out(options, data, size)) return 0;
    if (task.runs.empty()) return require_finite(spasne::run(std::move(problem), options));
    spasne::BatchListener listener;
    listener.done = [](size_t, const spasne::Result& result) { require_finite(result); };
    listener.failed = [](size_t, const std::string&) {};
    spasne::run_batch(std::move(problem), options, task.runs, listener);
  } catch (const std::invalid_argument&) {
  } catch (const std::runtime_error&) {
  } catch (const spasne::NotEnoughMemory&) {
  }
  return 0;
}
