// Affinities of each point's nearest neighbours only, symmetrised, as a sparse matrix.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "aligned.h"
#include "kernels/all_pairs.h"
#include "kernels/neighbour_sums.h"
#include "neighbours.h"
#include "perplexity.h"
#include "threads.h"

namespace spasne {

/// Compressed rows: those of point i are offset[i] .. offset[i+1]-1, by rising column. Symmetric to the bit, without a
/// diagonal, with the sum 1.
struct SparseAffinities {
  size_t n_points = 0;
  std::vector<uint64_t> offset;
  std::vector<uint32_t> column;
  std::vector<float> value;  // and READ_BEYOND zeros
};

namespace detail {

constexpr size_t AFFINITY_GRAIN = 256;  // points per chunk of work

/// One entry p_(j|i) of a row: column j above, the bits of the value below, so that entries sort as integers do.
struct Entry {
  uint64_t packed;
  Entry() = default;
  Entry(size_t column, float value) {
    uint32_t low;
    std::memcpy(&low, &value, sizeof low);
    packed = static_cast<uint64_t>(column) << 32 | low;
  }
  uint32_t column() const { return static_cast<uint32_t>(packed >> 32); }
  double value() const {
    const uint32_t low = static_cast<uint32_t>(packed);
    float value;
    std::memcpy(&value, &low, sizeof value);
    return static_cast<double>(value);
  }
  bool operator<(const Entry& other) const { return packed < other.packed; }
};

/// Row i of the graph as p_(j|i), by rising column. d: room for k distances, up to a multiple of LANES.
inline void conditional_row(const NeighbourGraph& graph, size_t i, double perplexity, AlignedVector& d, Entry* row) {
  const size_t k = graph.k;
  for (size_t c = 0; c < k; ++c) d[c] = static_cast<double>(graph.distance2[i * k + c]);
  const RowGaussian found = find_precision(d.data(), k, perplexity, all_pairs_kernels().gaussian_row_sums);
  if (!std::isfinite(found.total) || found.total <= 0)
    throw std::runtime_error("no Gaussian width gives the perplexity at point " + std::to_string(i));
  for (size_t c = 0; c < k; ++c) {
    const size_t j = graph.index[i * k + c];
    if (j >= graph.n_points || j == i)
      throw std::invalid_argument("expected other points as neighbours of point " + std::to_string(i) +
                                  ", found point " + std::to_string(j));
    row[c] = Entry(j, static_cast<float>(std::exp(-found.precision * (d[c] - found.shift)) / found.total));
  }
  std::sort(row, row + k);
  for (size_t c = 1; c < k; ++c)
    if (row[c].column() == row[c - 1].column())
      throw std::invalid_argument("expected different neighbours of point " + std::to_string(i) + ", found point " +
                                  std::to_string(row[c].column()) + " twice");
}

inline std::vector<Entry> conditional_affinities(const NeighbourGraph& graph, double perplexity, ThreadPool& pool) {
  std::vector<Entry> rows(graph.n_points * graph.k);
  pool.for_each_range(graph.n_points, AFFINITY_GRAIN, [&](size_t first, size_t last) {
    AlignedVector d(round_up(graph.k, LANES), 0.0);
    for (size_t i = first; i < last; ++i) conditional_row(graph, i, perplexity, d, rows.data() + i * graph.k);
  });
  return rows;
}

/// The transpose of n rows of k entries: by rising column as well, for rows are taken in order.
struct Transpose {
  std::vector<uint64_t> offset;
  std::vector<Entry> entries;

  Transpose(const std::vector<Entry>& rows, size_t n, size_t k) : offset(n + 2, 0), entries(rows.size()) {
    // offset[j + 1] is the place of column j's next entry, and so ends as the start of column j + 1.
    for (const Entry& entry : rows) ++offset[entry.column() + size_t{2}];
    for (size_t j = 2; j < n + 2; ++j) offset[j] += offset[j - 1];
    for (size_t i = 0; i < n; ++i)
      for (size_t c = 0; c < k; ++c) {
        const Entry& entry = rows[i * k + c];
        entries[offset[entry.column() + size_t{1}]++] = Entry(i, static_cast<float>(entry.value()));
      }
    offset.pop_back();
  }
};

/// Calls visit(column, p_(j|i) + p_(i|j)) for row i of both, by rising column, with 0 for what is in one only.
template <class Visit>
void merge_rows(const Entry* a, const Entry* a_end, const Entry* b, const Entry* b_end, Visit visit) {
  while (a != a_end || b != b_end) {
    const bool from_a = b == b_end || (a != a_end && a->column() <= b->column());
    const bool from_b = a == a_end || (b != b_end && b->column() <= a->column());
    const uint32_t column = from_a ? a->column() : b->column();
    double value = 0;
    if (from_a) value += (a++)->value();
    if (from_b) value += (b++)->value();
    visit(column, value);
  }
}

}  // namespace detail

/// P_ij = (p_(j|i) + p_(i|j)) / 2N over the edges of the graph, in both directions (van der Maaten and Hinton 2008),
/// with Gaussians of the given perplexity over each point's neighbours.
inline SparseAffinities sparse_affinities(const NeighbourGraph& graph, double perplexity, ThreadPool& pool) {
  const size_t n = graph.n_points, k = graph.k;
  if (k < 1 || graph.index.size() != n * k || graph.distance2.size() != n * k)
    throw std::invalid_argument("expected a graph of " + std::to_string(n) + " x " + std::to_string(k) +
                                " neighbours, found " + std::to_string(graph.index.size()) + " indices and " +
                                std::to_string(graph.distance2.size()) + " distances");
  if (!(perplexity > 0 && perplexity <= static_cast<double>(k)))
    throw std::invalid_argument("expected a perplexity of at most the number of neighbours, " + std::to_string(k) +
                                ", found " + std::to_string(perplexity));
  const std::vector<detail::Entry> rows = detail::conditional_affinities(graph, perplexity, pool);
  const detail::Transpose transpose(rows, n, k);
  const auto merge_row = [&](size_t i, const auto& visit) {
    const detail::Entry* own = rows.data() + i * k;
    const detail::Entry* other = transpose.entries.data();
    detail::merge_rows(own, own + k, other + transpose.offset[i], other + transpose.offset[i + 1], visit);
  };
  const auto for_each_row = [&](const auto& body) {
    pool.for_each_range(n, detail::AFFINITY_GRAIN, [&](size_t first, size_t last) {
      for (size_t i = first; i < last; ++i) body(i);
    });
  };

  SparseAffinities P;
  P.n_points = n;
  P.offset.assign(n + 1, 0);
  for_each_row([&](size_t i) { merge_row(i, [&](uint32_t, double) { ++P.offset[i + 1]; }); });
  for (size_t i = 0; i < n; ++i) P.offset[i + 1] += P.offset[i];
  P.column.resize(P.offset[n]);
  P.value.resize(P.offset[n] + READ_BEYOND, 0.0f);
  const double factor = 1 / (2 * static_cast<double>(n));
  for_each_row([&](size_t i) {
    uint64_t at = P.offset[i];
    merge_row(i, [&](uint32_t column, double sum) {
      P.column[at] = column;
      P.value[at++] = static_cast<float>(sum * factor);
    });
  });
  return P;
}

}  // namespace spasne
