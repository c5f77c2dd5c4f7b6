// What a run did, as JSON for the caller (docs/file_format.md).
#pragma once

#include <cmath>
#include <cstdio>
#include <string>

#include "../../spasne.h"
#include "../kernels/isa.h"
#include "../version.h"
#include "output_file.h"

namespace spasne {

/// Seconds of the stages that lie outside the method.
struct Stages {
  double read = 0, write = 0;
};

inline std::string contenders_as_json(const Record& record) {
  std::string json;
  for (const Contender& c : record.contenders) {
    char numbers[128];
    std::snprintf(numbers, sizeof numbers, "\"cost\": %.17g, \"gradients\": %d, \"points\": %zu}", c.cost,
                  c.n_gradients, c.n_points);
    json += (json.empty() ? "{\"start\": \"" : ", {\"start\": \"") + c.name + "\", " + numbers;
  }
  return json;
}

inline std::string search_as_json(const Search& search) {
  if (search.kind.empty()) return "null";
  char recall[32] = "null", line[160];
  if (search.kind != "given") std::snprintf(recall, sizeof recall, "%.4f", search.recall);
  std::snprintf(line, sizeof line, "{\"search\": \"%s\", \"k\": %zu, \"recall\": %s, \"seconds\": %.6f}",
                search.kind.c_str(), search.k, recall, search.seconds);
  return line;
}

/// JSON has no other numbers.
inline std::string finite_or_null(double value) {
  char number[32] = "null";
  if (std::isfinite(value)) std::snprintf(number, sizeof number, "%.17g", value);
  return number;
}

/// The file still lacks OutputFile::finish.
inline void write_report(OutputFile& file, const Result& r, size_t n_points, size_t n_features, int no_dims,
                         const Stages& stages) {
  const Record& record = r.record;
  char run[512], result[1024];
  std::snprintf(
      run, sizeof run,
      "{\"version\": \"%s\", \"method\": \"%s\", \"n_points\": %zu, \"n_features\": %zu, \"no_dims\": %d,\n"
      " \"threads\": %zu, \"isa\": \"%s\", \"seed\": %d, \"n_iter\": %d, \"converged\": %s, \"repeated\": %s, "
      "\"stopped\": %s,\n",
      SPASNE_VERSION, name(r.plan.method), n_points, n_features, no_dims, r.plan.n_threads, name(isa()), r.plan.seed,
      record.n_iter, record.converged ? "true" : "false", record.repeated ? "true" : "false",
      record.stopped ? "true" : "false");
  std::snprintf(result, sizeof result,
                " \"max_step\": %s, \"longest_step\": %.17g, \"learning_rate\": %.17g, \"error_of_sums\": %s,\n"
                " \"cost\": %.17g, \"cost_local\": %.17g, \"cost_global\": %.17g, \"cost_space\": %.17g,\n"
                " \"seconds\": {\"read\": %.6f, \"affinities\": %.6f, \"optimise\": %.6f, \"write\": %.6f}}\n",
                finite_or_null(record.max_step).c_str(), record.longest_step, record.learning_rate,
                finite_or_null(record.error_of_sums).c_str(), r.map.total_cost(), r.map.cost_local, r.map.cost_global,
                r.map.cost_space, stages.read, r.seconds_affinities, r.seconds_optimise, stages.write);
  const std::string json = std::string(run) + " \"neighbours\": " + search_as_json(r.search) + ",\n \"descent\": \"" +
                           name(record.steps) + "\", \"starts\": [" + contenders_as_json(record) + "],\n" + result;
  file.write(json.data(), json.size());
}

}  // namespace spasne
