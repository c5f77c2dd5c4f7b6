// Standard input, output and error that may be closed, full or read by nobody.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

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

/// Throws if anything printed was lost. `otherwise` says what is complete all the same.
inline void require_printed(const std::string& otherwise) {
  errno = 0;
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return;
  throw FileError("cannot write to standard output" + (errno ? std::string(": ") + std::strerror(errno) : "") +
                  otherwise);
}

}  // namespace spasne
