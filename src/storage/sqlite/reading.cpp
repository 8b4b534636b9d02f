#include <algorithm>
#include <stdexcept>
#include <tuple>

#include <fmt/format.h>

#include "storage/sqlite/record_place.h"
#include "storage/sqlite/rows.h"
#include "storage/sqlite/transaction.h"

namespace plenoptic::storage::sqlite {
namespace {

using model::Change;
using model::Link;
using model::Record;
using model::Side;

bool in_order(const Link& a, const Link& b) { return std::tie(a.type, a.side, a.other) < std::tie(b.type, b.side, b.other); }

}  // namespace

ReadStatements::ReadStatements(Connection& connection)
    : begin(connection, "BEGIN"),
      end(connection, "COMMIT"),
      all_workspaces(connection, "SELECT id, slug, name, created_at, settings, schema_version, log_sequence FROM workspaces ORDER BY id"),
      one_workspace(connection, "SELECT id, slug, name, created_at, settings, schema_version, log_sequence FROM workspaces WHERE id = ?"),
      definitions(connection, "SELECT kind, object_type, number, body FROM definitions WHERE workspace_id = ? ORDER BY kind, object_type, number"),
      api_keys(connection,
               "SELECT workspace_id, id, hash, name, hint, scopes, member, created_by, created_at, expires_at, revoked_at, last_used_at FROM api_keys ORDER BY workspace_id, id"),
      find_record(connection, "SELECT workspace_id, id, type, links, created_at, updated_at, deleted_at, version, external_id, fields FROM records WHERE place = ?"),
      find_place(connection,
                 "SELECT place FROM records WHERE workspace_id = ?1 AND id = ?2 AND type IN (SELECT object_type FROM definitions WHERE workspace_id = ?1 AND kind = 1)"),
      // Every column stands in the key's index: the row itself is not read.
      is_live(connection,
              "SELECT NOT EXISTS (SELECT 1 FROM trash t WHERE t.workspace_id = r.workspace_id AND t.record_id = r.id)"
              " FROM records r WHERE workspace_id = ? AND type = ? AND id = ?"),
      scan_records(connection, "SELECT id, created_at, updated_at, deleted_at, version, external_id, fields FROM records WHERE workspace_id = ? AND type = ? ORDER BY id"),
      count_records(connection, "SELECT count(*) FROM records WHERE workspace_id = ? AND type = ?"),
      held_links(connection, "SELECT workspace_id, id, links FROM records WHERE place = ?"),
      in_trash(connection, "SELECT 1 FROM trash WHERE workspace_id = ? AND record_id = ?"),
      links_in_pieces(connection, "SELECT others FROM links WHERE workspace_id = ? AND record_id = ? AND type = ? AND side = ? ORDER BY start"),
      scan_held_links(connection, "SELECT id, links FROM records WHERE workspace_id = ? AND type = ? AND id BETWEEN ? AND ? ORDER BY id"),
      find_unique(connection, "SELECT holder FROM unique_values WHERE workspace_id = ? AND type = ? AND field = ? AND value = ?"),
      scan_unique(connection, "SELECT type, field, value, holder FROM unique_values WHERE workspace_id = ? ORDER BY type, field, value"),
      log_sequence(connection, "SELECT log_sequence FROM workspaces WHERE id = ?"),
      find_change(connection,
                  "SELECT sequence, previous_sequence, at, kind, type, record_id, actor, operation, request_id, idempotency_key, body"
                  " FROM change_log WHERE workspace_id = ? AND sequence = ?"),
      scan_log(connection,
               "SELECT sequence, previous_sequence, at, kind, type, record_id, actor, operation, request_id, idempotency_key, body"
               " FROM change_log WHERE workspace_id = ? AND sequence > ? ORDER BY sequence"),
      find_idempotent(connection, "SELECT subject, status, body, created_at FROM idempotency WHERE workspace_id = ? AND operation = ? AND record = ? AND key = ?"),
      scan_idempotent(connection, "SELECT workspace_id, operation, record, key, subject, status, body, created_at FROM idempotency"),
      greatest_id(connection, "SELECT max(id) FROM records WHERE workspace_id = ? AND type = ?") {}

template <typename Interface>
std::vector<Workspace> Reading<Interface>::workspaces() {
  std::vector<Workspace> found;
  auto rows = read_.all_workspaces.use();
  while (rows.step()) found.push_back(workspace_of(rows));
  return found;
}

template <typename Interface>
std::optional<Workspace> Reading<Interface>::find_workspace(WorkspaceId workspace) {
  auto row = read_.one_workspace.use();
  if (!row.bind(workspace.value).step()) return std::nullopt;
  return workspace_of(row);
}

template <typename Interface>
std::vector<Definition> Reading<Interface>::definitions(WorkspaceId workspace) {
  std::vector<Definition> found;
  auto rows = read_.definitions.use();
  rows.bind(workspace.value);
  while (rows.step())
    found.push_back(
        {static_cast<DefinitionKind>(rows.integer(0)), static_cast<TypeNumber>(rows.integer(1)), static_cast<std::uint32_t>(rows.integer(2)), std::string(rows.bytes(3))});
  return found;
}

template <typename Interface>
std::vector<ApiKey> Reading<Interface>::api_keys() {
  std::vector<ApiKey> found;
  auto rows = read_.api_keys.use();
  while (rows.step()) found.push_back(key_of(rows));
  return found;
}

template <typename Interface>
std::int64_t Reading<Interface>::step_to(Statement::Use& row, WorkspaceId workspace, RecordId id) {
  const std::int64_t place = place_of(id);
  if (!row.bind(place).step()) return no_place;
  if (row.integer(0) == workspace.value && id_of(row.bytes(1)) == id) return place;
  const auto key = id.bytes();
  auto elsewhere = read_.find_place.use();
  if (!elsewhere.bind(workspace.value, key).step()) return no_place;
  row.reset();
  return row.bind(elsewhere.integer(0)).step() ? elsewhere.integer(0) : no_place;
}

template <typename Interface>
std::optional<Record> Reading<Interface>::find_record(WorkspaceId workspace, TypeNumber type, RecordId id) {
  const bool at_hand = held_.is_of(workspace, id);
  if (!at_hand) let_go();
  auto row = read_.find_record.use();
  const std::int64_t place = step_to(row, workspace, id);
  if (place == no_place || row.integer(2) != type) return std::nullopt;
  if (!at_hand) hold(workspace, id, row.bytes(3), place);
  return record_of(row, 4, type, id);
}

template <typename Interface>
std::optional<bool> Reading<Interface>::is_live(WorkspaceId workspace, TypeNumber type, RecordId id) {
  const auto key = id.bytes();
  auto row = read_.is_live.use();
  if (!row.bind(workspace.value, type, key).step()) return std::nullopt;
  return row.integer(0) != 0;
}

template <typename Interface>
void Reading<Interface>::scan_records(WorkspaceId workspace, TypeNumber type, const std::function<void(const Record&)>& visit) {
  auto rows = read_.scan_records.use();
  rows.bind(workspace.value, type);
  while (rows.step()) visit(record_of(rows, 1, type, id_of(rows.bytes(0))));
}

template <typename Interface>
std::uint64_t Reading<Interface>::count_records(WorkspaceId workspace, TypeNumber type) {
  auto row = read_.count_records.use();
  row.bind(workspace.value, type).step();
  return static_cast<std::uint64_t>(row.integer(0));
}

template <typename Interface>
typename Reading<Interface>::Held& Reading<Interface>::held(WorkspaceId workspace, RecordId record) {
  if (held_.is_of(workspace, record)) return held_;
  let_go();
  if (take_up(workspace, record)) return held_;
  auto row = read_.held_links.use();
  const std::int64_t place = step_to(row, workspace, record);
  hold(workspace, record, place == no_place ? std::string_view() : row.bytes(2), place);
  return held_;
}

template <typename Interface>
void Reading<Interface>::hold(WorkspaceId workspace, RecordId record, std::string_view links, std::int64_t place) {
  held_.record = {};  // nobody's, where they do not decode
  try {
    held_.links.decode(links);
  } catch (const std::runtime_error& damage) {
    throw std::runtime_error(fmt::format("{}: record {}", damage.what(), record.text()));
  }
  held_.workspace = workspace;
  held_.record = record;
  held_.place = place;
}

template <typename Interface>
bool Reading<Interface>::is_in_trash(WorkspaceId workspace, RecordId record) {
  const auto key = record.bytes();
  return read_.in_trash.use().bind(workspace.value, key).step();
}

template <typename Interface>
std::vector<Link> Reading<Interface>::links(WorkspaceId workspace, RecordId record) {
  std::vector<Link> found;
  const HeldLinks& links = held(workspace, record).links;
  for (const HeldLink& link : links.all()) found.push_back(link_to(workspace, link.type, link.side, link.other));
  const auto of_row = static_cast<std::ptrdiff_t>(found.size());
  for (const HeldLinks::Set set : links.in_pieces())
    for_each_in_pieces(workspace, record, set, [&](RecordId other) { found.push_back(link_to(workspace, set.type, set.side, other)); });
  std::inplace_merge(found.begin(), found.begin() + of_row, found.end(), in_order);
  bring_up_to_date(workspace, record, std::nullopt, found);
  return found;
}

template <typename Interface>
void Reading<Interface>::bring_up_to_date(WorkspaceId workspace, RecordId record, std::optional<LinkTypeNumber> type, std::vector<Link>& links) {
  if (!recent_.has(pin_, workspace, record)) return;
  const std::vector<EndChange> changes = recent_.changes(pin_, workspace, record, end_of_log(workspace));
  const auto is_changed = [&](const Link& link) {
    const EndChange end{.record = record, .source = link.other, .workspace = workspace, .type = link.type};
    return link.side == Side::destination && std::binary_search(changes.begin(), changes.end(), end);
  };
  std::erase_if(links, is_changed);
  const auto stored = static_cast<std::ptrdiff_t>(links.size());
  for (const EndChange& change : changes)
    if (change.added && (!type || change.type == *type)) links.push_back(link_to(workspace, change.type, Side::destination, change.source));
  std::inplace_merge(links.begin(), links.begin() + stored, links.end(), in_order);
}

template <typename Interface>
std::vector<Link> Reading<Interface>::links(WorkspaceId workspace, const model::LinkType& type, Side side, RecordId record) {
  std::vector<Link> found;
  const HeldLinks& links = held(workspace, record).links;
  const HeldLinks::Set set{type.number, side};
  const auto add = [&](RecordId other) { found.push_back(link_to(workspace, type.number, side, other)); };
  for (const HeldLink& link : links.of(set)) add(link.other);
  if (links.are_in_pieces(set)) for_each_in_pieces(workspace, record, set, add);
  if (side == Side::destination) bring_up_to_date(workspace, record, type.number, found);
  return found;
}

template <typename Interface>
std::vector<TypeNumber> Reading<Interface>::object_types(WorkspaceId workspace) {
  std::vector<TypeNumber> types;
  for (const Definition& definition : definitions(workspace))
    if (definition.kind == DefinitionKind::object_type) types.push_back(definition.object_type);
  return types;
}

template <typename Interface>
template <typename Visit>
void Reading<Interface>::scan_stored_links(WorkspaceId workspace, RecordId first, RecordId last, std::optional<Side> only, const Visit& visit) {
  let_go();
  const auto from = first.bytes(), to = last.bytes();
  HeldLinks links;
  const auto is_asked_for = [only](Side side) { return !only || side == *only; };
  for (const TypeNumber type : object_types(workspace)) {
    auto rows = read_.scan_held_links.use();
    rows.bind(workspace.value, type, from, to);
    while (rows.step()) {
      const RecordId record = id_of(rows.bytes(0));
      links.decode(rows.bytes(1));
      for (const HeldLink& link : links.all())
        if (is_asked_for(link.side)) visit(record, link.type, link.side, link.other);
      for (const HeldLinks::Set set : links.in_pieces())
        if (is_asked_for(set.side)) for_each_in_pieces(workspace, record, set, [&](RecordId other) { visit(record, set.type, set.side, other); });
    }
  }
}

template <typename Interface>
template <typename Visit>
void Reading<Interface>::for_each_in_pieces(WorkspaceId workspace, RecordId record, HeldLinks::Set set, const Visit& visit) {
  const auto key = record.bytes();
  auto rows = read_.links_in_pieces.use();
  rows.bind(workspace.value, key, set.type, static_cast<int>(set.side));
  while (rows.step()) for_each_id(rows.bytes(0), visit);
}

template <typename Interface>
void Reading<Interface>::scan_links(WorkspaceId workspace, RecordId first, RecordId last, const Reader::LinkVisitor& visit) {
  scan_stored_links(workspace, first, last, Side::source, [&](RecordId source, LinkTypeNumber type, Side, RecordId destination) { visit(source, type, destination); });
}

template <typename Interface>
void Reading<Interface>::scan_link_ends(WorkspaceId workspace, const Reader::LinkEndVisitor& visit) {
  const std::vector<EndChange> changes = recent_.changes(pin_, workspace, end_of_log(workspace));
  for (const EndChange& change : changes)
    if (change.added) visit(change.record, change.type, Side::destination, change.source);
  scan_stored_links(workspace, RecordId(), RecordId::greatest(), std::nullopt, [&](RecordId record, LinkTypeNumber type, Side side, RecordId other) {
    const EndChange end{.record = record, .source = other, .workspace = workspace, .type = type};
    const bool is_changed = side == Side::destination && std::binary_search(changes.begin(), changes.end(), end);
    if (!is_changed) visit(record, type, side, other);
  });
}

template <typename Interface>
std::optional<RecordId> Reading<Interface>::find_unique_holder(WorkspaceId workspace, TypeNumber type, model::FieldNumber field, std::string_view value) {
  auto row = read_.find_unique.use();
  if (!row.bind(workspace.value, type, field, value).step()) return std::nullopt;
  return id_of(row.bytes(0));
}

template <typename Interface>
void Reading<Interface>::scan_unique(WorkspaceId workspace, const std::function<void(TypeNumber, model::FieldNumber, std::string_view, RecordId)>& visit) {
  auto rows = read_.scan_unique.use();
  rows.bind(workspace.value);
  while (rows.step()) visit(static_cast<TypeNumber>(rows.integer(0)), static_cast<model::FieldNumber>(rows.integer(1)), rows.bytes(2), id_of(rows.bytes(3)));
}

template <typename Interface>
std::uint64_t Reading<Interface>::log_sequence(WorkspaceId workspace) {
  auto row = read_.log_sequence.use();
  return row.bind(workspace.value).step() ? static_cast<std::uint64_t>(row.integer(0)) : 0;
}

template <typename Interface>
std::optional<Change> Reading<Interface>::find_change(WorkspaceId workspace, std::uint64_t sequence) {
  auto row = read_.find_change.use();
  if (!row.bind(workspace.value, sequence).step()) return std::nullopt;
  return change_of(row, workspace);
}

template <typename Interface>
void Reading<Interface>::scan_log(WorkspaceId workspace, std::uint64_t after, const std::function<bool(const Change&)>& visit) {
  auto rows = read_.scan_log.use();
  rows.bind(workspace.value, after);
  while (rows.step())
    if (!visit(change_of(rows, workspace))) return;
}

template <typename Interface>
std::optional<IdempotentAnswer> Reading<Interface>::find_idempotent(const IdempotencySpace& space) {
  auto row = read_.find_idempotent.use();
  if (!row.bind(space.workspace.value, space.operation, space.record, space.key).step()) return std::nullopt;
  return IdempotentAnswer{std::string(row.bytes(0)), static_cast<int>(row.integer(1)), std::string(row.bytes(2)), row.integer(3)};
}

template <typename Interface>
void Reading<Interface>::scan_idempotent(const std::function<void(const IdempotencySpace&, const IdempotentAnswer&)>& visit) {
  auto rows = read_.scan_idempotent.use();
  while (rows.step())
    visit({{static_cast<std::uint32_t>(rows.integer(0))}, rows.bytes(1), rows.bytes(2), rows.bytes(3)},
          {std::string(rows.bytes(4)), static_cast<int>(rows.integer(5)), std::string(rows.bytes(6)), rows.integer(7)});
}

template <typename Interface>
RecordId Reading<Interface>::greatest_record_id() {
  RecordId greatest;
  for (const Workspace& workspace : workspaces())
    for (const TypeNumber type : object_types(workspace.id)) {
      auto row = read_.greatest_id.use();
      if (row.bind(workspace.id.value, type).step() && !row.is_null(0)) greatest = std::max(greatest, id_of(row.bytes(0)));
    }
  return greatest;
}

template class Reading<Reader>;
template class Reading<Writer>;

}  // namespace plenoptic::storage::sqlite
