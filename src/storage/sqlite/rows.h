// What the columns of a row say.
#pragma once

#include "storage/database.h"
#include "storage/sqlite/sqlite.h"

namespace plenoptic::storage::sqlite {

inline RecordId id_of(std::string_view bytes) { return RecordId::from_bytes(bytes); }

/// Columns: id, slug, name, created_at, settings, schema_version, log_sequence.
Workspace workspace_of(const Statement::Use& row);
/// Columns: workspace_id, id, hash, name, hint, scopes, member, created_by, created_at, expires_at, revoked_at, last_used_at.
ApiKey key_of(const Statement::Use& row);
/// Columns from `first` on: created_at, updated_at, deleted_at, version, external_id, fields.
model::Record record_of(const Statement::Use& row, int first, TypeNumber type, RecordId id);
/// Columns: sequence, previous_sequence, at, kind, type, record_id, actor, operation, request_id, idempotency_key, body.
model::Change change_of(const Statement::Use& row, WorkspaceId workspace);

}  // namespace plenoptic::storage::sqlite
