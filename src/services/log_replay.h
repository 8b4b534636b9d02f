// Brings an index that was restored from a snapshot up to its database: takes in the log's entries as they were told when they
// were committed.
#pragma once

#include <cstdint>

#include "index/workspace_index.h"
#include "storage/database.h"

namespace plenoptic::services {

/// From the index's sequence to the end of the log as `storage` sees it; returns how many entries that were. Throws
/// SnapshotRefused where the log does not fit the index.
std::uint64_t replay_log(storage::Reader& storage, model::WorkspaceId workspace, const model::Schema& schema, index::WorkspaceIndex& index);

}  // namespace plenoptic::services
