// Affinities of each point's nearest neighbours only, symmetrised, as a sparse matrix.
//
// At a million points the graph of neighbours and the matrix are most of the memory that a run takes. So affinities are
// written over the graph's distances, and what others say of a point, the transpose, is made for a range of points at a
// time.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>
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
  LargeArray<uint32_t> column;
  LargeArray<float> value;

  /// Makes room for as many entries as `offset` says, where offset[i+1] is the number of row i's.
  void make_room() {
    for (size_t i = 0; i < n_points; ++i) offset[i + 1] += offset[i];
    column.resize(offset.back() + READ_BEYOND);
    value.resize(offset.back() + READ_BEYOND);
    std::fill(column.end() - READ_BEYOND, column.end(), 0);
    std::fill(value.end() - READ_BEYOND, value.end(), 0.0f);
  }

  /// For the sums over neighbours of a map, Y by point.
  SparseRows rows(const float* Y, size_t n_padded) const {
    return {offset.data(), column.data(), value.data(), Y, n_padded};
  }
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
  float value() const {
    const uint32_t low = static_cast<uint32_t>(packed);
    float value;
    std::memcpy(&value, &low, sizeof value);
    return value;
  }
  bool operator<(const Entry& other) const { return packed < other.packed; }
};

/// p_(j|i) of k neighbours of each point, by rising column.
struct ConditionalRows {
  size_t n_points, k;
  LargeArray<uint32_t> column;
  LargeArray<float> value;

  /// The graph's memory is taken over.
  ConditionalRows(NeighbourGraph graph, double perplexity, ThreadPool& pool)
      : n_points(graph.n_points), k(graph.k), column(std::move(graph.index)), value(std::move(graph.distance2)) {
    pool.for_each_range(n_points, AFFINITY_GRAIN, [&](size_t first, size_t last) {
      AlignedVector d(round_up(k, LANES), 0.0);
      std::vector<Entry> row(k);
      for (size_t i = first; i < last; ++i) make_row(i, perplexity, d, row);
    });
  }

 private:
  /// Row i, which holds squared distances by now. d: room for k of them, up to a multiple of LANES.
  void make_row(size_t i, double perplexity, AlignedVector& d, std::vector<Entry>& row) {
    uint32_t* columns = column.data() + i * k;
    float* values = value.data() + i * k;
    for (size_t c = 0; c < k; ++c) d[c] = static_cast<double>(values[c]);
    const RowGaussian found = find_precision(d.data(), k, perplexity, all_pairs_kernels().gaussian_row_sums);
    if (!std::isfinite(found.total) || found.total <= 0)
      throw std::runtime_error("no Gaussian width gives the perplexity at point " + std::to_string(i));
    for (size_t c = 0; c < k; ++c) {
      const size_t j = columns[c];
      if (j >= n_points || j == i)
        throw std::invalid_argument("expected other points as neighbours of point " + std::to_string(i) +
                                    ", found point " + std::to_string(j));
      row[c] = Entry(j, static_cast<float>(std::exp(-found.precision * (d[c] - found.shift)) / found.total));
    }
    std::sort(row.begin(), row.end());
    for (size_t c = 0; c < k; ++c) {
      if (c > 0 && row[c].column() == row[c - 1].column())
        throw std::invalid_argument("expected different neighbours of point " + std::to_string(i) + ", found point " +
                                    std::to_string(row[c].column()) + " twice");
      columns[c] = row[c].column();
      values[c] = row[c].value();
    }
  }
};

/// Equal ranges of points: those of range r are begin(r) .. begin(r + 1) - 1.
struct Ranges {
  size_t n_points, n_ranges;
  size_t begin(size_t r) const { return r * n_points / n_ranges; }
};

/// How far each row of the conditional affinities has been read: up to the first column of a range, then of the next.
class Cursors {
 public:
  Cursors(const ConditionalRows& rows, size_t first_column) : at_(rows.n_points) {
    for (size_t i = 0; i < rows.n_points; ++i) {
      const uint32_t* columns = rows.column.data() + i * rows.k;
      at_[i] = static_cast<uint32_t>(std::lower_bound(columns, columns + rows.k, first_column) - columns);
    }
  }

  uint32_t& operator[](size_t i) { return at_[i]; }

 private:
  std::vector<uint32_t> at_;  // counted from the row's begin
};

