#include "services/records.h"

#include <algorithm>

#include "model/errors.h"
#include "model/value_types.h"
#include "model/value_types/parsing.h"

namespace plenoptic::services {
namespace {

using base::Json;
using model::Change;
using model::ChangeKind;
using model::FieldDefinition;
using model::FieldValues;
using model::ObjectType;
using model::Record;
using model::RecordId;
using model::Value;
namespace errors = model::errors;

bool is_blank(const Json& input) { return input.is_string() && model::value_types::trimmed(input.string()).empty(); }

model::Value parse_field(const ObjectType& type, const FieldDefinition& field, const Json& input, WriteMode mode) {
  if (field.read_only) throw errors::read_only_field(type, field.key);
  if (field.create_only && mode == WriteMode::update) throw errors::create_only_field(type, field.key);
  if (field.required && is_blank(input)) throw errors::required_field_blank(type, field.slug());
  auto value = model::parse_value(field, input);
  if (!value) throw errors::from_problem(value.error(), "fields." + field.key);
  if (field.required && model::is_unset(*value)) throw errors::required_field_blank(type, field.slug());
  return std::move(*value);
}

void require_all(const ObjectType& type, const Json& fields, const Json& relationships) {
  for (const FieldDefinition& field : type.fields)
    if (field.required && !fields.find(field.key)) throw errors::missing_field(type, field.key);
  for (const auto& relationship : type.relationships)
    if (relationship.required && !relationships.find(relationship.key)) throw errors::missing_relationship(type, relationship.key);
}

/// Keeps the table of unique values in step with a record's life and values.
class UniqueValues {
 public:
  UniqueValues(WriteContext& context, const ObjectType& type, RecordId record) : context_(context), type_(type), record_(record) {}

  void replace(const FieldDefinition& field, const Value& before, const Value& after) {
    const auto old_forms = model::unique_forms(field, before);
    const auto new_forms = model::unique_forms(field, after);
    for (const std::string& form : old_forms)
      if (!contains(new_forms, form)) context_.storage.remove_unique(context_.workspace, type_.number, field.number, form, record_);
    for (const std::string& form : new_forms)
      if (!contains(old_forms, form)) take(field, form);
  }

  void release_all(const FieldValues& values) {
    for (const FieldDefinition* field : unique_fields()) replace(*field, values.get(field->number), {});
  }

  void take_all_back(const FieldValues& values) {
    for (const FieldDefinition* field : unique_fields())
      for (const std::string& form : model::unique_forms(*field, values.get(field->number))) {
        const auto holder = other_holder(*field, form);
        if (holder) throw errors::unique_value_taken_on_restore(field->key, shown(*holder));
        context_.storage.put_unique(context_.workspace, type_.number, field->number, form, record_);
      }
  }

 private:
  static bool contains(const std::vector<std::string>& forms, const std::string& form) { return std::find(forms.begin(), forms.end(), form) != forms.end(); }

  std::optional<RecordId> other_holder(const FieldDefinition& field, const std::string& form) {
    const auto holder = context_.storage.find_unique_holder(context_.workspace, type_.number, field.number, form);
    return holder && *holder != record_ ? holder : std::nullopt;
  }

  void take(const FieldDefinition& field, const std::string& form) {
    if (const auto holder = other_holder(field, form)) throw errors::unique_value_taken(field.key, form, shown(*holder));
    context_.storage.put_unique(context_.workspace, type_.number, field.number, form, record_);
  }

  std::optional<std::string> shown(RecordId holder) const { return context_.may_read && !context_.may_read(type_) ? std::nullopt : std::optional(model::public_id(type_, holder)); }

  std::vector<const FieldDefinition*> unique_fields() const {
    std::vector<const FieldDefinition*> found;
    for (const FieldDefinition& field : type_.fields)
      if (field.unique) found.push_back(&field);
    return found;
  }

