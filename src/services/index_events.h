// What happens to indexes and their snapshots, for the log. Called on the threads that load and save; must not throw.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "services/index_snapshots.h"

namespace plenoptic::services {

struct IndexEvents {
  using Reason = std::function<void(model::WorkspaceId, const std::string& reason)>;
  static void pass_over(model::WorkspaceId, const std::string&) {}

  /// An index is ready.
  std::function<void(model::WorkspaceId, const LoadedIndex&, std::chrono::milliseconds)> loaded = [](auto&&...) {};
  /// It could not be loaded; it is tried again, later and later.
  Reason failed = pass_over;
  std::function<void(model::WorkspaceId, const WrittenSnapshot&, std::chrono::milliseconds)> snapshot_written = [](auto&&...) {};
  /// One cannot be used, or the log after it cannot be read: the index is built from storage.
  Reason snapshot_refused = pass_over;
  /// One could not be written.
  Reason snapshot_failed = pass_over;
};

}  // namespace plenoptic::services
