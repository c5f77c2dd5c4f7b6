// Memory for vectors of eight numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <utility>
#include <vector>

#ifdef __linux__
#include <sys/mman.h>
#endif

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
  T* allocate(size_t n, size_t alignment = 64) {
    void* memory = nullptr;
    if (n > PTRDIFF_MAX / sizeof(T) || posix_memalign(&memory, alignment, n * sizeof(T)) != 0) throw std::bad_alloc();
    return static_cast<T*>(memory);
  }
  void deallocate(T* p, size_t) { std::free(p); }
  bool operator==(const AlignedAllocator&) const { return true; }
  bool operator!=(const AlignedAllocator&) const { return false; }
};

/// Memory for large arrays that are written before they are read. It is not filled when it is made, so that pages come
/// as threads write them, and they are pages of 2 MB where the system has some to give.
template <class T>
struct LargeAllocator : AlignedAllocator<T> {
  LargeAllocator() = default;
  template <class U>
  LargeAllocator(const LargeAllocator<U>&) {}
  template <class U>
  struct rebind {
    using other = LargeAllocator<U>;
  };
  T* allocate(size_t n) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    constexpr size_t PAGE = size_t{1} << 21, FEWEST = 4;
    if (n >= FEWEST * PAGE / sizeof(T)) {
      T* const memory = AlignedAllocator<T>::allocate(n, PAGE);
      madvise(memory, n * sizeof(T), MADV_HUGEPAGE);
      return memory;
    }
#endif
    return AlignedAllocator<T>::allocate(n);
  }
  template <class U>
  void construct(U* at) {
    ::new (static_cast<void*>(at)) U;
  }
  template <class U, class... Arguments>
  void construct(U* at, Arguments&&... arguments) {
    ::new (static_cast<void*>(at)) U(std::forward<Arguments>(arguments)...);
  }
};

template <class T>
using LargeArray = std::vector<T, LargeAllocator<T>>;

using AlignedVector = std::vector<double, AlignedAllocator<double>>;
using AlignedFloats = std::vector<float, AlignedAllocator<float>>;

}  // namespace spasne
