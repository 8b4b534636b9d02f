// One process at a time on a data directory: a lock file, held for the process's life.
#pragma once

#include <string>

namespace plenoptic::storage::sqlite {

class DirectoryLock {
 public:
  /// Makes the directory where it is missing. Throws StorageError naming the holder and the next step.
  explicit DirectoryLock(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int file_ = -1;
};

}  // namespace plenoptic::storage::sqlite
