// What a write has at hand inside its transaction: storage, the data model, the time, who acts. One per request,
// on the write lane's thread. What it changes is collected here for the log's readers (index, caches).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/id.h"
#include "model/record.h"
#include "storage/database.h"

namespace plenoptic::services {

/// On whose behalf a request runs.
struct Actor {
  /// The key's member; for a workspace key the member who created it. None: the operator, or nobody is known.
  std::optional<model::RecordId> member;
  /// `mem_…`, `key_…` or `operator`: what the log says.
  std::string id;
};

/// Where a request comes from, as the log keeps it.
struct Origin {
  std::string operation;
  std::string request_id;
  std::string idempotency_key;
};

struct WriteContext {
  storage::Writer& storage;
  model::WorkspaceId workspace;
  model::SchemaPointer schema;
  std::int64_t now_ms = 0;  // goes back only where the clock was set back by more than some seconds
  base::CuidGenerator& ids;
  Actor actor;
  Origin origin;
  /// Whether the caller may read records of a type; unset: all. Messages name only what the caller may see.
  std::function<bool(const model::ObjectType&)> may_read = {};

  /// Log entries of this request, in order.
  std::vector<model::Change> changes;
  /// Runs after the group's commit, before any of its answers leaves. Must not throw.
  std::vector<std::function<void()>> after_commit;

  /// Fills in what the context knows, appends to the log, and remembers.
  std::uint64_t append(model::Change change);
};

}  // namespace plenoptic::services