  WriteContext& context_;
  const ObjectType& type_;
  RecordId record_;
};

Record get_record(WriteContext& context, const ObjectType& type, RecordId id) {
  auto found = context.storage.find_record(context.workspace, type.number, id);
  if (!found) throw errors::no_resource(type.plural);
  return std::move(*found);
}

Change change_of(const Record& record, ChangeKind kind) {
  Change change;
  change.kind = kind;
  change.type = record.type;
  change.record = record.id;
  change.previous_sequence = record.version;
  return change;
}

/// The row's form. What a body brings is limited, and what many of them bring together is here: rows, answers and log entries hold all of a record.
/// One that is larger (from before there was a limit) may still shrink.
std::string encode_within_limit(const FieldValues& values, std::size_t bytes_before) {
  constexpr std::size_t most = 16 << 20;
  std::string encoded = model::encode_fields(values);
  if (encoded.size() > most && encoded.size() > bytes_before) throw errors::record_too_large(most);
  return encoded;
}

/// Puts what differs into `change` and into `values`.
void merge_fields(UniqueValues& unique, const ObjectType& type, const FieldValues& wanted, FieldValues& values, Change& change) {
  for (const auto& [number, after] : wanted.entries()) {
    const Value before = values.get(number);
    if (before == after) continue;
    const FieldDefinition* field = type.find_field(number);
    if (field->unique) unique.replace(*field, before, after);
    change.before.set(number, before);
    change.after.set(number, after);
    if (model::is_unset(after))
      values.erase(number);
    else
      values.set(number, after);
  }
}

std::vector<RecordId> neighbours_of(WriteContext& context, RecordId id) {
  std::vector<RecordId> ids;
  for (const model::Link& link : context.storage.links(context.workspace, id)) ids.push_back(link.other);
  return ids;
}

void append_and_store(WriteContext& context, Record& record, Change change) {
  record.version = context.append(std::move(change));
  record.updated_at_ms = std::max(context.now_ms, record.updated_at_ms);  // a restart may find the clock behind
  context.storage.update_record(context.workspace, record);
}

}  // namespace

RecordWrite parse_record_write(const model::Schema& schema, const ObjectType& type, const Json& fields, const Json& relationships, WriteMode mode) {
  RecordWrite write;
  if (!fields.is_null()) {
    for (const auto& [key, input] : fields.members()) {
      const FieldDefinition* field = type.find_field(key);
      if (!field) throw errors::unknown_field(type, key);
      write.refusal.keep([&] { write.fields.set(field->number, parse_field(type, *field, input, mode)); });
    }
  }
  if (!relationships.is_null()) write.relationships = parse_relationships(schema, type, relationships, mode, write.refusal);
  if (mode == WriteMode::create) {
    write.refusal.tell();
    require_all(type, fields, relationships);
  }
  return write;
}

Record create_record(WriteContext& context, const ObjectType& type, const RecordWrite& write, const ServerLinks& server_links) {
  Record record;
  record.type = type.number;
  record.id = context.ids.next(context.now_ms);
  record.created_at_ms = record.updated_at_ms = record.id.milliseconds();

  Change change = change_of(record, ChangeKind::created);
  FieldValues values;
  UniqueValues unique(context, type, record.id);
  merge_fields(unique, type, write.fields, values, change);
  change.before = {};
  record.fields = encode_within_limit(values, 0);
  change.links = apply_relationships(context, type, record.id, write.relationships);
  for (const auto& [link_type, target] : server_links)
    if (context.storage.add_link(context.workspace, context.schema->link_type(link_type), record.id, target)) change.links.push_back({link_type, record.id, target, true});
  record.version = context.append(std::move(change));
  context.storage.insert_record(context.workspace, record);
  return record;
}

Record update_record(WriteContext& context, const ObjectType& type, RecordId id, const RecordWrite& write) {
  Record record = get_record(context, type, id);
  if (!record.live()) throw errors::no_resource(type.plural);
  write.refusal.tell();
  Change change = change_of(record, ChangeKind::updated);
  if (!write.fields.empty()) {
    FieldValues values = model::decode_fields(record.fields);
    UniqueValues unique(context, type, id);
    merge_fields(unique, type, write.fields, values, change);
    if (!change.after.empty()) record.fields = encode_within_limit(values, record.fields.size());
  }
  change.links = apply_relationships(context, type, id, write.relationships);
  if (!change.after.empty() || !change.links.empty()) append_and_store(context, record, std::move(change));
  return record;
}

Record trash_record(WriteContext& context, const ObjectType& type, RecordId id) {
  Record record = get_record(context, type, id);
  if (!record.live()) return record;
  UniqueValues(context, type, id).release_all(model::decode_fields(record.fields));
  record.deleted_at_ms = context.now_ms;
  context.storage.set_trashed(context.workspace, id, true);
  Change change = change_of(record, ChangeKind::trashed);
  change.neighbours = neighbours_of(context, id);
  append_and_store(context, record, std::move(change));
  return record;
}

Record restore_record(WriteContext& context, const ObjectType& type, RecordId id) {
  Record record = get_record(context, type, id);
  if (record.live()) return record;
  UniqueValues(context, type, id).take_all_back(model::decode_fields(record.fields));
  record.deleted_at_ms.reset();
  // Live again before its links are looked at: which of them show depends on it.
  context.storage.set_trashed(context.workspace, id, false);
  Change change = change_of(record, ChangeKind::restored);
  change.neighbours = neighbours_of(context, id);
  change.links = drop_taken_links(context, id);
  append_and_store(context, record, std::move(change));
  return record;
}

Record get_live_record(storage::Reader& storage, model::WorkspaceId workspace, const ObjectType& type, RecordId id) {
  auto found = storage.find_record(workspace, type.number, id);
  if (!found || !found->live()) throw errors::no_resource(type.plural);
  return std::move(*found);
}

}  // namespace plenoptic::services
