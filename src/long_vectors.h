// Sums over vectors as long as a map, on all threads: in chunks of fixed size, so that they do not depend on how many
// threads there are.
#pragma once

#include <algorithm>
#include <vector>

#include "aligned.h"
#include "threads.h"

namespace spasne {

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

  /// y += factor x
  void add(AlignedVector& y, double factor, const AlignedVector& x) {
    for_each([&](size_t k) { y[k] += factor * x[k]; });
  }

  /// out = factor x
  void scale(AlignedVector& out, double factor, const AlignedVector& x) {
    for_each([&](size_t k) { out[k] = factor * x[k]; });
  }

  /// out = a - b
  void subtract(AlignedVector& out, const AlignedVector& a, const AlignedVector& b) {
    for_each([&](size_t k) { out[k] = a[k] - b[k]; });
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