/// The part of the transpose that has the points of one range as rows, those by rising column as well.
class TransposedRange {
 public:
  /// Moves the cursors from the begin of range r to its end.
  TransposedRange(const ConditionalRows& rows, Cursors& cursors, const Ranges& ranges, size_t r)
      : first_(ranges.begin(r)), offset_(ranges.begin(r + 1) - first_ + 2, 0) {
    const size_t end = ranges.begin(r + 1);
    // offset_[j + 1] is the place of row j's next entry, and so ends as the start of row j + 1.
    for (size_t i = 0; i < rows.n_points; ++i) {
      const uint32_t* columns = rows.column.data() + i * rows.k;
      for (size_t c = cursors[i]; c < rows.k && columns[c] < end; ++c) ++offset_[columns[c] - first_ + 2];
    }
    for (size_t j = 2; j < offset_.size(); ++j) offset_[j] += offset_[j - 1];
    entries_.resize(offset_.back());
    for (size_t i = 0; i < rows.n_points; ++i) {
      const uint32_t* columns = rows.column.data() + i * rows.k;
      uint32_t& c = cursors[i];
      for (; c < rows.k && columns[c] < end; ++c)
        entries_[offset_[columns[c] - first_ + 1]++] = Entry(i, rows.value[i * rows.k + c]);
    }
  }

  const Entry* begin(size_t j) const { return entries_.data() + offset_[j - first_]; }
  const Entry* end(size_t j) const { return entries_.data() + offset_[j - first_ + 1]; }

 private:
  size_t first_;
  std::vector<uint64_t> offset_;
  LargeArray<Entry> entries_;
};

/// Calls visit(column, p_(j|i) + p_(i|j)) for row i of both, by rising column, with 0 for what is in one only.
template <class Visit>
void merge_row(const ConditionalRows& rows, size_t i, const TransposedRange& others, const Visit& visit) {
  const Entry *other = others.begin(i), *others_end = others.end(i);
  size_t own = i * rows.k;
  const size_t own_end = own + rows.k;
  while (own != own_end || other != others_end) {
    const bool from_own = other == others_end || (own != own_end && rows.column[own] <= other->column());
    const bool from_other = own == own_end || (other != others_end && other->column() <= rows.column[own]);
    const uint32_t column = from_own ? rows.column[own] : other->column();
    double value = 0;
    if (from_own) value += static_cast<double>(rows.value[own++]);
    if (from_other) value += static_cast<double>((other++)->value());
    visit(column, value);
  }
}

/// Ranges so many that the transposes that threads hold at a time are a small part of the whole.
inline size_t ranges_for(size_t n_points, size_t n_threads) {
  const size_t FEWEST = 16, OF_EACH_THREAD = 8;
  return std::min(n_points, std::max(FEWEST, OF_EACH_THREAD * n_threads));
}

inline void check_graph(const NeighbourGraph& graph, double perplexity) {
  const size_t n = graph.n_points, k = graph.k;
  if (k < 1 || graph.index.size() != n * k || graph.distance2.size() != n * k)
    throw std::invalid_argument("expected a graph of " + std::to_string(n) + " x " + std::to_string(k) +
                                " neighbours, found " + std::to_string(graph.index.size()) + " indices and " +
                                std::to_string(graph.distance2.size()) + " distances");
  if (!(perplexity > 0 && perplexity <= static_cast<double>(k)))
    throw std::invalid_argument("expected a perplexity of at most the number of neighbours, " + std::to_string(k) +
                                ", found " + std::to_string(perplexity));
}

}  // namespace detail

/// P_ij = (p_(j|i) + p_(i|j)) / 2N over the edges of the graph, in both directions (van der Maaten and Hinton 2008),
/// with Gaussians of the given perplexity over each point's neighbours. The graph is taken over.
inline SparseAffinities sparse_affinities(NeighbourGraph graph, double perplexity, ThreadPool& pool) {
  detail::check_graph(graph, perplexity);
  const size_t n = graph.n_points;
  const detail::ConditionalRows rows(std::move(graph), perplexity, pool);
  const detail::Ranges ranges{n, detail::ranges_for(n, pool.size())};
  const detail::Ranges shares{ranges.n_ranges, std::min(ranges.n_ranges, pool.size())};  // of the ranges, by thread
  const auto for_each_row = [&](const auto& body) {
    pool.for_each_chunk(shares.n_ranges, [&](size_t share) {
      detail::Cursors cursors(rows, ranges.begin(shares.begin(share)));
      for (size_t r = shares.begin(share); r < shares.begin(share + 1); ++r) {
        const detail::TransposedRange others(rows, cursors, ranges, r);
        for (size_t i = ranges.begin(r); i < ranges.begin(r + 1); ++i) body(i, others);
      }
    });
  };

  SparseAffinities P;
  P.n_points = n;
  P.offset.assign(n + 1, 0);
  for_each_row([&](size_t i, const detail::TransposedRange& others) {
    detail::merge_row(rows, i, others, [&](uint32_t, double) { ++P.offset[i + 1]; });
  });
  P.make_room();
  const double factor = 1 / (2 * static_cast<double>(n));
  for_each_row([&](size_t i, const detail::TransposedRange& others) {
    uint64_t at = P.offset[i];
    detail::merge_row(rows, i, others, [&](uint32_t column, double sum) {
      P.column[at] = column;
      P.value[at++] = static_cast<float>(sum * factor);
    });
  });
  return P;
}

}  // namespace spasne
