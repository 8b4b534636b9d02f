// Snapshots of indexes on disk: written beside the database, so that a start reads them and replays the end of the log instead of
// scanning every record. Never needed: one that is missing, damaged, or of another program or database is built anew.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "index/archive.h"
#include "index/workspace_index.h"
#include "storage/database.h"

namespace plenoptic::services {

using index::SnapshotRefused;

struct SnapshotSettings {
  std::string directory;    // of the data; empty: no snapshots
  std::string program;      // name and version
  std::uint64_t after = 0;  // log entries between two, at least; and a smaller index gets none
};

/// Where a workspace's snapshot stands.
std::string snapshot_path(const SnapshotSettings& settings, model::WorkspaceId workspace);

struct WrittenSnapshot {
  std::uint64_t base = 0;  // the log entry that its replay begins after
  std::uint64_t bytes = 0;
};

/// Makes `buffer` hold any part, and somewhat larger ones: memory that is new takes longer than copying, and writes would wait for it.
void make_room_for_parts(const index::WorkspaceIndex& index, std::string& buffer);

/// Writes go on meanwhile: they wait for one part at a time to be copied, and never for the file. Nothing where `abandoned`
/// said so between two parts. `buffer` holds a part at a time. Throws std::runtime_error where it cannot be written.
std::optional<WrittenSnapshot> write_snapshot(storage::Database& database, model::WorkspaceId workspace, const index::WorkspaceIndex& index, const SnapshotSettings& settings,
                                              std::string& buffer, const std::function<bool()>& abandoned);

struct LoadedIndex {
  std::shared_ptr<index::WorkspaceIndex> index;
  std::optional<std::uint64_t> base;  // of the snapshot that it was restored from; none: it was built from storage
  std::uint64_t replayed = 0;         // log entries
};

/// The index as of what `storage` sees; nothing where there is no snapshot. Throws SnapshotRefused where there is one that cannot
/// be used, and what storage throws. Changes nothing on the disk.
std::optional<LoadedIndex> restore_index(storage::Reader& storage, model::WorkspaceId workspace, const model::Schema& schema, const SnapshotSettings& settings);

}  // namespace plenoptic::services
