// Sums over vectors as long as a map, on all threads: in chunks of fixed size, so that they do not depend on how many
// threads there are.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "aligned.h"
#include "threads.h"

namespace spasne {

/// Of the vectors of all points.
struct Lengths {
  double longest = 0, root_mean_square = 0;
};

class LongVectors {
 public:
  LongVectors(size_t size, ThreadPool& pool) : size_(size), pool_(pool), parts_((size + CHUNK - 1) / CHUNK) {}

  double dot(const AlignedVector& a, const AlignedVector& b) {
    pool_.for_each_chunk(parts_.size(), [&](size_t chunk) {
      double part[LANES] = {};
      const size_t begin = chunk * CHUNK, end = std::min(size_, begin + CHUNK);
      for (size_t k = begin; k < end; k += LANES)  // vectors are padded to whole lanes
        for (size_t lane = 0; lane < LANES; ++lane) part[lane] += a[k + lane] * b[k + lane];
      parts_[chunk] = ((part[0] + part[1]) + (part[2] + part[3])) + ((part[4] + part[5]) + (part[6] + part[7]));
    });
    double sum = 0;
    for (const double part : parts_) sum += part;
    return sum;
  }

  void copy(AlignedVector& out, const AlignedVector& x) {
    out.resize(x.size());
    for_each([&](size_t k) { out[k] = x[k]; });
  }

  /// y += factor x
  void add(AlignedVector& y, double factor, const AlignedVector& x) {
    for_each([&](size_t k) { y[k] += factor * x[k]; });
  }

  /// out = a + factor b
  void add(AlignedVector& out, const AlignedVector& a, double factor, const AlignedVector& b) {
    for_each([&](size_t k) { out[k] = a[k] + factor * b[k]; });
  }

  /// out = factor x
  void scale(AlignedVector& out, double factor, const AlignedVector& x) {
    for_each([&](size_t k) { out[k] = factor * x[k]; });
  }

  /// out = a - b
  void subtract(AlignedVector& out, const AlignedVector& a, const AlignedVector& b) {
    for_each([&](size_t k) { out[k] = a[k] - b[k]; });
  }

  /// Of the n_points vectors (v[i], v[n_padded + i] ...) in n_dims dimensions.
  Lengths lengths(const AlignedVector& v, size_t n_points, size_t n_padded, size_t n_dims) {
    std::vector<Lengths> squares((n_points + CHUNK - 1) / CHUNK);
    pool_.for_each_chunk(squares.size(), [&](size_t chunk) {
      Lengths& of_chunk = squares[chunk];
      for (size_t i = chunk * CHUNK; i < std::min(n_points, (chunk + 1) * CHUNK); ++i) {
        double length2 = 0;
        for (size_t at = i; at < n_dims * n_padded; at += n_padded) length2 += v[at] * v[at];
        of_chunk.longest = std::max(of_chunk.longest, length2);
        of_chunk.root_mean_square += length2;
      }
    });
    Lengths all;
    for (const Lengths& of_chunk : squares) {
      all.longest = std::max(all.longest, of_chunk.longest);
      all.root_mean_square += of_chunk.root_mean_square;
    }
    return {std::sqrt(all.longest), std::sqrt(all.root_mean_square / static_cast<double>(n_points))};
  }

 private:
  static constexpr size_t CHUNK = 1 << 14;  // numbers

  template <class Body>
  void for_each(const Body& body) {
    pool_.for_each_range(size_, CHUNK, [&](size_t begin, size_t end) {
      for (size_t k = begin; k < end; ++k) body(k);
    });
  }

  size_t size_;
  ThreadPool& pool_;
  std::vector<double> parts_;
};

}  // namespace spasne
