// The layouts of data.dat and result.dat; the only place on this side that knows them (docs/file_format.md).
#pragma once

#include <sys/stat.h>

#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "../../spasne.h"
#include "../text.h"
#include "descriptor.h"
#include "output_file.h"

namespace spasne {

constexpr char EXTENSION_MAGIC[9] = "SPASNEX1";
constexpr size_t TAG_SIZE = 8;

/// What a data file asks for.
struct Task {
  Problem problem;
  Options options;
  std::vector<Run> runs;  // of a batch; empty for a single run
};

/// Reads fields one after another and never more than the file holds.
class DataReader {
 public:
  explicit DataReader(const std::string& path) : path_(path) {
    struct stat status;
    if (stat(path.c_str(), &status) == 0) {
      if (!S_ISREG(status.st_mode)) throw std::invalid_argument("cannot read " + path + ": not a regular file");
      file_.open(path.c_str(), O_RDONLY);
    }
    if (!file_) fail(errno);
    remaining_ = static_cast<uint64_t>(status.st_size);
  }

  uint64_t remaining() const { return remaining_; }

  template <class T>
  T read(const char* field) {
    T value;
    read_bytes(&value, sizeof value, field);
    return value;
  }

  /// rows x columns numbers, 1 column or more; their count is checked against the file's size before memory is taken.
  template <class T>
  std::vector<T> read_matrix(uint64_t rows, uint64_t columns, const char* field) {
    if (rows > remaining_ / sizeof(T) / columns)
      throw std::invalid_argument(path_ + " is truncated in " + field + ": expected " + std::to_string(rows) + " x " +
                                  std::to_string(columns) + " numbers, found " + std::to_string(remaining_) + " bytes");
    std::vector<T> values(static_cast<size_t>(rows * columns));
    read_bytes(values.data(), values.size() * sizeof(T), field);
    return values;
  }

  [[noreturn]] void reject(const std::string& what) const { throw std::invalid_argument(path_ + ": " + what); }

 private:
  void read_bytes(void* target, size_t size, const char* field) {
    if (size == 0) return;
    if (size > remaining_ || read_all(file_.number(), target, size) != size) {
      if (size <= remaining_ && errno != 0) fail(errno);
      throw std::invalid_argument(path_ + " is truncated in " + field);
    }
    remaining_ -= size;
  }

  [[noreturn]] void fail(int error) const {
    const FileError why("cannot read " + path_ + ": " + std::strerror(error), error);
    if (why.is_of_the_path()) throw std::invalid_argument(why.what());
    throw why;
  }

