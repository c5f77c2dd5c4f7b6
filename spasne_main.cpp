// The executable: reads a data file, computes the map, writes a result file. Every message and exit code is here.

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "spasne.h"
#include "src/clock.h"
#include "src/memory.h"
#include "src/program/caller.h"
#include "src/program/data_file.h"
#include "src/program/output_file.h"
#include "src/program/report.h"
#include "src/program/standard_streams.h"
#include "src/program/termination.h"
#include "src/version.h"

namespace {

using spasne::Clock;
using spasne::seconds_since;

enum ExitCode { SUCCESS = 0, OTHER = 1, BAD_INPUT = 2, NUMERICAL = 3 };

const char HELP[] =
    "spasne: maps of spatially resolved data. Reads a data file, writes a result file.\n"
    "\n"
    "usage: spasne [--data FILE] [--result FILE] [--report FILE] [--snapshots FILE] [--every K]\n"
    "              [--threads N] [--quiet] [--watch-stdin] [--temporary]\n"
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
    "  --temporary      all files are the caller's own, for this run: removed, and their folder if nothing else\n"
    "                   is in it, where the caller goes or this program is terminated; not held by the disk\n"
    "  --version        print the version\n"
    "  --help           print this text\n"
    "\n"
    "Layouts of the files: docs/file_format.md. Exit code: 0 done, 2 bad input, 3 numerical trouble, 1 anything "
    "else.\n";

struct Arguments {
  std::string data = "data.dat", result = "result.dat", report, snapshots;
  int every = 50;
  size_t threads = 0;
  bool quiet = false, watch_stdin = false, temporary = false, help = false, version = false;

  spasne::Kept kept() const { return temporary ? spasne::Kept::by_system : spasne::Kept::on_disk; }
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
    else if (flag == "--temporary")
      arguments.temporary = true;
    else if (flag == "--version")
      arguments.version = true;
    else if (flag == "--help")
      arguments.help = true;
    else
      throw std::invalid_argument("unknown argument \"" + flag + "\"; see spasne --help");
  }
  return arguments;
}

int fail(ExitCode code, const char* message) {
  std::fprintf(stderr, "spasne: error: %s\n", message);
  return code;
}

/// For a process about to end: leaves no unfinished file, and of those that are the caller's own none at all.
std::function<void()> tidying_up(const Arguments& arguments) {
  return [temporary = arguments.temporary, data = arguments.data, folder = spasne::folder_of(arguments.data)] {
    spasne::OutputFile::abandon_all();
    if (!temporary) return;
    spasne::OutputFile::remove_finished();
    std::remove(data.c_str());
    rmdir(folder.c_str());
  };
}

/// Ends the process once the caller's end of standard input is closed.
std::shared_ptr<spasne::Caller> watch_caller(const std::function<void()>& tidy_up) {
  return std::make_shared<spasne::Caller>([tidy_up] {
    tidy_up();
    std::_Exit(fail(OTHER, "the caller has closed standard input"));
  });
}

void say(const std::string& line) { spasne::print(line + "\n"); }

/// Writes the map on the way; where a caller watches, it is asked whether to go on.
void show_snapshots(spasne::Listener& listener, const Arguments& arguments,
                    const std::shared_ptr<spasne::Caller>& caller) {
  const std::string path = arguments.snapshots;
  const spasne::Kept kept = arguments.kept();
  listener.snapshot_every = arguments.every;
  listener.snapshot = [path, kept, caller](int n_iter, const spasne::Map& map) {
    spasne::OutputFile file(path, kept);
    spasne::write_result(file, map);
    file.finish();
    char cost[32];
    std::snprintf(cost, sizeof cost, "%.17g", map.total_cost());
    say("snapshot " + std::to_string(n_iter) + " " + cost);
    return !caller || caller->wants_more();
  };
}

