// Neighbours and sparse affinities of binary files, for test_neighbours.py:
//   test_neighbours graph N_POINTS N_COLUMNS K THREADS < X > indices, squared distances
//   test_neighbours approximate N_POINTS N_COLUMNS K THREADS < X > the same, then 1 (exact) or 0 and the recall
//   (double)
//   test_neighbours codes N_POINTS N_COLUMNS N_ROWS THREADS < X > scores of the first rows by bytes, and in double, of
//   each, the deviation at its nearest other and the margin that its limit has there
//   test_neighbours affinities N_POINTS K PERPLEXITY THREADS < indices, squared distances > offsets, columns, values,
//   the zeros behind them
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../../src/approximate_neighbours.h"
#include "../../src/coded_points.h"
#include "../../src/sparse_affinities.h"

namespace {

template <class T, class Values = std::vector<T>>
Values read(size_t n) {
  Values values(n);
  if (std::fread(values.data(), sizeof(T), n, stdin) != n) throw std::runtime_error("the input is too short");
  return values;
}

template <class Values>
void write(const Values& values) {
  if (std::fwrite(values.data(), sizeof values[0], values.size(), stdout) != values.size())
    throw std::runtime_error("the output cannot be written");
}

size_t size(const char* text) { return std::strtoull(text, nullptr, 10); }

void graph(char** argument) {
  const size_t n = size(argument[0]), n_columns = size(argument[1]), k = size(argument[2]);
  spasne::ThreadPool pool(size(argument[3]));
  double done = 0;
  const auto progress = [&](double share) {
    if (share <= done || share > 1) throw std::runtime_error("the share done does not rise to 1");
    done = share;
  };
  const std::vector<double> X = read<double>(n * n_columns);
  const spasne::NeighbourGraph found = spasne::nearest_neighbours({X.data(), n, n_columns}, k, pool, progress);
  if (done != 1) throw std::runtime_error("the share done does not reach 1");
  write(found.index);
  write(found.distance2);
}

void approximate(char** argument) {
  const size_t n = size(argument[0]), n_columns = size(argument[1]), k = size(argument[2]);
  spasne::ThreadPool pool(size(argument[3]));
  const std::vector<double> X = read<double>(n * n_columns);
  spasne::SearchRecord record;
  const spasne::NeighbourGraph found = spasne::approximate_neighbours({X.data(), n, n_columns}, k, pool, {}, record);
  write(found.index);
  write(found.distance2);
  write(std::vector<double>{record.exact ? 1.0 : 0.0, record.recall});
}

void codes(char** argument) {
  const size_t n = size(argument[0]), n_columns = size(argument[1]), n_rows = size(argument[2]);
  spasne::ThreadPool pool(size(argument[3]));
  const std::vector<double> X = read<double>(n * n_columns);
  if (!spasne::CodedPoints::possible(n_columns)) return;
  const spasne::RoundedPoints points({X.data(), n, n_columns}, spasne::places_of_rows(n), pool);
  const spasne::CodedPoints coded(points, pool);
  std::vector<float> x(n_rows * n_columns), scores(n_rows * n, 0.0f);
  std::vector<int32_t> words(n_rows * coded.n_words());
  std::vector<spasne::Candidate> candidates(n_rows * spasne::POINT_PANEL);
  std::vector<spasne::CandidateRow> rows;
  std::vector<spasne::CandidateRow*> all;
  for (size_t r = 0; r < n_rows; ++r) {
    points.copy(r, x.data() + r * n_columns);
    rows.push_back({x.data() + r * n_columns, r, FLT_MAX, 0, candidates.data() + r * spasne::POINT_PANEL});
    coded.prepare(rows.back(), words.data() + r * coded.n_words());
  }
  for (spasne::CandidateRow& row : rows) all.push_back(&row);
  for (size_t panel = 0; panel < points.n_panels(); ++panel) {
    coded.scan(panel, all.data(), n_rows);
    for (size_t r = 0; r < n_rows; ++r) {
      for (size_t c = 0; c < rows[r].count; ++c)
        scores[r * n + rows[r].candidates[c].point] = rows[r].candidates[c].score;
      rows[r].count = 0;
    }
  }
  write(scores);
  std::vector<double> deviations, margins;
  for (size_t r = 0; r < n_rows; ++r) {
    double nearest = INFINITY;
    for (size_t i = 0; i < n; ++i)
      if (i != r) nearest = std::min(nearest, points.scaled(points.distance2(r, i)));
    const float* own = x.data() + r * n_columns;
    deviations.push_back(spasne::CodedPoints::deviation(own, n_columns, nearest));
    double norm = 0;
    for (size_t c = 0; c < n_columns; ++c) norm += static_cast<double>(own[c]) * static_cast<double>(own[c]);
    const double upper = (nearest - norm) / 2;
    margins.push_back(coded.limit(rows[r], upper) - upper);
  }
  write(deviations);
  write(margins);
}

void affinities(char** argument) {
  spasne::NeighbourGraph neighbours;
  neighbours.n_points = size(argument[0]);
  neighbours.k = size(argument[1]);
  neighbours.index = read<uint32_t, spasne::LargeArray<uint32_t>>(neighbours.n_points * neighbours.k);
  neighbours.distance2 = read<float, spasne::LargeArray<float>>(neighbours.n_points * neighbours.k);
  spasne::ThreadPool pool(size(argument[3]));
  spasne::SparseAffinities P =
      spasne::sparse_affinities(std::move(neighbours), std::strtod(argument[2], nullptr), pool);
  write(P.offset);
  write(P.column);
  write(P.value);
}

}  // namespace

int main(int n_arguments, char** argument) {
  try {
    if (n_arguments != 6) throw std::invalid_argument("expected a command and four numbers");
    const std::string command = argument[1];
    const auto run = command == "graph"         ? graph
                     : command == "approximate" ? approximate
                     : command == "codes"       ? codes
                                                : affinities;
    run(argument + 2);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
