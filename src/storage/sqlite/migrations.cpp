#include "storage/sqlite/migrations.h"

#include <algorithm>
#include <array>
#include <memory>
#include <tuple>

#include <fmt/format.h>

#include "storage/sqlite/held_links.h"
#include "storage/sqlite/link_pieces.h"
#include "storage/sqlite/record_place.h"

namespace plenoptic::storage::sqlite {
namespace {

using model::Side;

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

/// Links whose source has one move into their source's row (held_links.h).
constexpr Sql links_into_rows = R"(
CREATE TEMP TABLE held_types AS SELECT workspace_id, number FROM definitions WHERE kind = 3 AND json_extract(CAST(body AS TEXT), '$.source.cardinality') = 'HAS_ONE';
CREATE TABLE records_with_links (
  workspace_id INTEGER NOT NULL, type INTEGER NOT NULL, id BLOB NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  deleted_at INTEGER, version INTEGER NOT NULL, external_id BLOB, links BLOB NOT NULL, fields BLOB NOT NULL,
  PRIMARY KEY (workspace_id, type, id));
INSERT INTO records_with_links SELECT workspace_id, type, id, created_at, updated_at, deleted_at, version, external_id,
  (SELECT held_links(l.type, l.other_id) FROM links l WHERE l.workspace_id = r.workspace_id AND l.record_id = r.id AND l.side = 0
    AND (l.workspace_id, l.type) IN held_types), fields FROM records r ORDER BY rowid;
DELETE FROM links WHERE side = 0 AND (workspace_id, type) IN held_types;
DROP TABLE records;
ALTER TABLE records_with_links RENAME TO records;
DROP TABLE held_types;
)";

/// How far into its log the ends of a workspace's links are folded into their table (recent_ends.h).
constexpr Sql end_of_folded = R"(
ALTER TABLE workspaces ADD COLUMN ends_at INTEGER NOT NULL DEFAULT 0;
UPDATE workspaces SET ends_at = log_sequence;
)";

/// Each record's row moves to the place that its id tells (record_place.h).
constexpr Sql records_in_places = R"(
CREATE TABLE records_in_places (
  place INTEGER PRIMARY KEY, workspace_id INTEGER NOT NULL, type INTEGER NOT NULL, id BLOB NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  deleted_at INTEGER, version INTEGER NOT NULL, external_id BLOB, links BLOB NOT NULL, fields BLOB NOT NULL,
  UNIQUE (workspace_id, type, id));
INSERT INTO records_in_places SELECT place_of(id), workspace_id, type, id, created_at, updated_at, deleted_at, version, external_id, links, fields
  FROM records WHERE true ORDER BY rowid ON CONFLICT (place) DO NOTHING;
INSERT INTO records_in_places SELECT NULL, workspace_id, type, id, created_at, updated_at, deleted_at, version, external_id, links, fields
  FROM records r WHERE NOT EXISTS (SELECT 1 FROM records_in_places p WHERE p.workspace_id = r.workspace_id AND p.type = r.type AND p.id = r.id);
DROP TABLE records;
ALTER TABLE records_in_places RENAME TO records;
)";

/// Links that were a row each come together in pieces (link_pieces.h).
constexpr Sql table_of_pieces = R"(
ALTER TABLE links RENAME TO single_links;
CREATE TABLE links (
  workspace_id INTEGER NOT NULL, record_id BLOB NOT NULL, type INTEGER NOT NULL, side INTEGER NOT NULL, start BLOB NOT NULL, others BLOB NOT NULL,
  PRIMARY KEY (workspace_id, record_id, type, side, start)) WITHOUT ROWID;
)";

