#include "services/snapshot_keeper.h"

#include <algorithm>
#include <chrono>

namespace plenoptic::services {
namespace {

constexpr std::chrono::milliseconds interval{200};  // between looks at how far the log has moved on

std::uint64_t sequence_of(const index::WorkspaceIndex& index) {
  const auto lock = index.read_lock();
  return index.sequence();
}

}  // namespace

SnapshotKeeper::SnapshotKeeper(storage::Database& database, const SnapshotSettings& settings, const IndexEvents& events)
    : database_(database), settings_(settings), events_(events), thread_([this] { loop(); }) {}

SnapshotKeeper::~SnapshotKeeper() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void SnapshotKeeper::follow(model::WorkspaceId workspace, std::shared_ptr<const index::WorkspaceIndex> index, std::optional<std::uint64_t> base) {
  std::lock_guard lock(mutex_);
  followed_[workspace.value] = {.index = std::move(index), .base = base};
}

void SnapshotKeeper::loop() {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval, [this] { return stopping_.load(); })) {
    const auto followed = followed_;
    lock.unlock();
    for (const auto& [workspace, each] : followed) look_at({workspace}, each);
    lock.lock();
  }
}

void SnapshotKeeper::look_at(model::WorkspaceId workspace, Followed followed) {
  if (!is_due(followed)) return;
  const auto began = std::chrono::steady_clock::now();
  try {
    const auto written = write_snapshot(database_, workspace, *followed.index, settings_, [this] { return stopping_.load(); });
    if (!written) return;
    followed.base = written->base;
    events_.snapshot_written(workspace, *written, std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began));
  } catch (const std::exception& failure) {
    followed.base = sequence_of(*followed.index);
    events_.snapshot_failed(workspace, failure.what());
  }
  follow(workspace, followed.index, followed.base);
}

bool SnapshotKeeper::is_due(const Followed& followed) const {
  const auto lock = followed.index->read_lock();
  const std::uint64_t records = followed.index->record_count();
  if (records < settings_.after) return false;
  return !followed.base || followed.index->sequence() - *followed.base >= std::max(settings_.after, records / 20);
}

}  // namespace plenoptic::services
