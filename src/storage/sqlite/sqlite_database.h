// SQLite (WAL, synchronous=FULL) behind the storage seam. Owned by server/app; the file is `plenoptic.db` in the
// data directory. A second process on the same directory is refused.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "storage/database.h"

namespace plenoptic::storage {

struct SqliteOptions {
  std::string directory;  // created where missing, owner-only
  /// For `plenoptic dev` without a directory to keep: nothing is synced to disk.
  bool throw_away = false;
  std::int64_t page_cache_kib = 32'768;
  std::int64_t wal_limit_bytes = 768 << 20;
  /// Changed ends of links that are gathered in memory before they are written into their records' rows.
  std::size_t recent_ends = std::size_t{1} << 20;
  /// Of them, how many are written with each group, at least: a tenth of a millisecond that its answers wait.
  std::size_t ends_in_slice = 128;
  /// Told what the operator should know, at opening.
  std::function<void(const std::string&)> warn = [](const std::string&) {};
  /// Told, from any thread, when folding or checkpoints begin to fail; writes go on meanwhile.
  std::function<void(const std::string&)> upkeep_fails = [](const std::string&) {};
};

/// Opens or creates, locks the directory, and runs the migrations that are missing in one transaction.
/// Throws StorageError with a text that names the next step.
std::unique_ptr<Database> open_sqlite(const SqliteOptions& options);

}  // namespace plenoptic::storage
