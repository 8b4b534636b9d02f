#include "services/write_context.h"

namespace plenoptic::services {

std::uint64_t WriteContext::append(model::Change change) {
  change.workspace = workspace;
  change.at_ms = now_ms;
  change.actor = actor.id;
  change.operation = origin.operation;
  change.request_id = origin.request_id;
  change.idempotency_key = origin.idempotency_key;
  const std::uint64_t sequence = storage.append_change(change);
  changes.push_back(std::move(change));
  return sequence;
}

}  // namespace plenoptic::services
