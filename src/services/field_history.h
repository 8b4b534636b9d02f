// The history of one field of one record, read off the change log.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/record.h"
#include "storage/database.h"

namespace plenoptic::services {

struct HistoryEntry {
  model::Value value;
  std::int64_t recorded_at_ms = 0;
  bool is_create = false;
};

struct HistoryPage {
  std::vector<HistoryEntry> entries;  // newest first, consecutive equal values collapsed; fewer than asked for where the log was read for long
  std::optional<std::string> next_cursor;
};

/// `after`: the cursor of the page before; throws 400 for one that this history did not give out.
HistoryPage field_history(storage::Reader& storage, model::WorkspaceId workspace, const model::Record& record, const model::FieldDefinition& field, std::size_t limit,
                          const std::optional<std::string>& after);

}  // namespace plenoptic::services
