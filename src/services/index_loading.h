// Builds a workspace's index from storage, on as many threads as there are cores.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "index/workspace_index.h"
#include "storage/database.h"

namespace plenoptic::services {

/// The index as of one moment; its sequence() says which. `schema` is asked once that moment's snapshots are open: a data model
/// from before may lack a field that their records have. Throws what storage throws.
std::unique_ptr<index::WorkspaceIndex> load_index(storage::Database& database, model::WorkspaceId workspace, const std::function<model::SchemaPointer()>& schema);
/// The same from snapshots of one moment, a thread for each.
std::unique_ptr<index::WorkspaceIndex> load_index(const std::vector<storage::Reader*>& snapshots, model::WorkspaceId workspace, const model::Schema& schema);

}  // namespace plenoptic::services
