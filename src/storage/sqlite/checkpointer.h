// Copies what stands in the write-ahead log back into the database file, beside commits.
//
// SQLite before 3.51.3 may corrupt a database where a commit starts the log anew while a checkpoint runs. So a checkpoint beside
// commits holds a snapshot of its own, taken between commits, which keeps them from starting the log anew; only the last and
// short one, after which they may, runs while commits wait.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "storage/sqlite/sqlite.h"
#include "storage/sqlite/write_out.h"

namespace plenoptic::storage::sqlite {

class Checkpointer {
 public:
  using SnapshotSource = std::function<std::unique_ptr<Reader>()>;

  using Failing = std::function<void(const std::string&)>;

  /// The connection is its own, configured. `commit_mutex` is held during each commit. `limit_pages`: of the log, past which commits wait.
  /// `fails`: told, on its thread, when checkpoints begin to fail.
  Checkpointer(Connection connection, WriteOut& write_out, SnapshotSource open_snapshot, std::mutex& commit_mutex, std::int64_t limit_pages, Failing fails);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// Under the commit mutex, after each commit: how many pages the log has.
  void set_pages(std::int64_t pages) { pages_ = pages; }
  /// Between commits: starts a checkpoint where the log is long, and waits for it where it is past its limit. Throws
  /// StorageError::unknown_outcome where the file could not be synced: only the log, read anew at the next start, has it all.
  void maintain();

 private:
  bool is_due(std::int64_t pages) const;
  void loop();
  /// False where it could not: a full disk, a file that cannot be read, a reader that holds it up.
  bool run();
  /// Under the commit mutex. What stands in the log is in the file when it returns, unless it is false.
  bool finish();
  /// False where it could not, or not all; how many pages of the log are in the file goes to `copied`.
  bool copy(int mode, int* copied);

  Connection connection_;
  WriteOut& write_out_;
  const SnapshotSource open_snapshot_;
  std::mutex& commit_mutex_;
  const std::int64_t limit_pages_;
  const Failing fails_;
  std::int64_t pages_ = 0;  // of the log in use; under the commit mutex

  std::mutex mutex_;
  std::condition_variable changed_;
  bool wanted_ = false;
  bool stopping_ = false;
  std::optional<std::chrono::steady_clock::time_point> last_end_;  // of a checkpoint
  bool last_failed_ = false;
  bool is_told_ = false;                  // since one succeeded
  std::optional<StorageError> unsynced_;  // why the file may lack what the log was copied to it
  std::thread thread_;
};

}  // namespace plenoptic::storage::sqlite
