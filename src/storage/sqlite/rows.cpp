#include "storage/sqlite/rows.h"

#include <algorithm>

#include "storage/change_codec.h"

namespace plenoptic::storage::sqlite {
namespace {

std::optional<RecordId> optional_id(const Statement::Use& row, int column) {
  if (row.is_null(column)) return std::nullopt;
  return id_of(row.bytes(column));
}

/// Scopes stand in one column, each ended by a newline.
std::vector<std::string> scopes_of(std::string_view text) {
  std::vector<std::string> scopes;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    scopes.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return scopes;
}

}  // namespace

using model::Change;
using model::Record;

Workspace workspace_of(const Statement::Use& row) {
  Workspace workspace;
  workspace.id = {static_cast<std::uint32_t>(row.integer(0))};
  workspace.slug = row.bytes(1);
  workspace.name = row.bytes(2);
  workspace.created_at_ms = row.integer(3);
  workspace.settings = row.bytes(4);
  workspace.schema_version = static_cast<std::uint64_t>(row.integer(5));
  workspace.log_sequence = static_cast<std::uint64_t>(row.integer(6));
  return workspace;
}

ApiKey key_of(const Statement::Use& row) {
  ApiKey key;
  key.workspace = {static_cast<std::uint32_t>(row.integer(0))};
  key.id = row.bytes(1);
  key.hash = row.bytes(2);
  key.name = row.bytes(3);
  key.hint = row.bytes(4);
  key.scopes = scopes_of(row.bytes(5));
  key.member = optional_id(row, 6);
  key.created_by = optional_id(row, 7);
  key.created_at_ms = row.integer(8);
  key.expires_at_ms = row.optional_integer(9);
  key.revoked_at_ms = row.optional_integer(10);
  key.last_used_at_ms = row.optional_integer(11);
  return key;
}

Record record_of(const Statement::Use& row, int first, TypeNumber type, RecordId id) {
  Record record;
  record.type = type;
  record.id = id;
  record.created_at_ms = row.integer(first);
  record.updated_at_ms = row.integer(first + 1);
  record.deleted_at_ms = row.optional_integer(first + 2);
  record.version = static_cast<std::uint64_t>(row.integer(first + 3));
  record.external_id = row.optional_text(first + 4);
  record.fields = row.bytes(first + 5);
  return record;
}

Change change_of(const Statement::Use& row, WorkspaceId workspace) {
  Change change;
  change.workspace = workspace;
  change.sequence = static_cast<std::uint64_t>(row.integer(0));
  change.previous_sequence = static_cast<std::uint64_t>(row.integer(1));
  change.at_ms = row.integer(2);
  change.kind = static_cast<model::ChangeKind>(row.integer(3));
  change.type = static_cast<TypeNumber>(row.integer(4));
  change.record = id_of(row.bytes(5));
  change.actor = row.bytes(6);
  change.operation = row.bytes(7);
  change.request_id = row.bytes(8);
  change.idempotency_key = row.bytes(9);
  decode_change_body(row.bytes(10), change);
  return change;
}

}  // namespace plenoptic::storage::sqlite