  std::string path_;
  Descriptor file_;
  uint64_t remaining_ = 0;
};

namespace detail {

inline std::string read_text(DataReader& in, uint64_t size, const char* tag) {
  const std::vector<char> letters = in.read_matrix<char>(size, 1, tag);
  return std::string(letters.begin(), letters.end());
}

inline void expect_size(const DataReader& in, const std::string& tag, uint64_t expected, uint64_t found) {
  if (found != expected)
    in.reject("expected " + std::to_string(expected) + " bytes in extension record " + tag + ", found " +
              std::to_string(found));
}

inline double read_number(DataReader& in, const std::string& tag, uint64_t size) {
  expect_size(in, tag, sizeof(double), size);
  const double value = in.read<double>(tag.c_str());
  if (std::isnan(value)) in.reject("expected a number in extension record " + tag + ", found nan");
  return value;
}

/// Takes the choice whose name the record holds; `expected` are all of them in words.
template <class Choice>
void read_choice(DataReader& in, uint64_t size, const char* tag, std::initializer_list<Choice> choices,
                 const char* expected, Choice& taken) {
  const std::string found = read_text(in, size, tag);
  for (const Choice choice : choices)
    if (found == name(choice)) {
      taken = choice;
      return;
    }
  in.reject(std::string("expected ") + tag + " " + expected + ", found \"" + printable(found) + "\"");
}

inline void read_method(DataReader& in, uint64_t size, Task& task) {
  read_choice(in, size, "method", {Method::automatic, Method::exact, Method::barnes_hut, Method::interpolation},
              "auto, exact, barnes_hut or interpolation", task.options.method);
}

inline void read_steps(DataReader& in, uint64_t size, Task& task) {
  read_choice(in, size, "descent", {Steps::automatic, Steps::published, Steps::fast}, "auto, published or fast",
              task.options.steps);
}

inline void read_search(DataReader& in, uint64_t size, Task& task) {
  read_choice(in, size, "nbrfind", {Neighbours::automatic, Neighbours::exact, Neighbours::approximate},
              "auto, exact or approximate", task.options.neighbours);
}

inline void read_start_name(DataReader& in, uint64_t size, Task& task) {
  task.options.start_name = read_text(in, size, "start");
}

inline void read_start(DataReader& in, uint64_t size, Task& task) {
  const int no_dims = task.options.no_dims;
  if (no_dims < 1 || no_dims > 3) in.reject("expected no_dims 1, 2 or 3, found " + std::to_string(no_dims));
  const uint64_t columns = static_cast<uint64_t>(no_dims);
  expect_size(in, "init", task.problem.n_points * columns * sizeof(double), size);
  task.options.start = in.read_matrix<double>(task.problem.n_points, columns, "init");
}

inline void read_sections(DataReader& in, uint64_t size, Task& task) {
  expect_size(in, "sections", task.problem.n_points * sizeof(int32_t), size);
  task.problem.sections = in.read_matrix<int32_t>(task.problem.n_points, 1, "sections");
}

/// n x k numbers of a neighbour graph; k follows from the record's size.
template <class T>
std::vector<T> read_neighbours(DataReader& in, const std::string& tag, uint64_t size, Problem& problem) {
  const uint64_t row = problem.n_points * sizeof(T), k = size / row;
  if (size == 0 || size % row != 0 || (problem.n_neighbours != 0 && problem.n_neighbours != k))
    in.reject("expected n x k numbers in extension record " + tag + ", the same k for indices and distances, found " +
              std::to_string(size) + " bytes");
  problem.n_neighbours = k;
  return in.read_matrix<T>(problem.n_points, k, tag.c_str());
}

inline void read_neighbour_index(DataReader& in, uint64_t size, Task& task) {
  task.problem.neighbour_index = read_neighbours<int32_t>(in, "nbrindex", size, task.problem);
}

inline void read_neighbour_distance(DataReader& in, uint64_t size, Task& task) {
  task.problem.neighbour_distance = read_neighbours<float>(in, "nbrdist", size, task.problem);
}

/// Rows of alpha, beta and seed; weights are judged by validate().
inline void read_runs(DataReader& in, uint64_t size, Task& task) {
  const uint64_t row = 3 * sizeof(double);
  if (size == 0 || size % row != 0)
    in.reject("expected m x 3 numbers in extension record runs, found " + std::to_string(size) + " bytes");
  const std::vector<double> values = in.read_matrix<double>(size / row, 3, "runs");
  for (size_t k = 0; k < values.size(); k += 3) {
    const double seed = values[k + 2], highest = std::numeric_limits<int32_t>::max();
    if (!(std::trunc(seed) == seed && std::fabs(seed) <= highest))
      in.reject("expected an integer between -2147483647 and 2147483647 as seed of run " + text(k / 3) + ", found " +
                text(seed));
    task.runs.push_back({values[k], values[k + 1], static_cast<int>(seed)});
  }
}

/// A global scale of each run of a batch, after the runs.
inline void read_scales(DataReader& in, uint64_t size, Task& task) {
  expect_size(in, "scales", task.runs.size() * sizeof(double), size);
  const std::vector<double> scales = in.read_matrix<double>(task.runs.size(), 1, "scales");
  for (size_t k = 0; k < scales.size(); ++k) {
    if (std::isnan(scales[k])) in.reject("expected a number in extension record scales, found nan");
    task.runs[k].global_scale = scales[k];
  }
}

/// Records of one number, and the option that each of them sets.
struct NumberRecord {
  const char* tag;
  double Options::* option;
};

constexpr NumberRecord NUMBERS[] = {{"lrate", &Options::learning_rate}, {"maxstep", &Options::max_step},
                                    {"gscale", &Options::global_scale}, {"pxoffset", &Options::space_offset},
                                    {"accuracy", &Options::accuracy},   {"stoptol", &Options::stop_tolerance}};

/// All other records, and what reads each of them.
struct OtherRecord {
  const char* tag;
  void (*read)(DataReader& in, uint64_t size, Task& task);
};

constexpr OtherRecord OTHERS[] = {{"method", read_method},
                                  {"descent", read_steps},
                                  {"start", read_start_name},
                                  {"init", read_start},
                                  {"sections", read_sections},
                                  {"nbrfind", read_search},
                                  {"nbrindex", read_neighbour_index},
                                  {"nbrdist", read_neighbour_distance},
                                  {"runs", read_runs},
                                  {"scales", read_scales}};

inline void read_record(DataReader& in, const std::string& tag, uint64_t size, Task& task) {
  for (const NumberRecord& record : NUMBERS)
    if (tag == record.tag) {
      task.options.*record.option = read_number(in, tag, size);
      return;
    }
  for (const OtherRecord& record : OTHERS)
    if (tag == record.tag) return record.read(in, size, task);
  in.reject("extension record \"" + printable(tag) + "\" is unknown to this version");
}

inline void read_extension(DataReader& in, Task& task) {
  char magic[TAG_SIZE];
  if (in.remaining() < TAG_SIZE) in.reject(std::to_string(in.remaining()) + " bytes too many at its end");
  for (char& letter : magic) letter = in.read<char>("the extension's magic");
  if (std::memcmp(magic, EXTENSION_MAGIC, TAG_SIZE) != 0)
    in.reject("bytes after the last field are no extension that this version knows");
  std::set<std::string> seen;
  for (;;) {
    std::string tag(TAG_SIZE, '\0');
    for (char& letter : tag) letter = in.read<char>("an extension record's tag");
    tag.resize(tag.find_last_not_of('\0') + 1);
    const int64_t size = in.read<int64_t>("an extension record's size");
    if (size < 0) in.reject("negative size of extension record \"" + printable(tag) + "\"");
    if (!seen.insert(tag).second) in.reject("two extension records \"" + printable(tag) + "\"");
    if (tag == "end") {
      if (size != 0 || in.remaining() != 0) in.reject("bytes after the end of the extension");
      return;
    }
    read_record(in, tag, static_cast<uint64_t>(size), task);
  }
}

inline uint64_t positive(DataReader& in, const char* field) {
  const int32_t value = in.read<int32_t>(field);
  if (value < 1) in.reject("expected " + std::string(field) + " of at least 1, found " + std::to_string(value));
  return static_cast<uint64_t>(value);
}

}  // namespace detail

/// std::invalid_argument names what is wrong with a file.
inline Task read_data_file(const std::string& path) {
  DataReader in(path);
  Task task;
  Problem& problem = task.problem;
  Options& options = task.options;
  problem.n_points = detail::positive(in, "n");
  problem.n_features = detail::positive(in, "D");
  options.theta = in.read<double>("theta");
  options.perplexity = in.read<double>("perplexity");
  options.no_dims = in.read<int32_t>("no_dims");
  options.max_iter = in.read<int32_t>("max_iter");
  problem.X = in.read_matrix<double>(problem.n_points, problem.n_features, "X");
  options.seed = in.read<int32_t>("seed");
  const uint64_t n_pixels = detail::positive(in, "n0");
  if (n_pixels != problem.n_points)
    in.reject("expected as many positions as points, " + std::to_string(problem.n_points) + ", found " +
              std::to_string(n_pixels));
  problem.n_space = detail::positive(in, "D0");
  problem.S = in.read_matrix<double>(n_pixels, problem.n_space, "pixels");
  options.alpha = in.read<double>("alpha");
  options.beta = in.read<double>("beta");
  options.exaggeration = in.read<double>("exaggeration");
  if (in.remaining() > 0) detail::read_extension(in, task);
  return task;
}

/// Rejects a path that cannot be written, before any work is done.
inline void require_writable(const std::string& path) {
  if (path.empty()) throw std::invalid_argument("cannot write a file without a name");
  struct stat status;
  if (stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode))
    throw std::invalid_argument("cannot write " + path + ": is a folder");
  try {
    const OutputFile probe(path);
  } catch (const FileError& error) {
    if (!error.is_of_the_path()) throw;
    throw std::invalid_argument(error.what());
  }
}

