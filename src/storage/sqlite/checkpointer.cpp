#include "storage/sqlite/checkpointer.h"

namespace plenoptic::storage::sqlite {
namespace {

constexpr std::int64_t few_pages = 512;  // left to the last checkpoint, which commits wait for
constexpr int most_passes = 4;           // beside commits, each over what came during the one before

/// So that the last checkpoint, which syncs the file while commits wait, finds little to sync.
void sync_database(Connection& connection) {
  sqlite3_file* file = nullptr;
  sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_FILE_POINTER, static_cast<void*>(&file));
  if (file && file->pMethods) file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

}  // namespace

Checkpointer::Checkpointer(Connection worker, Connection pin, std::mutex& commit_mutex, std::int64_t start_at_pages, std::int64_t limit_pages)
    : worker_(std::move(worker)),
      pin_(std::move(pin)),
      pin_begin_(pin_, "BEGIN"),
      pin_read_(pin_, "SELECT 1 FROM workspaces LIMIT 1"),
      pin_end_(pin_, "COMMIT"),
      commit_mutex_(commit_mutex),
      start_at_pages_(start_at_pages),
      limit_pages_(limit_pages),
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
  if (pages < start_at_pages_) return;
  std::unique_lock lock(mutex_);
  wanted_ = true;
  changed_.notify_all();
  if (pages >= limit_pages_) changed_.wait(lock, [this] { return !wanted_ || stopping_; });
}

void Checkpointer::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return wanted_ || stopping_; });
    if (stopping_) return;
    lock.unlock();
    try {
      run();
    } catch (const StorageError&) {
      // The next commit meets the same fault and answers for it.
    }
    lock.lock();
    wanted_ = false;
    changed_.notify_all();
  }
}

void Checkpointer::run() {
  std::unique_lock commit(commit_mutex_);
  int copied = 0;
  for (int pass = 0; pass < most_passes && pages_ - copied > few_pages; ++pass) {
    pin_begin_.use().run();
    pin_read_.use().step();
    commit.unlock();
    int in_log = 0;
    const int code = sqlite3_wal_checkpoint_v2(worker_.handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE, &in_log, &copied);
    if (code == SQLITE_OK) sync_database(worker_);
    commit.lock();
    pin_end_.use().run();
    if (code != SQLITE_OK) return;
  }
  finish();
}

void Checkpointer::finish() {
  // PASSIVE waits for nobody, and where no reader holds it up, the next commit writes the log from its beginning again.
  // TRUNCATE waits for readers; only past the limit.
  const int mode = pages_ < limit_pages_ ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE;
  sqlite3_wal_checkpoint_v2(worker_.handle(), nullptr, mode, nullptr, nullptr);
  pages_ = 0;
}

}  // namespace plenoptic::storage::sqlite
