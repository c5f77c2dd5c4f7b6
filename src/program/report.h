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
    char line[192];
    std::snprintf(line, sizeof line, "%s{\"start\": \"%s\", \"cost\": %.17g, \"gradients\": %d, \"points\": %zu}",
                  json.empty() ? "" : ", ", c.name.c_str(), c.cost, c.n_gradients, c.n_points);
    json += line;
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
  char json[4096];
  const Record& record = r.record;
  const int length = std::snprintf(
      json, sizeof json,
      "{\"version\": \"%s\", \"method\": \"%s\", \"n_points\": %zu, \"n_features\": %zu, \"no_dims\": %d,\n"
      " \"threads\": %zu, \"isa\": \"%s\", \"seed\": %d, \"n_iter\": %d, \"converged\": %s, \"repeated\": %s, "
      "\"stopped\": %s,\n"
      " \"neighbours\": %s,\n"
      " \"descent\": \"%s\", \"starts\": [%s],\n"
      " \"max_step\": %s, \"longest_step\": %.17g, \"learning_rate\": %.17g, \"error_of_sums\": %s,\n"
      " \"cost\": %.17g, \"cost_local\": %.17g, \"cost_global\": %.17g, \"cost_space\": %.17g,\n"
      " \"seconds\": {\"read\": %.6f, \"affinities\": %.6f, \"optimise\": %.6f, \"write\": %.6f}}\n",
      SPASNE_VERSION, name(r.plan.method), n_points, n_features, no_dims, r.plan.n_threads, name(isa()), r.plan.seed,
      record.n_iter, record.converged ? "true" : "false", record.repeated ? "true" : "false",
      record.stopped ? "true" : "false", search_as_json(r.search).c_str(), name(record.steps),
      contenders_as_json(record).c_str(), finite_or_null(record.max_step).c_str(), record.longest_step,
      record.learning_rate, finite_or_null(record.error_of_sums).c_str(), r.map.total_cost(), r.map.cost_local,
      r.map.cost_global, r.map.cost_space, stages.read, r.seconds_affinities, r.seconds_optimise, stages.write);
  file.write(json, static_cast<size_t>(length));
}

}  // namespace spasne
