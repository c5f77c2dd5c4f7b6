// A library to be preloaded: lets the n-th call of one kind fail, as a full disk, a broken one or spent memory would.
//
// SPASNE_FAULT: "KIND N ERROR", ERROR a number of errno.h, or "part" to have a read or write do one byte of what was asked,
// or "end" to have a read find the end of its file.
// SPASNE_FAULT_LOG: a file to which the letter of each call is appended: o(pen), r(ead), w(rite), c(lose), f(sync),
// n: rename, m(map), t(hread), a(llocation); and "!" where it was let fail.
//
// Calls that the C library makes within itself do not come by here.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <new>

namespace {

constexpr int PART = -1, END = -2, NO_FAULT = 0;

struct Plan {
  char kind = '\0';
  long when = 0;
  int error = NO_FAULT;
  int log = -1;

  Plan() {
    if (const char* path = getenv("SPASNE_FAULT_LOG"))
      log = static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    const char* text = getenv("SPASNE_FAULT");
    if (!text) return;
    kind = text[0];
    char* end = nullptr;
    when = strtol(text + 1, &end, 10);
    error = strcmp(end, " part") == 0  ? PART
            : strcmp(end, " end") == 0 ? END
                                       : static_cast<int>(strtol(end, nullptr, 10));
  }
};

const Plan& plan() {
  static const Plan made;
  return made;
}

std::atomic<long> n_calls{0};

void note(char letter) {
  if (plan().log >= 0) syscall(SYS_write, plan().log, &letter, 1);
}

/// What is to go wrong in this call.
int fault(char kind) {
  if (kind != 'a') note(kind);
  if (kind != plan().kind || ++n_calls != plan().when) return NO_FAULT;
  note('!');
  if (plan().error > 0) errno = plan().error;
  return plan().error;
}

template <class F>
F* real(const char* name, F*) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

void* allocate(size_t size) { return fault('a') != NO_FAULT ? nullptr : malloc(size); }

void* allocate_or_throw(size_t size) {
  void* memory = allocate(size);
  if (!memory) throw std::bad_alloc();
  return memory;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  return fault('o') != NO_FAULT ? -1 : static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

ssize_t read(int descriptor, void* target, size_t size) {
  const int wrong = fault('r');
  if (wrong > 0) return -1;
  if (wrong == END) return 0;
  return syscall(SYS_read, descriptor, target, wrong == PART && size > 1 ? 1 : size);
}

ssize_t write(int descriptor, const void* data, size_t size) {
  const int wrong = fault('w');
  if (wrong > 0) return -1;
  return syscall(SYS_write, descriptor, data, wrong == PART && size > 1 ? 1 : size);
}

/// As on Linux: whatever it says, the file is closed.
int close(int descriptor) {
  const int done = static_cast<int>(syscall(SYS_close, descriptor));
  return fault('c') != NO_FAULT ? -1 : done;
}

int fsync(int descriptor) {
  return fault('f') != NO_FAULT ? -1 : static_cast<int>(syscall(SYS_fsync, descriptor));
}

int rename(const char* from, const char* to) noexcept {
  return fault('n') != NO_FAULT ? -1 : static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

void* mmap(void* address, size_t size, int protection, int flags, int descriptor, off_t offset) noexcept {
  if (fault('m') != NO_FAULT) return MAP_FAILED;
  return reinterpret_cast<void*>(syscall(SYS_mmap, address, size, protection, flags, descriptor, offset));
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*work)(void*), void* given) noexcept {
  static auto* const create = real("pthread_create", pthread_create);
  const int wrong = fault('t');
  return wrong != NO_FAULT ? wrong : create(thread, attributes, work, given);
}

int posix_memalign(void** memory, size_t alignment, size_t size) noexcept {
  static auto* const align = real("posix_memalign", posix_memalign);
  return fault('a') != NO_FAULT ? ENOMEM : align(memory, alignment, size);
}
}

void* operator new(size_t size) { return allocate_or_throw(size); }
void* operator new[](size_t size) { return allocate_or_throw(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void* operator new[](size_t size, const std::nothrow_t&) noexcept { return allocate(size); }
void operator delete(void* memory) noexcept { free(memory); }
void operator delete[](void* memory) noexcept { free(memory); }
void operator delete(void* memory, size_t) noexcept { free(memory); }
void operator delete[](void* memory, size_t) noexcept { free(memory); }
