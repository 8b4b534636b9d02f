// Writes snapshots of large indexes, on a thread of its own: when one was built from storage, and when the log has moved on. Where
// writes pause, soon; where they never do, late, since a snapshot takes time and disk from them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>

#include "services/index_events.h"

namespace plenoptic::services {

class SnapshotKeeper {
 public:
  SnapshotKeeper(storage::Database& database, const SnapshotSettings& settings, const IndexEvents& events);
  /// What is being written is left between two parts.
  ~SnapshotKeeper();

  /// An index that is ready. `base`: of the snapshot that stands on the disk.
  void follow(model::WorkspaceId workspace, std::shared_ptr<const index::WorkspaceIndex> index, std::optional<std::uint64_t> base);

 private:
  struct Followed {
    std::shared_ptr<const index::WorkspaceIndex> index;
    /// The log entry that the last snapshot is of; after a failure, the one that the next attempt counts from.
    std::optional<std::uint64_t> base;
    /// Where the log stood when it was looked at last, and since when.
    std::uint64_t sequence = 0;
    std::chrono::steady_clock::time_point still_since = {};
    bool has_room = false;  // for its parts
  };

  void loop();
  void look_at(model::WorkspaceId workspace, Followed& followed);
  bool is_due(Followed& followed) const;
  bool is_large(const Followed& followed) const;

  storage::Database& database_;
  const SnapshotSettings& settings_;
  const IndexEvents& events_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::unordered_map<std::uint32_t, Followed> followed_;  // by workspace
  std::string buffer_;                                    // for the parts, one after another; from the beginning, so that memory stays flat
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace plenoptic::services
