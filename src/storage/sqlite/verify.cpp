#include "storage/sqlite/verify.h"

#include <fmt/format.h>

namespace plenoptic::storage::sqlite {
namespace {

/// How many rows break a rule.
struct Rule {
  Sql count;
  const char* broken;
};

constexpr Rule rules[] = {
    {"SELECT count(*) FROM links l WHERE NOT EXISTS (SELECT 1 FROM links m WHERE m.workspace_id = l.workspace_id AND m.record_id = l.other_id AND m.type = l.type"
     " AND m.side = 1 - l.side AND m.other_id = l.record_id)",
     "links have one end only"},
    {"SELECT count(*) FROM trash t WHERE NOT EXISTS (SELECT 1 FROM records r WHERE r.workspace_id = t.workspace_id AND r.id = t.record_id AND r.deleted_at IS NOT NULL)",
     "entries of the trash are no trashed records"},
    {"SELECT count(*) FROM records r WHERE deleted_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM trash t WHERE t.workspace_id = r.workspace_id AND t.record_id = r.id)",
     "trashed records are missing from the trash"},
    {"SELECT count(*) FROM unique_values u WHERE NOT EXISTS (SELECT 1 FROM records r WHERE r.workspace_id = u.workspace_id AND r.type = u.type AND r.id = u.holder"
     " AND r.deleted_at IS NULL)",
     "unique values belong to no live record"},
    {"SELECT count(*) FROM workspaces w WHERE log_sequence <> (SELECT count(*) FROM change_log c WHERE c.workspace_id = w.id)"
     " OR log_sequence <> (SELECT coalesce(max(sequence), 0) FROM change_log c WHERE c.workspace_id = w.id)",
     "workspaces' logs have gaps"},
    {"SELECT count(*) FROM records r WHERE NOT EXISTS (SELECT 1 FROM change_log c WHERE c.workspace_id = r.workspace_id AND c.sequence = r.version AND c.record_id = r.id)",
     "records' versions are not in the log"},
};

void check_decoding(Reader& snapshot, std::vector<std::string>& problems) {
  for (const Workspace& workspace : snapshot.workspaces())
    for (const Definition& definition : snapshot.definitions(workspace.id)) {
      if (definition.kind != DefinitionKind::object_type) continue;
      snapshot.scan_records(workspace.id, definition.object_type, [&](const model::Record& record) {
        try {
          model::decode_fields(record.fields);
        } catch (const std::exception&) {
          problems.push_back(fmt::format("record {} of workspace {} does not decode", record.id.text(), workspace.slug));
        }
      });
    }
}

}  // namespace

std::vector<std::string> verify_database(Connection& connection, Reader& snapshot) {
  std::vector<std::string> problems;
  Statement integrity(connection, "PRAGMA integrity_check(20)");
  auto rows = integrity.use();
  while (rows.step())
    if (rows.bytes(0) != "ok") problems.emplace_back(rows.bytes(0));
  for (const Rule& rule : rules) {
    Statement statement(connection, rule.count);
    auto row = statement.use();
    row.step();
    if (row.integer(0) != 0) problems.push_back(fmt::format("{} {}", row.integer(0), rule.broken));
  }
  check_decoding(snapshot, problems);
  return problems;
}

}  // namespace plenoptic::storage::sqlite
