// Memory for vectors of eight numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

namespace spasne {

constexpr size_t LANES = 8;

inline size_t round_up(size_t n, size_t step) { return (n + step - 1) / step * step; }

/// Memory aligned to a vector, so that every row of lanes is one aligned load.
template <class T>
struct AlignedAllocator {
  using value_type = T;
  AlignedAllocator() = default;
  template <class U>
  AlignedAllocator(const AlignedAllocator<U>&) {}
  T* allocate(size_t n) {
    void* memory = nullptr;
    if (n > PTRDIFF_MAX / sizeof(T) || posix_memalign(&memory, 64, n * sizeof(T)) != 0) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* p, size_t) { std::free(p); }
  bool operator==(const AlignedAllocator&) const { return true; }
  bool operator!=(const AlignedAllocator&) const { return false; }
};

using AlignedVector = std::vector<double, AlignedAllocator<double>>;
using AlignedFloats = std::vector<float, AlignedAllocator<float>>;

}  // namespace spasne
