// A file system under SQLite that loses power, fills up and fails, as a FaultPlan says: a shim over the default one.
// What is written to a database, its write-ahead log or its journal stays in memory until it is synced (UnsyncedFile);
// memory mapping is off, so that every read sees it. Locks and shared memory pass through.
//
// It becomes SQLite's default while it lives; make it before the first connection. Safe from any thread.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "faults/fault_plan.h"
#include "faults/unsynced_file.h"

namespace plenoptic::faults {

class FaultyFileSystem {
 public:
  /// `end` is called when the power goes, after the files were left as they then are; it must not return.
  /// `first_failure` is told the first error that SQLite gets by the plan.
  FaultyFileSystem(const FaultPlan& plan, std::function<void()> end, std::function<void(int)> first_failure = {});
  ~FaultyFileSystem();
  FaultyFileSystem(const FaultyFileSystem&) = delete;
  FaultyFileSystem& operator=(const FaultyFileSystem&) = delete;

  /// Leaves each file with some of its unsynced sectors, and ends.
  void lose_power();
  std::uint64_t count(Operation operation);
  void set_plan(const FaultPlan& plan);

  struct Handle;
  /// A path that is open.
  struct Shared {
    UnsyncedFile file;
    std::vector<Handle*> handles = {};
  };
  /// What SQLite holds; the real file's own structure follows it.
  struct Handle {
    sqlite3_file base;
    FaultyFileSystem* system;
    Shared* shared;  // null: passes through
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };

  // SQLite's calls.
  int open(const char* path, Handle& handle, int flags, int* flags_out);
  int close(Handle& handle);
  int read(Handle& handle, void* out, int amount, sqlite3_int64 offset);
  int write(Handle& handle, const void* data, int amount, sqlite3_int64 offset);
  int truncate(Handle& handle, sqlite3_int64 size);
  int sync(Handle& handle, int flags);
  int file_size(Handle& handle, sqlite3_int64* size);
  /// Counts; an error's code where the plan has one.
  int pass(Operation operation);

 private:
  int meet(Operation operation);
  void end_where_planned();

  FaultPlan plan_;
  std::function<void()> end_;
  std::function<void(int)> first_failure_;
  Random random_;
  sqlite3_vfs* real_;
  sqlite3_vfs vfs_;
  std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Shared>> files_;
  std::array<std::uint64_t, operation_count> counts_{};
  std::uint64_t changes_ = 0, failures_ = 0;
};

}  // namespace plenoptic::faults