spasne::Listener make_listener(bool quiet) {
  spasne::Listener listener;
  if (quiet) return listener;
  listener.note = say;
  listener.progress = [](const spasne::Progress& p) {
    char line[400];  // a cost of %f may have 309 digits
    std::snprintf(line, sizeof line, "Iteration %d: error is %f (%d iterations in %4.2f seconds)", p.iteration, p.cost,
                  p.n_iterations, p.seconds);
    say(line);
  };
  return listener;
}

/// What a run was given, as its report says it, and where its files go.
struct Outputs {
  std::string result, report;  // report: empty for none
  spasne::Kept kept;
  size_t n_points, n_features;
  int no_dims;
  double seconds_read;
};

/// A result is there only once its report is.
void write_outputs(const Outputs& to, const spasne::Result& result) {
  const Clock::time_point start = Clock::now();
  spasne::OutputFile file(to.result, to.kept);
  spasne::write_result(file, result.map);
  if (!to.report.empty()) {
    spasne::OutputFile report(to.report, to.kept);
    spasne::write_report(report, result, to.n_points, to.n_features, to.no_dims,
                         {to.seconds_read, seconds_since(start)});
    report.finish();
  }
  file.finish();
}

/// The files of run k of a batch.
Outputs numbered(Outputs to, size_t k) {
  to.result = spasne::numbered(to.result, k);
  if (!to.report.empty()) to.report = spasne::numbered(to.report, k);
  return to;
}

void require_writable(const Outputs& to) {
  spasne::require_writable(to.result);
  if (!to.report.empty()) spasne::require_writable(to.report);
}

/// One line for each run, --quiet or not: they are how a caller learns of results as they come.
void embed_batch(spasne::Task task, const Outputs& to, bool quiet) {
  size_t n_failed = 0;
  std::string why_failed;
  spasne::BatchListener listener;
  if (!quiet) listener.note = say;
  listener.done = [&](size_t k, const spasne::Result& result) {
    write_outputs(numbered(to, k), result);
    say("run " + std::to_string(k) + " done");
  };
  listener.failed = [&](size_t k, const std::string& why) {
    if (n_failed++ == 0) why_failed = why;
    say("run " + std::to_string(k) + " failed: " + why);
  };
  spasne::run_batch(std::move(task.problem), task.options, task.runs, listener);
  if (n_failed == task.runs.size()) throw std::runtime_error("every run failed, the first because " + why_failed);
}

void embed(const Arguments& arguments) {
  spasne::Listener listener = make_listener(arguments.quiet);
  const std::function<void()> tidy_up = tidying_up(arguments);
  if (arguments.temporary) spasne::before_termination(tidy_up);
  const std::shared_ptr<spasne::Caller> caller = arguments.watch_stdin ? watch_caller(tidy_up) : nullptr;
  if (!arguments.snapshots.empty()) show_snapshots(listener, arguments, caller);
  const Clock::time_point start = Clock::now();
  spasne::Task task = spasne::read_data_file(arguments.data);
  task.options.n_threads = arguments.threads;
  const Outputs to{arguments.result,        arguments.report,     arguments.kept(),    task.problem.n_points,
                   task.problem.n_features, task.options.no_dims, seconds_since(start)};
  const bool batch = !task.runs.empty();
  require_writable(batch ? numbered(to, 0) : to);
  if (!arguments.snapshots.empty()) {
    if (batch) throw std::invalid_argument("expected no --snapshots for a data file with several runs");
    spasne::require_writable(arguments.snapshots);
  }
  if (batch) return embed_batch(std::move(task), to, arguments.quiet);
  write_outputs(to, spasne::run(std::move(task.problem), task.options, listener));
  if (!arguments.quiet) say("wrote " + arguments.result);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    spasne::guard_standard_streams();
    const Arguments arguments = parse(argc, argv);
    if (arguments.help || arguments.version) {
      spasne::print(arguments.help ? HELP : "spasne " SPASNE_VERSION "\n");
      spasne::require_printed("");
      return SUCCESS;
    }
    embed(arguments);
    spasne::require_printed("; the results are complete");
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
