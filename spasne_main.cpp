// The executable: reads a data file, computes the map, writes a result file. Every message and exit code is here.

#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

#include "spasne.h"
#include "src/caller.h"
#include "src/data_file.h"
#include "src/memory.h"
#include "src/report.h"
#include "src/version.h"

namespace {

enum ExitCode { SUCCESS = 0, OTHER = 1, BAD_INPUT = 2, NUMERICAL = 3 };

const char HELP[] =
    "spasne: maps of spatially resolved data. Reads a data file, writes a result file.\n"
    "\n"
    "usage: spasne [--data FILE] [--result FILE] [--report FILE] [--snapshots FILE] [--threads N] [--quiet]\n"
    "\n"
    "  --data FILE      what to compute (default: data.dat)\n"
    "  --result FILE    where the map goes (default: result.dat)\n"
    "  --report FILE    write what was done as JSON: method, iterations, cost, seconds\n"
    "  --snapshots FILE write the map on the way, each time over the last\n"
    "  --every K        after this many iterations (default: 50)\n"
    "  --threads N      threads to use (default: all cores)\n"
    "  --quiet          print nothing but errors\n"
    "  --watch-stdin    stop when standard input is closed (for callers that may be killed); after each\n"
    "                   snapshot wait for c (continue) or s (stop, and keep this map) there\n"
    "  --version        print the version\n"
    "  --help           print this text\n"
    "\n"
    "Layouts of the files: docs/file_format.md. Exit code: 0 done, 2 bad input, 3 numerical trouble, 1 anything "
    "else.\n";

struct Arguments {
  std::string data = "data.dat", result = "result.dat", report, snapshots;
  int every = 50;
  size_t threads = 0;
  bool quiet = false, watch_stdin = false, help = false, version = false;
};

int count(const std::string& flag, int most, const std::string& text) {
  char* end = nullptr;
  const long value = std::strtol(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || value < 1 || value > most)
    throw std::invalid_argument("expected " + flag + " 1 .. " + std::to_string(most) + ", found \"" + text + "\"");
  return static_cast<int>(value);
}

Arguments parse(int argc, char** argv) {
  Arguments arguments;
  for (int k = 1; k < argc; ++k) {
    const std::string flag = argv[k];
    const auto value = [&]() -> std::string {
      if (k + 1 >= argc) throw std::invalid_argument("expected a value after " + flag);
      return argv[++k];
    };
    if (flag == "--data")
      arguments.data = value();
    else if (flag == "--result")
      arguments.result = value();
    else if (flag == "--report")
      arguments.report = value();
    else if (flag == "--threads")
      arguments.threads = static_cast<size_t>(count(flag, 4096, value()));
    else if (flag == "--snapshots")
      arguments.snapshots = value();
    else if (flag == "--every")
      arguments.every = count(flag, INT_MAX, value());
    else if (flag == "--quiet")
      arguments.quiet = true;
    else if (flag == "--watch-stdin")
      arguments.watch_stdin = true;
    else if (flag == "--version")
      arguments.version = true;
    else if (flag == "--help")
      arguments.help = true;
    else
      throw std::invalid_argument("unknown argument \"" + flag + "\"; see spasne --help");
  }
  return arguments;
}

/// Ends the process, leaving no unfinished file, once the caller's end of standard input is closed.
std::shared_ptr<spasne::Caller> watch_caller(const Arguments& arguments) {
  const std::string result = arguments.result, snapshots = arguments.snapshots;
  return std::make_shared<spasne::Caller>([result, snapshots] {
    std::remove(spasne::unfinished(result).c_str());
    if (!snapshots.empty()) std::remove(spasne::unfinished(snapshots).c_str());
    std::_Exit(OTHER);
  });
}

/// Writes the map on the way; where a caller watches, it is asked whether to go on.
void show_snapshots(spasne::Listener& listener, const Arguments& arguments,
                    const std::shared_ptr<spasne::Caller>& caller) {
  const std::string path = arguments.snapshots;
  listener.snapshot_every = arguments.every;
  listener.snapshot = [path, caller](int n_iter, const spasne::Result& map) {
    const size_t n_points = map.cost.size();
    spasne::write_result_file(path, map, n_points, static_cast<int>(map.Y.size() / n_points));
    std::printf("snapshot %d %.17g\n", n_iter, map.cost_local + map.cost_global + map.cost_space);
    std::fflush(stdout);
    return !caller || caller->wants_more();
  };
}

spasne::Listener make_listener(bool quiet) {
  spasne::Listener listener;
  if (quiet) return listener;
  listener.note = [](const std::string& line) {
    std::printf("%s\n", line.c_str());
    std::fflush(stdout);
  };
  listener.progress = [](const spasne::Progress& p) {
    std::printf("Iteration %d: error is %f (%d iterations in %4.2f seconds)\n", p.iteration, p.cost, p.n_iterations,
                p.seconds);
    std::fflush(stdout);
  };
  return listener;
}

void embed(const Arguments& arguments) {
  using Clock = std::chrono::steady_clock;
  const auto seconds = [](Clock::time_point from) {
    return std::chrono::duration<double>(Clock::now() - from).count();
  };
  spasne::Listener listener = make_listener(arguments.quiet);
  const std::shared_ptr<spasne::Caller> caller = arguments.watch_stdin ? watch_caller(arguments) : nullptr;
  if (!arguments.snapshots.empty()) show_snapshots(listener, arguments, caller);
  spasne::Problem problem;
  spasne::Options options;
  options.n_threads = arguments.threads;

  const Clock::time_point start = Clock::now();
  spasne::read_data_file(arguments.data, problem, options);
  spasne::require_writable(arguments.result);
  for (const std::string& path : {arguments.report, arguments.snapshots})
    if (!path.empty()) spasne::require_writable(path);
  spasne::Stages stages;
  stages.read = seconds(start);
  const size_t n_points = problem.n_points, n_features = problem.n_features;
  const spasne::Result result = spasne::run(std::move(problem), options, listener);
  const Clock::time_point computed = Clock::now();
  spasne::write_result_file(arguments.result, result, n_points, options.no_dims);
  stages.write = seconds(computed);
  if (!arguments.report.empty())
    spasne::write_report(arguments.report, result, n_points, n_features, options.no_dims, stages);
  if (listener.note) listener.note("wrote " + arguments.result);
}

int fail(ExitCode code, const char* message) {
  std::fprintf(stderr, "spasne: error: %s\n", message);
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const Arguments arguments = parse(argc, argv);
    if (arguments.help || arguments.version) {
      std::fputs(arguments.help ? HELP : "spasne " SPASNE_VERSION "\n", stdout);
      return SUCCESS;
    }
    embed(arguments);
    return SUCCESS;
  } catch (const std::invalid_argument& error) {
    return fail(BAD_INPUT, error.what());
  } catch (const spasne::FileError& error) {
    return fail(OTHER, error.what());
  } catch (const std::runtime_error& error) {
    return fail(NUMERICAL, error.what());
  } catch (const spasne::NotEnoughMemory& error) {
    return fail(OTHER, error.what());
  } catch (const std::bad_alloc&) {
    return fail(OTHER, "memory ran out");
  } catch (const std::exception& error) {
    return fail(OTHER, error.what());
  }
}
