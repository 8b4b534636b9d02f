// One process at a time on a data directory: a lock file, held for the process's life.
#pragma once

#include <string>

namespace plenoptic::storage::sqlite {

class DirectoryLock {
 public:
  /// To run on it: it is made where it is missing. To look at it: nothing is made or changed, and others may look too.
  enum class Purpose { run, look };
  /// Throws StorageError naming the holder and the next step.
  explicit DirectoryLock(const std::string& directory, Purpose purpose = Purpose::run);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  void lock(const std::string& directory, int how);

  int file_ = -1;  // none where there is nothing to lock: nobody ever ran on a directory that is looked at
};

}  // namespace plenoptic::storage::sqlite
