#include "services/index_directory.h"

#include <algorithm>

#include "services/index_loading.h"

namespace plenoptic::services {

IndexDirectory::IndexDirectory(storage::Database& database, SchemaSource schema, FailureSink failed)
    : database_(database), schema_(std::move(schema)), failed_(std::move(failed)), thread_([this] { loop(); }) {}

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
    to_load_.push_back(workspace);
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
    if (found == slots_.end() || found->second.state == State::failed) return;
    if (found->second.state == State::loading) {
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
    for (const auto& [workspace, slot] : slots_)
      if (slot.state == State::ready) ready.push_back(slot.index);
  }
  std::size_t bytes = 0;
  for (const auto& index : ready) {
    const auto lock = index->read_lock();
    bytes += index->memory_bytes();
  }
  return bytes;
}

void IndexDirectory::loop() {
  for (;;) {
    model::WorkspaceId workspace;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !to_load_.empty(); });
      if (stopping_) return;
      workspace = to_load_.front();
      to_load_.pop_front();
    }
    load_now(workspace);
  }
}

void IndexDirectory::load_now(model::WorkspaceId workspace) {
  // A damaged page or record must not take down what does not need the index.
  try {
    // Whatever commits after the snapshots waits in the slot, which stood there before they were taken.
    settle(workspace, load_index(database_, workspace, *schema_(workspace)));
  } catch (const std::exception& failure) {
    failed_(workspace, failure.what());
    settle(workspace, nullptr);
  }
}

void IndexDirectory::settle(model::WorkspaceId workspace, const std::shared_ptr<index::WorkspaceIndex>& index) {
  std::vector<std::function<void()>> actions;
  {
    std::lock_guard lock(mutex_);
    Slot& slot = slots_[workspace.value];
    if (index)
      for (const auto& [schema_then, change] : slot.waiting_changes) index->apply_all(*schema_then, std::span(&change, 1));
    slot.waiting_changes.clear();
    slot.index = index;
    slot.state = index ? State::ready : State::failed;
    actions.swap(slot.waiting_actions);
  }
  for (const auto& action : actions) action();
}

}  // namespace plenoptic::services
