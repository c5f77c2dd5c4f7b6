// Standard input, output and error that may be closed, full or read by nobody.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>

#include "descriptor.h"
#include "output_file.h"

namespace spasne {

/// Makes lost output an error that can be reported: a reader that has gone is no signal, and a stream that came closed
/// leads nowhere, so that no file opened later takes its number and receives what is printed.
inline void guard_standard_streams() {
#ifdef SIGPIPE
  std::signal(SIGPIPE, SIG_IGN);
#endif
  for (int stream = 0; stream <= 2; ++stream)
    if (fcntl(stream, F_GETFD) == -1 && errno == EBADF && open("/dev/null", O_RDWR) != stream)
      throw FileError("a standard stream is closed and cannot be replaced");
}

/// Why the first text that was lost could not be printed; 0: nothing was lost.
inline std::atomic<int>& loss() {
  static std::atomic<int> error{0};
  return error;
}

/// Prints at once. What is lost is noticed by require_printed().
inline void print(const std::string& text) {
  int none = 0;
  if (!write_all(STDOUT_FILENO, text.data(), text.size())) loss().compare_exchange_strong(none, errno);
}

/// Throws if anything printed was lost. `otherwise` says what is complete all the same.
inline void require_printed(const std::string& otherwise) {
  if (const int error = loss())
    throw FileError(std::string("cannot write to standard output: ") + std::strerror(error) + otherwise);
}

}  // namespace spasne
