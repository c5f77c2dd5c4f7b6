// Files that are complete or absent: written under a temporary name, handed to the disk, and renamed.
#pragma once

#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>

#include "crc32.h"
#include "descriptor.h"

namespace spasne {

/// A file that cannot be read or written. `error` is the system's number, 0 where it has none.
class FileError : public std::runtime_error {
 public:
  explicit FileError(const std::string& what, int error = 0) : std::runtime_error(what), error_(error) {}

  /// Whether another path, or other rights to it, would mend it: a mistake of the caller, not trouble of the machine.
  bool is_of_the_path() const {
    for (const int one : {EACCES, EISDIR, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, EPERM, EROFS})
      if (error_ == one) return true;
    return false;
  }

 private:
  int error_;
};

/// Where a file is written before it is complete.
inline std::string unfinished(const std::string& path) { return path + ".tmp"; }

/// The folder that a file lies in.
inline std::string folder_of(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  return slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

/// Whether a file outlives the machine's sudden end: it takes milliseconds, which a caller's own file can do without.
enum class Kept { on_disk, by_system };

/// Removed again unless finish() is reached.
class OutputFile {
 public:
  explicit OutputFile(const std::string& path, Kept kept = Kept::on_disk)
      : path_(path), temporary_(unfinished(path)), kept_(kept) {
    std::lock_guard<std::mutex> lock(files().mutex);
    files().unfinished.insert(temporary_);  // before there is one, for it may fail
    file_.open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file_) return;
    const int error = errno;
    files().unfinished.erase(temporary_);
    fail(error);
  }

  ~OutputFile() {
    if (!file_) return;
    file_.close();
    std::lock_guard<std::mutex> lock(files().mutex);
    std::remove(temporary_.c_str());
    files().unfinished.erase(temporary_);
  }

  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void write(const void* data, size_t size) {
    if (!write_all(file_.number(), data, size)) fail(errno);
    checksum_.add(data, size);
    size_ += size;
    on_disk_ = false;
  }

  /// Of everything written so far.
  uint64_t size() const { return size_; }
  uint32_t checksum() const { return checksum_.value(); }

  /// Hands everything to the disk, so that no more than the renaming is left to be done.
  void flush() {
    if (kept_ == Kept::by_system || on_disk_) return;
    if (!synchronise(file_.number())) fail(errno);
    on_disk_ = true;
  }

  void finish() {
    flush();
    put_into_place();
    if (kept_ == Kept::by_system) return;
    Descriptor folder;
    folder.open(folder_of(path_).c_str(), O_RDONLY);  // one that cannot be opened is left to the system
    if (folder && !synchronise(folder.number())) fail(errno);
  }

  /// For a process about to end: removes what is unfinished; from then on no file is begun or finished.
  static void abandon_all() {
    files().mutex.lock();
    for (const std::string& name : files().unfinished) std::remove(name.c_str());
  }

  /// After abandon_all(), for files that nobody is left to read: removes those that were finished.
  static void remove_finished() {
    for (const std::string& name : files().finished) std::remove(name.c_str());
  }

 private:
  struct Files {
    std::mutex mutex;
    std::set<std::string> unfinished, finished;
  };

  static Files& files() {
    static Files& all = *new Files;  // never destroyed: threads may still write when the process ends
    return all;
  }

  void put_into_place() {
    std::lock_guard<std::mutex> lock(files().mutex);
    files().finished.insert(path_);
    files().unfinished.erase(temporary_);
    if (file_.close() && std::rename(temporary_.c_str(), path_.c_str()) == 0) return;
    const int error = errno;
    std::remove(temporary_.c_str());
    fail(error);
  }

  [[noreturn]] void fail(int error) const {
    throw FileError("cannot write " + path_ + ": " + std::strerror(error), error);
  }

  std::string path_, temporary_;
  Kept kept_;
  Descriptor file_;
  Crc32 checksum_;
  uint64_t size_ = 0;
  bool on_disk_ = true;  // of all that was written
};

}  // namespace spasne