/// Where the result or report of run k of a batch goes: its number before the extension.
inline std::string numbered(const std::string& path, size_t k) {
  const size_t name = path.find_last_of('/') + 1;  // 0 where there is no folder
  const size_t dot = path.find_last_of('.');
  const size_t at = dot == std::string::npos || dot <= name ? path.size() : dot;
  return path.substr(0, at) + "." + std::to_string(k) + path.substr(at);
}

namespace detail {

inline void write_record_header(OutputFile& file, const char* tag, int64_t size) {
  char padded[TAG_SIZE] = {};
  std::memcpy(padded, tag, std::strlen(tag));
  file.write(padded, TAG_SIZE);
  file.write(&size, sizeof size);
}

/// An extension that tells a file cut short, or whose bits have changed, from a whole one: size and checksum of what is
/// before it.
inline void write_checksum(OutputFile& file) {
  const uint64_t size = file.size(), checksum = file.checksum();
  file.write(EXTENSION_MAGIC, TAG_SIZE);
  write_record_header(file, "crc32", sizeof size + sizeof checksum);
  file.write(&size, sizeof size);
  file.write(&checksum, sizeof checksum);
  write_record_header(file, "end", 0);
}

}  // namespace detail

/// The file still lacks OutputFile::finish.
inline void write_result(OutputFile& file, const Map& map) {
  const size_t n_points = map.cost.size();
  const int32_t n = static_cast<int32_t>(n_points), dims = static_cast<int32_t>(map.Y.size() / n_points);
  std::vector<int32_t> landmark(n_points);
  for (size_t i = 0; i < n_points; ++i) landmark[i] = static_cast<int32_t>(i);
  file.write(&n, sizeof n);
  file.write(&dims, sizeof dims);
  file.write(map.Y.data(), map.Y.size() * sizeof(double));
  file.write(landmark.data(), landmark.size() * sizeof(int32_t));
  file.write(map.cost.data(), map.cost.size() * sizeof(double));
  detail::write_checksum(file);
  file.flush();
}

}  // namespace spasne
