#include "services/index_directory.h"

#include <chrono>
#include <exception>

#include "services/index_loading.h"

namespace plenoptic::services {
namespace {

constexpr auto pause_after_failure = std::chrono::seconds(1);

}  // namespace

IndexDirectory::IndexDirectory(storage::Database& database, SchemaSource schema, FailureSink report_failure)
    : database_(database), schema_(std::move(schema)), report_failure_(std::move(report_failure)), thread_([this] { loop(); }) {}

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
  return found != slots_.end() && found->second.ready ? found->second.index : nullptr;
}

void IndexDirectory::when_ready(model::WorkspaceId workspace, std::function<void()> action) {
  {
    std::lock_guard lock(mutex_);
    Slot& slot = slots_[workspace.value];
    if (!slot.ready) {
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
    if (!found->second.ready) {
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
    if (!slot.ready) return false;
  return true;
}

std::size_t IndexDirectory::memory_bytes() {
  std::vector<std::shared_ptr<index::WorkspaceIndex>> ready;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [workspace, slot] : slots_)
      if (slot.ready) ready.push_back(slot.index);
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
    std::shared_ptr<index::WorkspaceIndex> index;
    try {
      // Whatever commits after its snapshots waits in the slot, which stood there before they were taken.
      index = load_index(database_, workspace, *schema_(workspace));
    } catch (const std::exception& failure) {
      // Retrieves and writes go on without it, and lists wait. The disk may work again.
      report_failure_(workspace, failure.what());
      load_again_later(workspace);
      continue;
    }
    install(workspace, std::move(index));
  }
}

void IndexDirectory::load_again_later(model::WorkspaceId workspace) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, pause_after_failure, [this] { return stopping_; });
  to_load_.push_back(workspace);
}

void IndexDirectory::install(model::WorkspaceId workspace, std::shared_ptr<index::WorkspaceIndex> index) {
  std::vector<std::function<void()>> actions;
  {
    std::lock_guard lock(mutex_);
    Slot& slot = slots_[workspace.value];
    for (const auto& [schema_then, change] : slot.waiting_changes) index->apply_all(*schema_then, std::span(&change, 1));
    slot.waiting_changes.clear();
    slot.index = std::move(index);
    slot.ready = true;
    actions.swap(slot.waiting_actions);
  }
  for (const auto& action : actions) action();
}

}  // namespace plenoptic::services
