// Signals that ask this process to end.
#pragma once

#include <signal.h>
#include <unistd.h>

#include <functional>
#include <system_error>
#include <thread>

namespace spasne {

/// Has `ending` called, from another thread, before a signal of termination ends this process as it would have.
///
/// To be called before there are other threads, which take over which signals are held back. One that is ignored
/// stays so.
inline void before_termination(const std::function<void()>& ending) {
  sigset_t held;
  sigemptyset(&held);
  for (const int number : {SIGTERM, SIGHUP}) {
    struct sigaction now;
    if (sigaction(number, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) sigaddset(&held, number);
  }
  pthread_sigmask(SIG_BLOCK, &held, nullptr);
  try {
    std::thread([held, ending] {
      int number = 0;
      if (sigwait(&held, &number) != 0) return;
      ending();
      pthread_sigmask(SIG_UNBLOCK, &held, nullptr);
      raise(number);
    }).detach();
  } catch (const std::system_error&) {
    pthread_sigmask(SIG_UNBLOCK, &held, nullptr);  // nobody can wait for them
  }
}

}  // namespace spasne
