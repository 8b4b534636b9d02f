#include "storage/sqlite/migrations.h"

#include <algorithm>
#include <array>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

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

/// Links whose source has one move into their source's row, in the order of their types: 4 bytes of type and 16 of id each.
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

/// What takes the place of `records`, since each row is another.
constexpr Sql table_of_records_with_links = R"(
CREATE TABLE records_with_links (
  place INTEGER PRIMARY KEY, workspace_id INTEGER NOT NULL, type INTEGER NOT NULL, id BLOB NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  deleted_at INTEGER, version INTEGER NOT NULL, external_id BLOB, links BLOB NOT NULL, fields BLOB NOT NULL,
  UNIQUE (workspace_id, type, id));
)";

constexpr std::size_t type_bytes = 4, single_link_bytes = type_bytes + model::RecordId::byte_count;

void append_single_link(std::string& column, model::LinkTypeNumber type, std::string_view id) {
  for (int shift = 24; shift >= 0; shift -= 8) column += static_cast<char>(type >> shift);
  column += id;
}

void hold_single_links(std::string_view column, HeldLinks& links) {
  if (column.size() % single_link_bytes != 0) throw StorageError(StorageError::Kind::corrupt, "the links in a record's row do not decode");
  for (; !column.empty(); column.remove_prefix(single_link_bytes)) {
    model::LinkTypeNumber type = 0;
    for (const char part : column.substr(0, type_bytes)) type = type << 8 | static_cast<unsigned char>(part);
    links.change({type, Side::source, id_of(column.substr(type_bytes, model::RecordId::byte_count))}, true);
  }
}

/// From `links`, the sets of one record that are few; the others are told in its row.
class SetsOfRecords {
 public:
  explicit SetsOfRecords(Connection& connection)
      : sets_(connection, "SELECT type, side, sum(length(others)) FROM links WHERE workspace_id = ? AND record_id = ? GROUP BY type, side"),
        pieces_of_(connection, "SELECT others FROM links WHERE workspace_id = ? AND record_id = ? AND type = ? AND side = ?"),
        drop_(connection, "DELETE FROM links WHERE workspace_id = ? AND record_id = ? AND type = ? AND side = ?"),
        pieces_(connection) {}

  void hold(WorkspaceId workspace, RecordId record, HeldLinks& links) {
    const auto key = record.bytes();
    std::vector<HeldLinks::Set> few;
    auto sets = sets_.use();
    for (sets.bind(workspace.value, key); sets.step();) {
      const HeldLinks::Set set{static_cast<model::LinkTypeNumber>(sets.integer(0)), static_cast<Side>(sets.integer(1))};
      const bool are_few = static_cast<std::size_t>(sets.integer(2)) <= HeldLinks::most * model::RecordId::byte_count;
      if (!are_few && !links.of(set).empty()) throw StorageError(StorageError::Kind::corrupt, "a record's row and others have links of one set");
      are_few ? few.push_back(set) : links.mark_in_pieces(set);
    }
    sets.reset();
    for (const HeldLinks::Set set : few) {
      auto pieces = pieces_of_.use();
      for (pieces.bind(workspace.value, key, set.type, static_cast<int>(set.side)); pieces.step();)
        for_each_id(pieces.bytes(0), [&](model::RecordId other) { links.change({set.type, set.side, other}, true); });
      drop_.use().bind(workspace.value, key, set.type, static_cast<int>(set.side)).run();
    }
    while (links.are_too_many()) pieces_.add(workspace, record, links.move_largest_out());
  }

 private:
  Statement sets_, pieces_of_, drop_;
  LinkPieces pieces_;
};

/// A record's links come into its row (held_links.h).
void bring_links_into_rows(Connection& connection) {
  {
    Statement rows(connection, "SELECT place, workspace_id, id, links FROM records ORDER BY place");
    Statement copy(connection,
                   "INSERT INTO records_with_links SELECT place, workspace_id, type, id, created_at, updated_at, deleted_at, version, external_id, ?2, fields"
                   " FROM records WHERE place = ?1");
    SetsOfRecords sets(connection);
    HeldLinks links;
    auto row = rows.use();
    while (row.step()) {
      links.clear();
      hold_single_links(row.bytes(3), links);
      sets.hold({static_cast<std::uint32_t>(row.integer(1))}, id_of(row.bytes(2)), links);
      copy.use().bind(row.integer(0), links.encode()).run();
    }
  }
  connection.run("DROP TABLE records; ALTER TABLE records_with_links RENAME TO records");
}

struct Step {
  Sql sql;
  void (*fill)(Connection&) = nullptr;  // with what SQL cannot say
};

constexpr std::array<Step, 6> steps = {
    {{first_tables}, {links_into_rows}, {end_of_folded}, {records_in_places}, {table_of_pieces, bring_links_together}, {table_of_records_with_links, bring_links_into_rows}}};

using SingleLinks = std::vector<std::pair<model::LinkTypeNumber, std::string>>;  // and the destination's bytes

SingleLinks*& links_of(sqlite3_context* context) {
  auto** const place = static_cast<SingleLinks**>(sqlite3_aggregate_context(context, sizeof(SingleLinks*)));
  if (!place) throw std::bad_alloc();
  return *place;
}

/// The aggregate `held_links(type, destination)` of that step: one record's links in the form that their column had.
void define_held_links(Connection& connection) {
  const auto add = [](sqlite3_context* context, int, sqlite3_value** values) noexcept {
    SingleLinks*& links = links_of(context);
    if (!links) links = std::make_unique<SingleLinks>().release();
    links->emplace_back(static_cast<model::LinkTypeNumber>(sqlite3_value_int64(values[0])),
                        std::string(static_cast<const char*>(sqlite3_value_blob(values[1])), static_cast<std::size_t>(sqlite3_value_bytes(values[1]))));
  };
  const auto finish = [](sqlite3_context* context) noexcept {
    const std::unique_ptr<SingleLinks> links(links_of(context));
    std::string column;
    if (links) {
      std::sort(links->begin(), links->end());
      for (const auto& [type, id] : *links) append_single_link(column, type, id);
    }
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
  try {
    for (std::int64_t number = now; number < form; ++number) {
      const Step& step = steps[static_cast<std::size_t>(number)];
      connection.run(step.sql);
      if (step.fill) step.fill(connection);
    }
  } catch (const StorageError&) {
    throw;
  } catch (const std::runtime_error& damage) {
    throw StorageError(StorageError::Kind::corrupt, damage.what());
  }
  connection.pragma("user_version", form);
  connection.run("COMMIT");
  connection.pragma("secure_delete", secure_delete);
  // Nobody else is here yet. Where it cannot be, for want of space say, the log has it all the same.
  sqlite3_wal_checkpoint_v2(connection.handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
}

}  // namespace plenoptic::storage::sqlite
