// What validation says of a problem that is good but for one change, for test_validation.py:
//   test_validation CHANGE > message, or "accepted"
// Only a caller of the C++ functions can pass some of these: the reader of data files has refused them before.
#include <cstdio>
#include <functional>
#include <limits>
#include <map>
#include <stdexcept>
#include <string>

#include "../../src/validation.h"

// spasne.cpp has the others, and much more to compile.
const char* spasne::name(Method method) { return method == Method::exact ? "exact" : "another"; }

namespace {

using spasne::Options;
using spasne::Problem;

Problem good_problem() {
  Problem p;
  p.n_points = 4, p.n_features = 2, p.n_space = 2;
  p.X = {0, 1, 2, 3, 5, 7, 11, 13};
  p.S = {0, 0, 0, 1, 1, 0, 1, 1};
  return p;
}

void with_graph(Problem& p) {
  p.n_neighbours = 2;
  p.neighbour_index = {1, 2, 0, 2, 0, 1, 0, 1};
  p.neighbour_distance = std::vector<float>(8, 1);
}

using Change = std::function<void(Problem&, Options&)>;

const double INF = std::numeric_limits<double>::infinity();
const float NAN_32 = std::numeric_limits<float>::quiet_NaN(), INF_32 = std::numeric_limits<float>::infinity();

const std::map<std::string, Change> CHANGES = {
    {"none", [](Problem&, Options&) {}},
    {"no points", [](Problem& p, Options&) { p = Problem(); }},
    {"no features", [](Problem& p, Options&) { p.n_features = 0; }},
    {"no positions", [](Problem& p, Options&) { p.n_space = 0; }},
    {"X too short", [](Problem& p, Options&) { p.X.pop_back(); }},
    {"S too long", [](Problem& p, Options&) { p.S.push_back(0); }},
    {"start too short", [](Problem&, Options& o) { o.start = {1, 2, 3, 4, 5, 6}; }},
    {"a start", [](Problem&, Options& o) { o.start = {1, 2, 3, 4, 5, 6, 7, 8}; }},
    {"start and its name", [](Problem&, Options& o) { o.start = {1, 2, 3, 4, 5, 6, 7, 8}, o.start_name = "best"; }},
    {"best", [](Problem&, Options& o) { o.start_name = "best"; }},
    {"joint", [](Problem&, Options& o) { o.start_name = "joint"; }},
    {"spatial", [](Problem&, Options& o) { o.start_name = "spatial"; }},
    {"joint*0.5", [](Problem&, Options& o) { o.start_name = "joint*0.5"; }},
    {"joint*", [](Problem&, Options& o) { o.start_name = "joint*"; }},
    {"joint*-1", [](Problem&, Options& o) { o.start_name = "joint*-1"; }},
    {"joint*inf", [](Problem&, Options& o) { o.start_name = "joint*inf"; }},
    {"joint*2x", [](Problem&, Options& o) { o.start_name = "joint*2x"; }},
    {"pca", [](Problem&, Options& o) { o.start_name = "pca"; }},
    {"sections", [](Problem& p, Options&) { p.sections = {0, 0, 1, 1}; }},
    {"sections too short", [](Problem& p, Options&) { p.sections = {0, 0, 1}; }},
    {"sections below 0", [](Problem& p, Options&) { p.sections = {0, 0, -1, 1}; }},
    {"sections beyond", [](Problem& p, Options&) { p.sections = {0, 0, 1, 4}; }},
    {"sections with a gap", [](Problem& p, Options&) { p.sections = {0, 0, 2, 2}; }},
    {"sections of one point", [](Problem& p, Options&) { p.sections = {0, 1, 2, 3}; }},
    {"sections of one point without space", [](Problem& p, Options& o) { p.sections = {0, 1, 2, 3}, o.beta = 0; }},
    {"one place in a section", [](Problem& p, Options&) { p.sections = {0, 0, 1, 1}, p.S = {0, 0, 0, 0, 1, 1, 1, 1}; }},
    {"one place in a section, alone",
     [](Problem& p, Options& o) { p.sections = {0, 0, 1, 1}, p.S = {0, 0, 0, 0, 1, 1, 1, 1}, o.space_offset = 0; }},
    {"one place", [](Problem& p, Options&) { p.S.assign(8, 1); }},
    {"one place, alone", [](Problem& p, Options& o) { p.S.assign(8, 1), o.space_offset = 0; }},
    {"one profile", [](Problem& p, Options&) { p.X.assign(8, 1); }},
    {"a graph", [](Problem& p, Options&) { with_graph(p); }},
    {"a graph and a search", [](Problem& p, Options& o) { with_graph(p), o.neighbours = spasne::Neighbours::exact; }},
    {"approximate", [](Problem&, Options& o) { o.neighbours = spasne::Neighbours::approximate; }},
    {"approximate without sparse affinities",
     [](Problem&, Options& o) { o.neighbours = spasne::Neighbours::approximate, o.method = spasne::Method::exact; }},
    {"a graph without distances", [](Problem& p, Options&) { with_graph(p), p.neighbour_distance.clear(); }},
    {"a graph without indices", [](Problem& p, Options&) { with_graph(p), p.neighbour_index.clear(); }},
    {"a graph of few",
     [](Problem& p, Options& o) {
       p.n_points = 7, p.X.resize(14), p.S.resize(14), o.perplexity = 2;
       p.n_neighbours = 1, p.neighbour_index = {1, 0, 0, 0, 0, 0, 0}, p.neighbour_distance.assign(7, 1);
     }},
    {"a graph of all",
     [](Problem& p, Options&) {
       p.n_neighbours = 4, p.neighbour_index.assign(16, 1), p.neighbour_distance.assign(16, 1);
     }},
    {"a neighbour below 0", [](Problem& p, Options&) { with_graph(p), p.neighbour_index[3] = -1; }},
    {"a neighbour beyond", [](Problem& p, Options&) { with_graph(p), p.neighbour_index[3] = 4; }},
    {"a point its own neighbour", [](Problem& p, Options&) { with_graph(p), p.neighbour_index[3] = 1; }},
    {"a distance below 0", [](Problem& p, Options&) { with_graph(p), p.neighbour_distance[3] = -1; }},
    {"a distance that is none", [](Problem& p, Options&) { with_graph(p), p.neighbour_distance[3] = NAN_32; }},
    {"an infinite distance", [](Problem& p, Options&) { with_graph(p), p.neighbour_distance[3] = INF_32; }},
    {"fast steps by a tree",
     [](Problem&, Options& o) { o.method = spasne::Method::barnes_hut, o.steps = spasne::Steps::fast; }},
    {"exact sums by a tree", [](Problem&, Options& o) { o.method = spasne::Method::barnes_hut, o.theta = 0; }},
    {"a tree", [](Problem&, Options& o) { o.method = spasne::Method::barnes_hut; }},
    {"fast steps", [](Problem&, Options& o) { o.method = spasne::Method::exact, o.steps = spasne::Steps::fast; }},
    {"fast steps and a rate", [](Problem&, Options& o) { o.steps = spasne::Steps::fast, o.learning_rate = 1; }},
    {"fast steps and a limit", [](Problem&, Options& o) { o.steps = spasne::Steps::fast, o.max_step = 1; }},
    {"less than a neighbour", [](Problem&, Options& o) { o.perplexity = 0.3; }},
    {"accuracy 0", [](Problem&, Options& o) { o.accuracy = 0; }},
    {"accuracy 1", [](Problem&, Options& o) { o.accuracy = 1; }},
    {"an infinite offset", [](Problem&, Options& o) { o.space_offset = INF; }},
};

}  // namespace

int main(int, char** argument) {
  Problem problem = good_problem();
  Options options;
  options.perplexity = 1, options.method = spasne::Method::interpolation;
  CHANGES.at(argument[1])(problem, options);
  try {
    spasne::detail::validate_options(options, problem.n_points);
    spasne::detail::validate_data(problem, options);
    spasne::detail::validate_sections(problem, options);
    spasne::detail::validate_neighbours(problem, options);
    std::puts("accepted");
  } catch (const std::invalid_argument& error) {
    std::puts(error.what());
  }
}
