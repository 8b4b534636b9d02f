#include "services/snapshot_keeper.h"

#include <algorithm>
#include <utility>

#include "base/thread_name.h"

namespace plenoptic::services {
namespace {

constexpr std::chrono::milliseconds interval{200};  // between looks at how far the log has moved on
constexpr std::chrono::seconds pause{3};            // without writes: nobody is disturbed
constexpr std::uint64_t busy_share = 8;             // of the records: so many log entries are replayed within a few seconds

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
  followed_[workspace.value] = {.index = std::move(index), .base = base, .sequence = 0, .still_since = {}, .has_room = false};
}

void SnapshotKeeper::loop() {
  base::name_this_thread("index snapshots");
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, interval, [this] { return stopping_.load(); })) {
    auto followed = followed_;
    lock.unlock();
    for (auto& [workspace, each] : followed) look_at({workspace}, each);
    lock.lock();
    for (auto& [workspace, each] : followed)
      if (followed_[workspace].index == each.index) followed_[workspace] = each;
  }
}

void SnapshotKeeper::look_at(model::WorkspaceId workspace, Followed& followed) {
  const auto began = std::chrono::steady_clock::now();
  try {
    if (is_large(followed) && !std::exchange(followed.has_room, true)) make_room_for_parts(*followed.index, buffer_);
    if (!is_due(followed)) return;
    const auto written = write_snapshot(database_, workspace, *followed.index, settings_, buffer_, [this] { return stopping_.load(); });
    if (!written) return;
    followed.base = written->base;
    events_.snapshot_written(workspace, *written, std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began));
  } catch (const std::exception& failure) {
    followed.base = followed.sequence;
    events_.snapshot_failed(workspace, failure.what());
  }
}

bool SnapshotKeeper::is_large(const Followed& followed) const {
  const auto lock = followed.index->read_lock();
  return followed.index->record_count() >= settings_.after;
}

bool SnapshotKeeper::is_due(Followed& followed) const {
  const auto now = std::chrono::steady_clock::now();
  const auto lock = followed.index->read_lock();
  const std::uint64_t records = followed.index->record_count(), sequence = followed.index->sequence();
  if (sequence != std::exchange(followed.sequence, sequence)) followed.still_since = now;
  if (records < settings_.after) return false;
  if (!followed.base) return true;
  const std::uint64_t behind = sequence - *followed.base;
  return behind >= std::max(settings_.after, records / busy_share) || (behind >= settings_.after && now - followed.still_since >= pause);
}

}  // namespace plenoptic::services
