// Open files as the system hands them out: calls that are interrupted or do a part only are gone on with.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace spasne {

constexpr size_t MOST_AT_ONCE = 1 << 30;  // bytes that every system takes in one call

/// What `call` returns once it is not interrupted by a signal.
template <class Call>
auto uninterrupted(const Call& call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

/// False, with errno, where not all of it could be written.
inline bool write_all(int descriptor, const void* data, size_t size) {
  const char* next = static_cast<const char*>(data);
  while (size > 0) {
    const ssize_t done = uninterrupted([&] { return write(descriptor, next, std::min(size, MOST_AT_ONCE)); });
    if (done == 0) errno = EIO;  // which would go on for ever
    if (done <= 0) return false;
    next += done;
    size -= static_cast<size_t>(done);
  }
  return true;
}

/// How much was read: less than `size` at the end of the file, or at an error, which is then in errno, else 0.
inline size_t read_all(int descriptor, void* target, size_t size) {
  char* next = static_cast<char*>(target);
  size_t left = size;
  errno = 0;
  while (left > 0) {
    const ssize_t done = uninterrupted([&] { return read(descriptor, next, std::min(left, MOST_AT_ONCE)); });
    if (done <= 0) {
      if (done == 0) errno = 0;
      break;
    }
    next += done;
    left -= static_cast<size_t>(done);
  }
  return size - left;
}

/// Has the disk hold what was written, as far as it can: pipes and some file systems cannot.
inline bool synchronise(int descriptor) {
  return uninterrupted([&] { return fsync(descriptor); }) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS;
}

/// Closed at its end; negative: none.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

  void open(const char* path, int flags, mode_t mode = 0) {
    close();
    number_ = uninterrupted([&] { return ::open(path, flags | O_CLOEXEC, mode); });
  }

  /// False where what was written may be lost. Interrupted, it is closed all the same.
  bool close() {
    if (number_ < 0) return true;
    const int number = number_;
    number_ = -1;
    return ::close(number) == 0 || errno == EINTR;
  }

 private:
  int number_;
};

}  // namespace spasne
