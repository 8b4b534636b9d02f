// The indexes of all workspaces: loads each in the background, keeps it current, and says when it is ready. One that cannot be
// loaded is failed until a later attempt succeeds: its lists are refused, everything that needs no index goes on. Publication
// comes from the write lane; lists come from any thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <unordered_map>
#include <vector>

#include "index/workspace_index.h"
#include "services/index_events.h"
#include "services/snapshot_keeper.h"
#include "storage/database.h"

namespace plenoptic::services {

class IndexDirectory {
 public:
  using SchemaSource = std::function<model::SchemaPointer(model::WorkspaceId)>;

  IndexDirectory(storage::Database& database, SchemaSource schema, SnapshotSettings snapshots = {}, IndexEvents events = {});
  ~IndexDirectory();

  /// Starts loading a workspace's index.
  void load(model::WorkspaceId workspace);
  /// The index, or null while it is loading and where it failed to.
  std::shared_ptr<const index::WorkspaceIndex> find_ready(model::WorkspaceId workspace);
  /// Runs `action` once the index is ready or has failed, at once where it is. On the loader's thread otherwise.
  void when_settled(model::WorkspaceId workspace, std::function<void()> action);
  /// From the write lane, after each commit.
  void publish(const model::SchemaPointer& schema, model::WorkspaceId workspace, std::span<const model::Change> changes);
  bool all_ready();
  bool any_failed();
  /// As measured within the last seconds: it walks through all of each index, and anyone may ask.
  std::size_t memory_bytes();

 private:
  enum class State : std::uint8_t { loading, ready, failed };
  struct Slot {
    std::shared_ptr<index::WorkspaceIndex> index;
    State state = State::loading;
    bool loading = true;  // an attempt is under way or about to be; the first or a later one
    /// Log entries that came while loading; those past the snapshot are taken in at the end.
    std::vector<std::pair<model::SchemaPointer, model::Change>> waiting_changes;
    std::vector<std::function<void()>> waiting_actions;
  };

  struct Load {
    model::WorkspaceId workspace;
    std::chrono::steady_clock::time_point due;
    std::chrono::seconds pause{1};  // before the next attempt, should this one fail
  };

  void loop();
  /// The load that is due next, once it is; nothing when stopping.
  std::optional<Load> take_load();
  void load_now(const Load& load);
  /// From its snapshot where there is one that can be used, else from every record.
  LoadedIndex read_index(model::WorkspaceId workspace);
  /// Gives a slot its outcome, and those who wait for it their turn.
  void settle(model::WorkspaceId workspace, const std::shared_ptr<index::WorkspaceIndex>& index);

  storage::Database& database_;
  SchemaSource schema_;
  const SnapshotSettings snapshots_;
  const IndexEvents events_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::unordered_map<std::uint32_t, Slot> slots_;
  std::vector<Load> to_load_;
  bool stopping_ = false;
  std::size_t measured_bytes_ = 0;
  std::chrono::steady_clock::time_point measured_until_;
  std::unique_ptr<SnapshotKeeper> keeper_;  // null: no snapshots
  std::thread thread_;
};

}  // namespace plenoptic::services
