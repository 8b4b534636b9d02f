// A file system for the connections that write and copy: what SQLite appends to its write-ahead log, two writes a page, gathers in memory
// and goes to the file in one, before it is synced or read. A commit is synced before anyone is told of its pages (with
// synchronous=FULL), so nobody misses what waits here; all else goes straight to the file system below.
//
// The log's file grows ahead of what is written, by a MiB of zeros at a time: to sync a file that became longer is to sync where it stands
// on the disk too, which on most file systems is another write, or a journal's, and another wait.
//
// Where a sync of the log fails, here or in a checkpoint, the next start is told (`recovery.h`).
#pragma once

#include <memory>
#include <string>

#include <sqlite3.h>

namespace plenoptic::storage::sqlite {

class GatheringFileSystem {
 public:
  /// Above the file system that is SQLite's default now. Must outlive the connections that use it.
  GatheringFileSystem();
  ~GatheringFileSystem();
  GatheringFileSystem(const GatheringFileSystem&) = delete;
  GatheringFileSystem& operator=(const GatheringFileSystem&) = delete;

  /// To open connections with.
  const char* name() const { return name_.c_str(); }

 private:
  const std::string name_;
  std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace plenoptic::storage::sqlite
