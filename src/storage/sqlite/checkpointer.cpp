#include "storage/sqlite/checkpointer.h"

#include <utility>

#include <fmt/format.h>

#include "base/thread_name.h"

namespace plenoptic::storage::sqlite {
namespace {

constexpr std::int64_t few_pages = 512;            // left to the last checkpoint, which commits wait for
constexpr std::chrono::seconds shortest_rest{10};  // between two checkpoints, unless the log grows too long meanwhile
constexpr std::chrono::seconds pause_after_failure{1};
constexpr int reader_wait_ms = 200;  // for a log past its limit, while commits wait too; then it is tried again after the pause
constexpr int most_passes = 4;       // beside commits, each over what came during the one before

/// The kernel tells an error to one caller only: whoever synced after it would be told that all is well.
[[noreturn]] void throw_unsynced(int code) { throw StorageError(StorageError::Kind::unknown_outcome, fmt::format("the database file could not be synced (SQLite code {})", code)); }

/// So that the last checkpoint, which syncs the file while commits wait, finds little to sync.
void sync_database(Connection& connection) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  if (!file || !file->pMethods) return;
  if (const int code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL); code != SQLITE_OK) throw_unsynced(code);
}

}  // namespace

Checkpointer::Checkpointer(Connection connection, WriteOut& write_out, SnapshotSource open_snapshot, std::mutex& commit_mutex, std::int64_t limit_pages, Failing fails)
    : connection_(std::move(connection)),
      write_out_(write_out),
      open_snapshot_(std::move(open_snapshot)),
      commit_mutex_(commit_mutex),
      limit_pages_(limit_pages),
      fails_(std::move(fails)),
      thread_([this] { loop(); }) {}

Checkpointer::~Checkpointer() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Checkpointer::maintain() {
  std::int64_t pages = 0;
  {
    std::lock_guard commit(commit_mutex_);
    pages = pages_;
  }
  std::unique_lock lock(mutex_);
  if (unsynced_) throw StorageError(*unsynced_);
  if (!is_due(pages)) return;
  wanted_ = true;
  changed_.notify_all();
  if (pages >= limit_pages_) changed_.wait(lock, [this] { return !wanted_ || stopping_; });
}

/// Who writes without end has a third as many of them, each over more changes of the same pages; who writes now and then is held up for a shorter time.
bool Checkpointer::is_due(std::int64_t pages) const {
  const auto ended_within = [this](std::chrono::seconds span) { return last_end_ && std::chrono::steady_clock::now() - *last_end_ < span; };
  if (last_failed_ && ended_within(pause_after_failure)) return false;  // it would write all again that it could, and no further
  const bool was_lately = ended_within(shortest_rest);
  return pages >= limit_pages_ / (was_lately ? 2 : 6);
}

void Checkpointer::loop() {
  base::name_this_thread("checkpoints");
  sqlite3_busy_timeout(connection_.handle(), reader_wait_ms);
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return (wanted_ && !unsynced_) || stopping_; });
    if (stopping_) return;
    lock.unlock();
    std::optional<StorageError> unsynced;
    bool done = false;
    try {
      done = run();
      if (done) is_told_ = false;
    } catch (const StorageError& failure) {
      if (failure.kind == StorageError::Kind::unknown_outcome) unsynced = failure;
      // Of another kind: the next commit meets the same fault and answers for it.
    }
    lock.lock();
    unsynced_ = unsynced;
    wanted_ = false;
    last_failed_ = !done;
    last_end_ = std::chrono::steady_clock::now();
    changed_.notify_all();
  }
}

bool Checkpointer::run() {
  std::unique_lock commit(commit_mutex_);
  int copied = 0;
  for (int pass = 0; pass < most_passes && pages_ - copied > few_pages; ++pass) {
    const int before = copied;
    const auto pin = open_snapshot_();
    pin->workspaces();  // a snapshot is as of its first read
    commit.unlock();
    if (!copy(SQLITE_CHECKPOINT_PASSIVE, &copied)) return false;
    if (pass == 0) write_out_.run();  // later ones have less to sync, and are to be done before as much comes again
    sync_database(connection_);
    commit.lock();
    if (copied == before && pages_ < limit_pages_) return false;  // a reader holds it up
  }
  return finish();
}

bool Checkpointer::finish() {
  // PASSIVE waits for nobody, and where no reader holds it up, the next commit writes the log from its beginning again.
  // TRUNCATE waits for readers; only past the limit.
  const bool is_past_limit = pages_ >= limit_pages_;
  const std::int64_t pages = std::exchange(pages_, 0);
  int copied = 0;
  return copy(is_past_limit ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE, &copied) && (is_past_limit || copied >= pages);
}

bool Checkpointer::copy(int mode, int* copied) {
  const int code = sqlite3_wal_checkpoint_v2(connection_.handle(), nullptr, mode, nullptr, copied);
  // SQLite syncs the file where it copied all there is.
  if (code == SQLITE_IOERR_FSYNC) throw_unsynced(code);
  if (code != SQLITE_OK && code != SQLITE_BUSY && !std::exchange(is_told_, true))
    fails_(fmt::format("what stands in the write-ahead log cannot be copied into the database file (SQLite: {}), so that the log grows; it is tried again", sqlite3_errstr(code)));
  return code == SQLITE_OK;
}

}  // namespace plenoptic::storage::sqlite
