#include <thread>

#include "api/envelope.h"
#include "api/handlers/handlers.h"
#include "model/system_schema.h"
#include "model/value_types.h"
#include "services/field_history.h"

namespace plenoptic::api::handlers {
namespace {

using model::ObjectType;
using services::WriteMode;
namespace errors = model::errors;
namespace links = model::links;

constexpr std::int64_t largest_page = 25;
constexpr std::int64_t largest_history_page = 100;

/// Links that the server adds to a new record: who made it.
services::ServerLinks server_links(const Call& call, const ObjectType& type, const services::RecordWrite& write) {
  const auto& member = call.write->actor.member;
  const auto given = [&](std::string_view key) -> std::optional<model::RecordId> {
    for (const auto& operation : write.relationships)
      if (operation.relationship->key == key && !operation.add.empty()) return operation.add.front();
    return std::nullopt;
  };
  if (type.number == model::types::note && member) return {{links::note_created_by, *member}};
  if (type.number == model::types::opportunity && member && !given("$createdBy")) return {{links::opportunity_created_by, *member}};
  if (type.number == model::types::task && !given("$createdBy")) {
    const auto creator = member ? member : given("$assignedTo");
    if (creator) return {{links::task_created_by, *creator}};
  }
  return {};
}

index::Life asked_life(const Call& call, const ObjectType& type) {
  const std::string* status = call.find_query("status");
  if (!status || status->empty() || *status == "active") return index::Life::live;
  if (*status != "trashed") throw errors::invalid_status();
  const std::string scope = type.plural + ":restore";
  if (!call.principal.has_scope(scope)) throw errors::missing_scope(scope);
  return index::Life::trashed;
}

bool has_trash(const ObjectType& type) { return type.number != model::types::list && type.number != model::types::member; }

/// What a record does not show must not be found out by a filter: only who may read the other end may ask. A list shows none of its members.
void require_scopes_of(const Call& call, const ObjectType& type, const model::Filter& filter) {
  for (const model::RelationshipPredicate& predicate : filter.relationships) {
    if (predicate.shown && type.number != model::types::list) continue;
    const std::string scope = call.schema().type(predicate.far_type).plural + ":read";
    if (!call.principal.has_scope(scope)) throw errors::missing_scope(scope);
  }
}

services::AnswerCache::Key answer_key(const Call& call, const ObjectType& type, model::RecordId id) {
  return {.workspace = call.workspace->id, .type = type, .record = id, .schema_version = call.schema().version()};
}

/// The rows of a page as JSON. Kept answers are copied under the index's lock; the others are read afterwards, in a
/// snapshot that agrees with the index.
struct Rows {
  index::Page page;
  std::vector<std::string> rows;
  std::vector<std::size_t> missing;
  std::uint64_t sequence = 0;
  std::uint64_t ticket = 0;
};

/// False where a commit stands in storage that the index has not been told of yet. Under the index's lock.
bool take_snapshot(Call& call, const index::WorkspaceIndex& index, Rows& rows) {
  rows.ticket = call.services.answers.ticket();
  auto snapshot = call.services.database.read();
  if (snapshot->log_sequence(call.workspace->id) != index.sequence()) return false;
  call.use_snapshot(std::move(snapshot));
  return true;
}

enum class SnapshotIs : std::uint8_t { taken_where_needed, taken_first };

/// Nothing where there is no snapshot that agrees. Taken first, it costs those a little that need none; taken after the query, those dear, whose
/// query lasts longer than the writes leave storage alone: they would ask for ever.
std::optional<Rows> find_rows(Call& call, const ObjectType& type, const index::WorkspaceIndex& index, const index::Query& query, SnapshotIs snapshot) {
  Rows found;
  const auto lock = index.read_lock();
  if (snapshot == SnapshotIs::taken_first && !take_snapshot(call, index, found)) return std::nullopt;
  found.page = index.query(query);
  found.sequence = index.sequence();
  found.rows.resize(found.page.ids.size());
  call.services.answers.expect(found.page.ids);
  for (std::size_t i = 0; i < found.rows.size(); ++i)
    if (query.life != index::Life::live || !call.services.answers.find(answer_key(call, type, found.page.ids[i]), found.rows[i], found.sequence)) found.missing.push_back(i);
  if (snapshot == SnapshotIs::taken_where_needed && !found.missing.empty() && !take_snapshot(call, index, found)) return std::nullopt;
  return found;
}

Rows read_rows(Call& call, const ObjectType& type, const index::Query& query) {
  const auto index = call.services.indexes.find_ready(call.workspace->id);
  if (!index) throw errors::lists_unavailable();
  std::optional<Rows> found = find_rows(call, type, *index, query, SnapshotIs::taken_where_needed);
  while (!found) {
    std::this_thread::yield();
    found = find_rows(call, type, *index, query, SnapshotIs::taken_first);
  }
  for (std::size_t i : found->missing) {
    const model::RecordId id = found->page.ids[i];
    const auto record = call.storage().find_record(call.workspace->id, type.number, id);
    if (!record) throw std::runtime_error("the index knows a record that storage has not");
    append_record(found->rows[i], call, type, *record);
    if (query.life == index::Life::live) call.services.answers.put(answer_key(call, type, id), found->ticket, found->sequence, found->rows[i]);
  }
  return std::move(*found);
}

}  // namespace

model::RecordId path_record_id(const Call& call, const ObjectType& type, std::string_view parameter) {
  const auto id = services::parse_public_id(type, call.path_parameter(parameter));
  if (!id) throw errors::no_resource(type.plural);
  return *id;
}

services::RecordWrite asked_write(const Call& call, WriteMode mode) {
  return services::parse_record_write(call.schema(), call.type(), call.body.at("fields"), call.body.at("relationships"), mode);
}

Answer definitions(Call& call) { return definitions_answer(call.schema(), call.type()); }

Answer create_record(Call& call) {
  const ObjectType& type = call.type();
  const auto write = asked_write(call, WriteMode::create);
  return record_answer(call, type, services::create_record(*call.write, type, write, server_links(call, type, write)));
}

Answer retrieve_record(Call& call) {
  const ObjectType& type = call.type();
  const model::RecordId id = path_record_id(call, type);
  services::AnswerCache& answers = call.services.answers;
  const services::AnswerCache::Key key = answer_key(call, type, id);
  Answer answer;
  if (answers.find(key, answer.body)) return answer;
  const std::uint64_t ticket = answers.ticket();
  answer = record_answer(call, type, services::get_live_record(call.storage(), call.workspace->id, type, id));
  answers.put(key, ticket, call.storage().log_sequence(call.workspace->id), answer.body);
  return answer;
}

Answer update_record(Call& call) {
  const ObjectType& type = call.type();
  const auto write = asked_write(call, WriteMode::update);
  return record_answer(call, type, services::update_record(*call.write, type, path_record_id(call, type), write));
}

Answer delete_record(Call& call) {
  const ObjectType& type = call.type();
  return record_answer(call, type, services::trash_record(*call.write, type, path_record_id(call, type)));
}

Answer restore_record(Call& call) {
  const ObjectType& type = call.type();
  return record_answer(call, type, services::restore_record(*call.write, type, path_record_id(call, type)));
}

Answer answer_list(Call& call, const ObjectType& type, const std::optional<model::RelationshipPredicate>& besides) {
  const index::Life life = has_trash(type) ? asked_life(call, type) : index::Life::live;
  auto filter = model::parse_filter(call.schema(), type, call.query);
  if (!filter) throw errors::from_problem(filter.error().problem, filter.error().param);
  require_scopes_of(call, type, *filter);
  if (besides) filter->relationships.push_back(*besides);
  const auto limit = query_integer(call, "limit", largest_page, 1, largest_page);
  if (!limit) throw errors::invalid_limit(largest_page);
  const auto offset = query_integer(call, "offset", 0, 0, INT64_MAX);
  if (!offset) throw errors::invalid_offset();
  const Rows rows = read_rows(call, type, {type.number, life, &*filter, static_cast<std::size_t>(*offset), static_cast<std::size_t>(*limit)});
  return list_answer(rows.rows, rows.page.total_count);
}

Answer list_records(Call& call) { return answer_list(call, call.type()); }

Answer field_history(Call& call) {
  const ObjectType& type = call.type();
  const auto limit = query_integer(call, "limit", 20, 1, largest_history_page);
  if (!limit) throw errors::invalid_limit(largest_history_page);
  const std::string& key = call.path_parameter("fieldKey");
  const model::FieldDefinition* field = type.find_field(key);
  if (!field) throw errors::unknown_field(type, key);
  if (!field->history) throw errors::field_without_history(type, key);
  const auto record = services::get_live_record(call.storage(), call.workspace->id, type, path_record_id(call, type));
  const std::string* after = call.find_query("after");
  const auto page = services::field_history(call.storage(), call.workspace->id, record, *field, static_cast<std::size_t>(*limit),
                                            after && !after->empty() ? std::optional(*after) : std::nullopt);
  Answer answer;
  answer.body = "{\"data\":[";
  for (const services::HistoryEntry& entry : page.entries) {
    if (answer.body.back() == '}') answer.body += ',';
    answer.body += "{\"value\":";
    model::write_value(*field, entry.value, answer.body);
    answer.body += ",\"displayValue\":";
    base::append_json_string(answer.body, model::display_value(*field, entry.value));
    answer.body +=
        ",\"valueType\":\"" + std::string(model::value_type_row(field->type).name) + "\",\"recordedAt\":\"" + base::format_timestamp(entry.recorded_at_ms) + "\",\"isCreate\":";
    answer.body += entry.is_create ? "true}" : "false}";
  }
  answer.body += "],\"hasMore\":";
  answer.body += page.next_cursor ? "true" : "false";
  answer.body += ",\"nextCursor\":";
  if (page.next_cursor)
    base::append_json_string(answer.body, *page.next_cursor);
  else
    answer.body += "null";
  answer.body += '}';
  return answer;
}

}  // namespace plenoptic::api::handlers
