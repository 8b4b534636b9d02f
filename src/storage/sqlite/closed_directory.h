// A data directory that no server runs on, opened to be looked at: nothing in it changes, what a crashed server left in its
// write-ahead log is read as its next start would. For `plenoptic verify`. One thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "storage/database.h"

namespace plenoptic::storage {

class ClosedDirectory {
 public:
  /// Throws StorageError where there is no database, where a server runs on it, or where it cannot be read.
  explicit ClosedDirectory(const std::string& directory);
  ~ClosedDirectory();

  /// One snapshot for the object's life.
  Reader& reader();
  /// What is wrong with the file and with its tables against each other, in words; empty: sound.
  std::vector<std::string> check();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace plenoptic::storage
