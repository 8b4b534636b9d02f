#include "storage/sqlite/verify.h"

#include <stdexcept>

#include <fmt/format.h>

#include "storage/sqlite/held_links.h"
#include "storage/sqlite/record_place.h"

namespace plenoptic::storage::sqlite {
namespace {

/// How many rows break a rule, and one of them.
struct Rule {
  Sql broken;
  const char* meaning;
};

/// Each walks one table by its key and looks the others up by theirs.
constexpr Rule record_rules[] = {
    {"SELECT count(*), min(l.record_id) FROM links l WHERE NOT EXISTS (SELECT 1 FROM records r WHERE r.workspace_id = l.workspace_id AND r.id = l.record_id"
     " AND r.type IN (SELECT d.object_type FROM definitions d WHERE d.workspace_id = l.workspace_id AND d.kind = 1) AND are_in_pieces(r.links, l.type, l.side))",
     "rows of links are of no record whose own row says that it has such"},
    {"SELECT count(*), min(l.record_id) FROM links l WHERE length(others) NOT BETWEEN 1 AND 16 * 27 OR length(others) % 16 <> 0 OR length(start) NOT IN (0, 16) OR substr(others, 1, 16) < start"
     " OR substr(others, -16) >= (SELECT min(n.start) FROM links n WHERE n.workspace_id = l.workspace_id AND n.record_id = l.record_id AND n.type = l.type AND n.side = l.side"
     " AND n.start > l.start)",
     "rows of links have other ids than their pieces may"},
    {"SELECT count(*), min(t.record_id) FROM trash t WHERE NOT EXISTS (SELECT 1 FROM records r WHERE r.workspace_id = t.workspace_id AND r.id = t.record_id"
     " AND r.deleted_at IS NOT NULL AND r.type IN (SELECT d.object_type FROM definitions d WHERE d.workspace_id = t.workspace_id AND d.kind = 1))",
     "entries of the trash are no trashed records"},
    {"SELECT count(*), min(r.id) FROM records r WHERE deleted_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM trash t WHERE t.workspace_id = r.workspace_id AND t.record_id = r.id)",
     "trashed records are missing from the trash"},
    {"SELECT count(*), min(r.id) FROM records r WHERE NOT EXISTS (SELECT 1 FROM definitions d WHERE d.workspace_id = r.workspace_id AND d.kind = 1 AND d.object_type = r.type"
     " AND d.number = 0)",
     "records are of no object type"},
    {"SELECT count(*), min(u.holder) FROM unique_values u WHERE NOT EXISTS (SELECT 1 FROM records r WHERE r.workspace_id = u.workspace_id AND r.type = u.type AND r.id = u.holder"
     " AND r.deleted_at IS NULL)",
     "unique values belong to no live record"},
    {"SELECT count(*), min(r.id) FROM records r WHERE NOT EXISTS (SELECT 1 FROM change_log c WHERE c.workspace_id = r.workspace_id AND c.sequence = r.version"
     " AND c.record_id = r.id)",
     "records' versions are not in the log"},
    {"SELECT count(*), min(r.id) FROM records r WHERE place <> place_of(id) AND NOT EXISTS (SELECT 1 FROM records o WHERE o.place = place_of(r.id))",
     "records stand elsewhere than their ids say, and their places are free"},
};

/// The same for rows that no record id names.
constexpr Rule workspace_rules[] = {
    {"SELECT count(*), min(w.id) FROM workspaces w WHERE log_sequence <> (SELECT count(*) FROM change_log c WHERE c.workspace_id = w.id)"
     " OR log_sequence <> (SELECT coalesce(max(sequence), 0) FROM change_log c WHERE c.workspace_id = w.id)"
     " OR 1 > (SELECT coalesce(min(sequence), 1) FROM change_log c WHERE c.workspace_id = w.id)",
     "workspaces' logs have gaps"},
    {"SELECT count(*), min(id) FROM workspaces WHERE ends_at > log_sequence", "workspaces have ends of links from past their logs' end"},
    {"SELECT count(*), min(workspace_id) FROM (SELECT workspace_id FROM records UNION SELECT workspace_id FROM change_log UNION SELECT workspace_id FROM links"
     " UNION SELECT workspace_id FROM definitions UNION SELECT workspace_id FROM unique_values UNION SELECT workspace_id FROM api_keys)"
     " WHERE workspace_id NOT IN (SELECT id FROM workspaces)",
     "workspaces have rows and are none"},
};

/// `are_in_pieces(links, type, side)`: what a record's row says of one of its sets. False where the row does not decode, which who reads it says.
void define_are_in_pieces(Connection& connection) {
  const auto answer = [](sqlite3_context* context, int, sqlite3_value** values) noexcept {
    const std::string_view column(static_cast<const char*>(sqlite3_value_blob(values[0])), static_cast<std::size_t>(sqlite3_value_bytes(values[0])));
    const HeldLinks::Set set{static_cast<model::LinkTypeNumber>(sqlite3_value_int64(values[1])), static_cast<model::Side>(sqlite3_value_int(values[2]))};
    HeldLinks links;
    try {
      links.decode(column);
    } catch (const std::runtime_error&) {
      links.clear();
    }
    sqlite3_result_int(context, links.are_in_pieces(set) ? 1 : 0);
  };
  sqlite3_create_function_v2(connection.handle(), "are_in_pieces", 3, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr, answer, nullptr, nullptr, nullptr);
}

void check_file(Connection& connection, std::vector<std::string>& problems) {
  Statement integrity(connection, "PRAGMA integrity_check(20)");
  auto rows = integrity.use();
  while (rows.step())
    if (rows.bytes(0) != "ok") problems.push_back("SQLite's integrity check: " + std::string(rows.bytes(0)));
}

}  // namespace

std::vector<std::string> verify_database(Connection& connection) {
  std::vector<std::string> problems;
  check_file(connection, problems);
  define_place_of(connection);
  define_are_in_pieces(connection);
  for (const Rule& rule : record_rules) {
    Statement statement(connection, rule.broken);
    auto row = statement.use();
    row.step();
    if (row.integer(0) == 0) continue;
    const std::string_view id = row.bytes(1);
    problems.push_back(fmt::format("{} {}, one of them of record {}", row.integer(0), rule.meaning, id.size() == 16 ? RecordId::from_bytes(id).text() : "with an id that is none"));
  }
  for (const Rule& rule : workspace_rules) {
    Statement statement(connection, rule.broken);
    auto row = statement.use();
    row.step();
    if (row.integer(0) != 0) problems.push_back(fmt::format("{} {}, one of them number {}", row.integer(0), rule.meaning, row.integer(1)));
  }
  return problems;
}

}  // namespace plenoptic::storage::sqlite
