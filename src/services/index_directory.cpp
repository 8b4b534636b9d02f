#include "services/index_directory.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <utility>

#include "base/thread_name.h"
#include "services/index_loading.h"

namespace plenoptic::services {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds longest_pause{60};
constexpr std::size_t few_changes = 64;
constexpr std::chrono::seconds measurement_holds{10};

void take_in(index::WorkspaceIndex& index, std::span<const std::pair<model::SchemaPointer, model::Change>> changes) {
  for (const auto& [schema_then, change] : changes) index.apply_all(*schema_then, std::span(&change, 1));
}

}  // namespace

IndexDirectory::IndexDirectory(storage::Database& database, SchemaSource schema, SnapshotSettings snapshots, IndexEvents events)
    : database_(database),
      schema_(std::move(schema)),
      snapshots_(std::move(snapshots)),
      events_(std::move(events)),
      keeper_(snapshots_.after > 0 ? std::make_unique<SnapshotKeeper>(database_, snapshots_, events_) : nullptr),
      thread_([this] { loop(); }) {}

IndexDirectory::~IndexDirectory() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void IndexDirectory::load(model::WorkspaceId workspace) {
  {
    std::lock_guard lock(mutex_);
    if (!slots_.try_emplace(workspace.value).second) return;
    to_load_.push_back({.workspace = workspace, .due = Clock::now()});
  }
  wake_.notify_one();
}

std::shared_ptr<const index::WorkspaceIndex> IndexDirectory::find_ready(model::WorkspaceId workspace) {
  std::lock_guard lock(mutex_);
  auto found = slots_.find(workspace.value);
  return found != slots_.end() && found->second.state == State::ready ? found->second.index : nullptr;
}

void IndexDirectory::when_settled(model::WorkspaceId workspace, std::function<void()> action) {
  {
    std::lock_guard lock(mutex_);
    Slot& slot = slots_[workspace.value];
    if (slot.state == State::loading) {
      slot.waiting_actions.push_back(std::move(action));
      return;
    }
  }
  action();
}

void IndexDirectory::publish(const model::SchemaPointer& schema, model::WorkspaceId workspace, std::span<const model::Change> changes) {
  std::shared_ptr<index::WorkspaceIndex> index;
  {
    std::lock_guard lock(mutex_);
    auto found = slots_.find(workspace.value);
    if (found == slots_.end()) return;
    if (found->second.state != State::ready) {
      if (!found->second.loading) return;
      for (const model::Change& change : changes) found->second.waiting_changes.emplace_back(schema, change);
      return;
    }
    index = found->second.index;
  }
  index->apply_all(*schema, changes);
}

bool IndexDirectory::all_ready() {
  std::lock_guard lock(mutex_);
  for (const auto& [workspace, slot] : slots_)
    if (slot.state != State::ready) return false;
  return true;
}

bool IndexDirectory::any_failed() {
  std::lock_guard lock(mutex_);
  return std::any_of(slots_.begin(), slots_.end(), [](const auto& slot) { return slot.second.state == State::failed; });
}

std::size_t IndexDirectory::memory_bytes() {
  std::vector<std::shared_ptr<index::WorkspaceIndex>> ready;
  {
    std::lock_guard lock(mutex_);
    if (Clock::now() < measured_until_) return measured_bytes_;
    measured_until_ = Clock::now() + measurement_holds;  // for whoever asks meanwhile, too
    for (const auto& [workspace, slot] : slots_)
      if (slot.state == State::ready) ready.push_back(slot.index);
  }
  std::size_t bytes = 0;
  for (const auto& index : ready) {
    const auto lock = index->read_lock();
    bytes += index->memory_bytes();
  }
  std::lock_guard lock(mutex_);
  measured_bytes_ = bytes;
  return bytes;
}

void IndexDirectory::loop() {
  base::name_this_thread("index loading");
  while (const auto load = take_load()) load_now(*load);
}

std::optional<IndexDirectory::Load> IndexDirectory::take_load() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto next = std::min_element(to_load_.begin(), to_load_.end(), [](const Load& a, const Load& b) { return a.due < b.due; });
    if (next == to_load_.end()) {
      wake_.wait(lock);
    } else if (next->due > Clock::now()) {
      wake_.wait_until(lock, Clock::time_point(next->due));
    } else {
      const Load load = *next;
      to_load_.erase(next);
      // Whatever commits after the snapshots to come waits in the slot.
      Slot& slot = slots_[load.workspace.value];
      slot.loading = true;
      slot.waiting_changes.clear();
      return load;
    }
  }
  return std::nullopt;
}

void IndexDirectory::load_now(const Load& load) {
  // A damaged page or record must not take down what does not need the index; and a disk may work again.
  try {
    const auto began = Clock::now();
    const LoadedIndex loaded = read_index(load.workspace);
    settle(load.workspace, loaded.index);
    events_.loaded(load.workspace, loaded, std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - began));
    if (keeper_) keeper_->follow(load.workspace, loaded.index, loaded.base);
  } catch (const std::exception& failure) {
    events_.failed(load.workspace, failure.what());
    settle(load.workspace, nullptr);
    std::lock_guard lock(mutex_);
    to_load_.push_back({.workspace = load.workspace, .due = Clock::now() + load.pause, .pause = std::min(2 * load.pause, longest_pause)});
  }
}

LoadedIndex IndexDirectory::read_index(model::WorkspaceId workspace) {
  // The data model after each snapshot of storage: fields are made, and filled, while an index is loaded.
  const auto schema = [&] { return schema_(workspace); };
  if (keeper_) {
    const auto storage = database_.read();
    storage->log_sequence(workspace);  // a snapshot is of the moment of its first read
    try {
      if (auto restored = restore_index(*storage, workspace, *schema(), snapshots_)) return std::move(*restored);
    } catch (const SnapshotRefused& refused) {
      std::error_code ignored;
      std::filesystem::remove(snapshot_path(snapshots_, workspace), ignored);
      events_.snapshot_refused(workspace, refused.what());
    } catch (const storage::StorageError& failure) {
      // Of the log's pages, as a rule: the records are read without it.
      events_.snapshot_refused(workspace, failure.what());
    }
  }
  return {.index = load_index(database_, workspace, schema), .base = std::nullopt, .replayed = 0};
}

void IndexDirectory::settle(model::WorkspaceId workspace, const std::shared_ptr<index::WorkspaceIndex>& index) {
  std::vector<std::function<void()>> actions;
  {
    std::unique_lock lock(mutex_);
    Slot& slot = slots_[workspace.value];
    // What came while it was loaded may be much, and everybody's lists and writes wait for this mutex: only the last few are taken in under it. Where
    // more comes than is taken in meanwhile, writes have to wait once.
    for (std::size_t last = SIZE_MAX; index && slot.waiting_changes.size() > few_changes && slot.waiting_changes.size() < last;) {
      last = slot.waiting_changes.size();
      auto changes = std::exchange(slot.waiting_changes, {});
      lock.unlock();
      take_in(*index, changes);
      changes = {};
      lock.lock();
    }
    if (index) take_in(*index, slot.waiting_changes);
    slot.waiting_changes.clear();
    slot.loading = false;
    slot.index = index;
    slot.state = index ? State::ready : State::failed;
    actions.swap(slot.waiting_actions);
  }
  for (const auto& action : actions) action();
}

}  // namespace plenoptic::services
