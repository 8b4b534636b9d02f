// Has the kernel write what a file was changed by to the disk, a little at a time, before it is synced. A sync alone hands over tens of thousands of
// pages at once, and a commit that comes meanwhile waits until the disk is through with them: ten times as long as otherwise.
#pragma once

#include <string>
#include <utility>

namespace plenoptic::storage::sqlite {

/// Of one file. Where a process closes any descriptor of a file, it loses all its locks on it (POSIX), SQLite's too: this must outlive every
/// connection to the file.
class WriteOut {
 public:
  explicit WriteOut(std::string path) : path_(std::move(path)) {}
  ~WriteOut();
  WriteOut(const WriteOut&) = delete;
  WriteOut& operator=(const WriteOut&) = delete;

  /// By one thread at a time. It promises nothing, and what fails is left to the sync that has to follow: the kernel (Linux 4.13 or newer) tells an error to each descriptor.
  void run() noexcept;

 private:
  const std::string path_;
  int file_ = -1;  // opened when it is first needed
};

}  // namespace plenoptic::storage::sqlite
