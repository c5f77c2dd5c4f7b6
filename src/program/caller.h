// The caller at the other end of standard input: it may go away, and it says after each snapshot whether to go on.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace spasne {

constexpr char GO_ON = 'c', STOP = 's';  // the caller's answers; other bytes are passed over

class Caller {
 public:
  /// Calls `gone` from another thread as soon as standard input is closed.
  explicit Caller(std::function<void()> gone) : inbox_(std::make_shared<Inbox>()), gone_(std::move(gone)) {
    const std::shared_ptr<Inbox> inbox = inbox_;  // the thread may outlive this object
    const std::function<void()> ended = gone_;
    try {
      std::thread([inbox, ended] {
        char byte;
        while (read_byte(byte)) inbox->put(byte);
        ended();
      }).detach();
      watched_ = true;
    } catch (const std::system_error&) {
      // built without thread support: nobody watches while there is work
    }
  }

  /// Waits for the caller's answer; false if it wants the work to stop.
  bool wants_more() {
    for (;;) {
      char byte = STOP;
      if (watched_)
        byte = inbox_->take();
      else if (!read_byte(byte))
        gone_();
      if (byte == GO_ON || byte == STOP) return byte == GO_ON;
    }
  }

 private:
  struct Inbox {
    void put(char byte) {
      std::lock_guard<std::mutex> lock(mutex);
      bytes += byte;
      filled.notify_one();
    }

    char take() {
      std::unique_lock<std::mutex> lock(mutex);
      filled.wait(lock, [this] { return !bytes.empty(); });
      const char first = bytes.front();
      bytes.erase(0, 1);
      return first;
    }

    std::mutex mutex;
    std::condition_variable filled;
    std::string bytes;
  };

  /// False at the end of standard input.
  static bool read_byte(char& byte) {
    ssize_t got;
    do got = read(STDIN_FILENO, &byte, 1);
    while (got < 0 && errno == EINTR);
    return got > 0;
  }

  std::shared_ptr<Inbox> inbox_;
  std::function<void()> gone_;
  bool watched_ = false;
};

}  // namespace spasne
