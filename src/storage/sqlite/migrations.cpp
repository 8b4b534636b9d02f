#include "storage/sqlite/migrations.h"

#include <array>

#include <fmt/format.h>

namespace plenoptic::storage::sqlite {
namespace {

/// What each table is for: src/storage/README.md. Never change a step that was released: add one.
constexpr Sql first_tables = R"(
CREATE TABLE workspaces (
  id INTEGER PRIMARY KEY, slug BLOB NOT NULL UNIQUE, name BLOB NOT NULL, created_at INTEGER NOT NULL,
  settings BLOB NOT NULL, schema_version INTEGER NOT NULL, log_sequence INTEGER NOT NULL);
CREATE TABLE definitions (
  workspace_id INTEGER NOT NULL, kind INTEGER NOT NULL, object_type INTEGER NOT NULL, number INTEGER NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (workspace_id, kind, object_type, number)) WITHOUT ROWID;
CREATE TABLE api_keys (
  workspace_id INTEGER NOT NULL, id BLOB NOT NULL, hash BLOB NOT NULL UNIQUE, name BLOB NOT NULL, hint BLOB NOT NULL, scopes BLOB NOT NULL,
  member BLOB, created_by BLOB, created_at INTEGER NOT NULL, expires_at INTEGER, revoked_at INTEGER, last_used_at INTEGER,
  PRIMARY KEY (workspace_id, id)) WITHOUT ROWID;
CREATE TABLE records (
  workspace_id INTEGER NOT NULL, type INTEGER NOT NULL, id BLOB NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  deleted_at INTEGER, version INTEGER NOT NULL, external_id BLOB, fields BLOB NOT NULL,
  PRIMARY KEY (workspace_id, type, id));
CREATE TABLE trash (
  workspace_id INTEGER NOT NULL, record_id BLOB NOT NULL,
  PRIMARY KEY (workspace_id, record_id)) WITHOUT ROWID;
CREATE TABLE links (
  workspace_id INTEGER NOT NULL, record_id BLOB NOT NULL, type INTEGER NOT NULL, side INTEGER NOT NULL, other_id BLOB NOT NULL,
  PRIMARY KEY (workspace_id, record_id, type, side, other_id)) WITHOUT ROWID;
CREATE TABLE unique_values (
  workspace_id INTEGER NOT NULL, type INTEGER NOT NULL, field INTEGER NOT NULL, value BLOB NOT NULL, holder BLOB NOT NULL,
  PRIMARY KEY (workspace_id, type, field, value)) WITHOUT ROWID;
CREATE TABLE change_log (
  workspace_id INTEGER NOT NULL, sequence INTEGER NOT NULL, previous_sequence INTEGER NOT NULL, at INTEGER NOT NULL, kind INTEGER NOT NULL,
  type INTEGER NOT NULL, record_id BLOB NOT NULL, actor BLOB NOT NULL, operation BLOB NOT NULL, request_id BLOB NOT NULL,
  idempotency_key BLOB NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY (workspace_id, sequence)) WITHOUT ROWID;
CREATE TABLE idempotency (
  workspace_id INTEGER NOT NULL, operation BLOB NOT NULL, record BLOB NOT NULL, key BLOB NOT NULL,
  subject BLOB NOT NULL, status INTEGER NOT NULL, body BLOB NOT NULL, created_at INTEGER NOT NULL,
  PRIMARY KEY (workspace_id, operation, record, key));
)";

constexpr std::array steps = {first_tables};

std::int64_t user_version(Connection& connection) {
  Statement statement(connection, "PRAGMA user_version");
  auto use = statement.use();
  use.step();
  return use.integer(0);
}

}  // namespace

bool is_current(Connection& connection) { return user_version(connection) == static_cast<std::int64_t>(steps.size()); }

void migrate(Connection& connection) {
  const std::int64_t now = user_version(connection);
  const auto newest = static_cast<std::int64_t>(steps.size());
  if (now > newest)
    throw StorageError(StorageError::Kind::other,
                       fmt::format("the data directory was written by a newer Plenoptic (form {}, this one knows {}); run that version or a newer one", now, newest));
  if (now == newest) return;
  connection.run("BEGIN IMMEDIATE");
  for (std::int64_t step = now; step < newest; ++step) connection.run(steps[static_cast<std::size_t>(step)]);
  connection.pragma("user_version", newest);
  connection.run("COMMIT");
}

}  // namespace plenoptic::storage::sqlite
