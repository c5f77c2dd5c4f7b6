// A sample's values extended to all points, for tests/test_sampled_start.py.
//
//   fit N D M K                   from stdin M places (u64), M x D values, N x K columns; writes N x D
//   spread N D M                  N + 1 offsets (u64), columns (u32), values (f32), M places, M x D values; writes N x
//   D
//   room PERPLEXITY SCALE N       writes perplexity and scale of the sample of a wide map of N points
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "../../src/sampled_start.h"

namespace {

template <class T, class Values = std::vector<T>>
Values read(size_t n) {
  Values values(n);
  if (std::fread(values.data(), sizeof(T), n, stdin) != n) std::exit(1);
  return values;
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int at) { return at < argc ? std::strtoul(argv[at], nullptr, 10) : 0; };
  const size_t n = number(2), d = number(3), m = number(4), k = number(5);
  std::vector<double> all;
  if (std::string(argv[1]) == "fit") {
    const std::vector<size_t> places = read<size_t>(m);
    const std::vector<double> rows = read<double>(m * d), columns = read<double>(n * k);
    spasne::detail::AffineFit fit(n, places, rows);
    fit.add_columns({columns.data(), n, k});
    all = fit.fitted();
  } else if (std::string(argv[1]) == "room") {
    spasne::Options o;
    o.perplexity = std::strtod(argv[2], nullptr);
    o.global_scale = std::strtod(argv[3], nullptr);
    o = spasne::detail::options_of_sample(o, number(4));
    all = {o.perplexity, o.global_scale};
  } else {
    spasne::ThreadPool pool(3);
    spasne::SparseAffinities P;
    P.n_points = n;
    P.offset = read<uint64_t>(n + 1);
    P.column = read<uint32_t, spasne::LargeArray<uint32_t>>(P.offset[n]);
    P.value = read<float, spasne::LargeArray<float>>(P.offset[n]);
    const std::vector<size_t> places = read<size_t>(m);
    const std::vector<double> rows = read<double>(m * d);
    all = spasne::detail::spread_over_neighbours(P, places, rows, d, pool);
  }
  std::fwrite(all.data(), sizeof(double), all.size(), stdout);
  return 0;
}