/// From the old table, in its order, into the new one.
void bring_links_together(Connection& connection) {
  constexpr std::size_t most_at_once = 100'000;
  {
    Statement old(connection, "SELECT workspace_id, record_id, type, side, other_id FROM single_links ORDER BY workspace_id, record_id, type, side, other_id");
    LinkPieces pieces(connection);
    auto row = old.use();
    std::vector<EndChange> alike;  // of one record, type and side
    RecordId of;
    Side at = Side::source;
    while (row.step()) {
      const auto side = static_cast<Side>(row.integer(3));
      const RecordId record = id_of(row.bytes(1)), other = id_of(row.bytes(4));
      const EndChange link{.record = side == Side::source ? other : record,
                           .source = side == Side::source ? record : other,
                           .workspace = {static_cast<std::uint32_t>(row.integer(0))},
                           .type = static_cast<model::LinkTypeNumber>(row.integer(2))};
      const bool goes_on = !alike.empty() && std::tie(alike.front().workspace, of, alike.front().type, at) == std::tie(link.workspace, record, link.type, side);
      if (!alike.empty() && (!goes_on || alike.size() == most_at_once)) {
        pieces.change(at, alike);
        alike.clear();
      }
      of = record;
      at = side;
      alike.push_back(link);
    }
    if (!alike.empty()) pieces.change(at, alike);
  }
  connection.run("DROP TABLE single_links");
}

struct Step {
  Sql sql;
  void (*fill)(Connection&) = nullptr;  // with what SQL cannot say
};

constexpr std::array<Step, 5> steps = {{{first_tables}, {links_into_rows}, {end_of_folded}, {records_in_places}, {table_of_pieces, bring_links_together}}};

HeldLinks*& links_of(sqlite3_context* context) {
  auto** const place = static_cast<HeldLinks**>(sqlite3_aggregate_context(context, sizeof(HeldLinks*)));
  if (!place) throw std::bad_alloc();
  return *place;
}

/// The aggregate `held_links(type, destination)` of that step: one record's links in the form of their column.
void define_held_links(Connection& connection) {
  const auto add = [](sqlite3_context* context, int, sqlite3_value** values) noexcept {
    HeldLinks*& links = links_of(context);
    if (!links) links = std::make_unique<HeldLinks>().release();
    const std::string_view id(static_cast<const char*>(sqlite3_value_blob(values[1])), static_cast<std::size_t>(sqlite3_value_bytes(values[1])));
    links->push_back({static_cast<model::LinkTypeNumber>(sqlite3_value_int64(values[0])), model::RecordId::from_bytes(id)});
  };
  const auto finish = [](sqlite3_context* context) noexcept {
    const std::unique_ptr<HeldLinks> links(links_of(context));
    if (links) std::sort(links->begin(), links->end());
    const std::string column = links ? encode_held_links(*links) : std::string();
    sqlite3_result_blob64(context, column.data(), column.size(), SQLITE_TRANSIENT);
  };
  sqlite3_create_function_v2(connection.handle(), "held_links", 2, SQLITE_UTF8, nullptr, nullptr, add, finish, nullptr);
}

std::int64_t read_pragma(Connection& connection, Sql sql) {
  Statement statement(connection, sql);
  auto use = statement.use();
  use.step();
  return use.integer(0);
}

std::int64_t user_version(Connection& connection) { return read_pragma(connection, "PRAGMA user_version"); }

}  // namespace

const std::int64_t newest_form = static_cast<std::int64_t>(steps.size());

bool is_current(Connection& connection) { return user_version(connection) == newest_form; }

void migrate(Connection& connection, std::int64_t form) {
  const std::int64_t now = user_version(connection);
  if (now > newest_form)
    throw StorageError(StorageError::Kind::other,
                       fmt::format("the data directory was written by a newer Plenoptic (form {}, this one knows {}); run that version or a newer one", now, newest_form));
  if (now >= form) return;
  define_held_links(connection);
  define_place_of(connection);
  // Zeros over a table that was copied would double what the log takes.
  const std::int64_t secure_delete = read_pragma(connection, "PRAGMA secure_delete");
  connection.pragma("secure_delete", 0);
  connection.run("BEGIN IMMEDIATE");
  for (std::int64_t number = now; number < form; ++number) {
    const Step& step = steps[static_cast<std::size_t>(number)];
    connection.run(step.sql);
    if (step.fill) step.fill(connection);
  }
  connection.pragma("user_version", form);
  connection.run("COMMIT");
  connection.pragma("secure_delete", secure_delete);
  connection.run("PRAGMA wal_checkpoint(TRUNCATE)");  // nobody else is here yet
}

}  // namespace plenoptic::storage::sqlite
