// Files that are complete or absent: written under a temporary name and renamed.
#pragma once

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>

namespace spasne {

/// A file that cannot be written.
class FileError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

using File = std::unique_ptr<std::FILE, FileCloser>;

/// Where a file is written before it is complete.
inline std::string unfinished(const std::string& path) { return path + ".tmp"; }

/// Removed again unless finish() is reached.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path) : path_(path), temporary_(unfinished(path)) {
    std::lock_guard<std::mutex> lock(open_files().mutex);
    file_.reset(std::fopen(temporary_.c_str(), "wb"));
    if (!file_) fail(errno);
    open_files().names.insert(temporary_);
  }

  ~OutputFile() {
    if (!file_) return;
    file_.reset();
    std::lock_guard<std::mutex> lock(open_files().mutex);
    std::remove(temporary_.c_str());
    open_files().names.erase(temporary_);
  }

  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(const void* data, size_t size) {
    if (size > 0 && std::fwrite(data, 1, size, file_.get()) != size) fail(errno);
  }

  /// Hands everything to the system, so that no more than the renaming is left to be done.
  void flush() {
    if (std::fflush(file_.get()) != 0) fail(errno);
  }

  void finish() {
    flush();
    std::lock_guard<std::mutex> lock(open_files().mutex);
    std::FILE* file = file_.release();
    open_files().names.erase(temporary_);
    if (std::fclose(file) == 0 && std::rename(temporary_.c_str(), path_.c_str()) == 0) return;
    const int error = errno;
    std::remove(temporary_.c_str());
    fail(error);
  }

  /// For a process about to end: removes what is unfinished; from then on no file is begun or finished.
  static void abandon_all() {
    open_files().mutex.lock();
    for (const std::string& name : open_files().names) std::remove(name.c_str());
  }

 private:
  struct OpenFiles {
    std::mutex mutex;
    std::set<std::string> names;
  };

  static OpenFiles& open_files() {
    static OpenFiles& files = *new OpenFiles;  // never destroyed: threads may still write when the process ends
    return files;
  }

  [[noreturn]] void fail(int error) const { throw FileError("cannot write " + path_ + ": " + std::strerror(error)); }

  std::string path_, temporary_;
  File file_;
};

}  // namespace spasne
