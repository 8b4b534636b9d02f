#include "services/lists.h"

#include <array>

#include "model/errors.h"
#include "model/system_schema.h"

namespace plenoptic::services {
namespace {

using base::Json;
using model::ObjectType;
namespace errors = model::errors;

struct ContentRow {
  std::string_view object_type;  // as read back
  std::string_view key;          // of the members
  ListContent content;
};
constexpr std::array<ContentRow, 3> contents = {{
    {"$account", "$accounts", {model::types::account, model::links::list_accounts}},
    {"$contact", "$contacts", {model::types::contact, model::links::list_contacts}},
    {"$opportunity", "$opportunities", {model::types::opportunity, model::links::list_opportunities}},
}};

/// The bare slug is accepted too (deprecated).
const ContentRow* find_content(std::string_view object_type) {
  for (const ContentRow& row : contents)
    if (object_type == row.object_type || object_type == row.object_type.substr(1)) return &row;
  return nullptr;
}

const ContentRow& content_of(const model::FieldValues& values) {
  const auto* text = std::get_if<std::string>(&values.get(model::fields::list_object_type));
  const ContentRow* row = text ? find_content(*text) : nullptr;
  if (!row) throw errors::list_object_type(text ? *text : "");
  return *row;
}

void check_members(const ContentRow& content, const RecordWrite& write) {
  for (const RelationshipOperation& operation : write.relationships)
    for (const ContentRow& row : contents)
      if (operation.relationship->key == row.key && row.key != content.key) throw errors::list_members_mismatch(row.key, content.key);
}

void check_kind(WriteContext& context, const ContentRow& content, const model::FieldValues& values, std::optional<model::RecordId> self) {
  const auto* kind = std::get_if<std::string>(&values.get(model::fields::list_kind));
  if (!kind) return;
  if (*kind != "target") throw errors::list_kind("must be 'target' or null.");
  if (content.content.type == model::types::opportunity) throw errors::list_kind("'target' is for lists of accounts or contacts only.");
  const auto holder = context.storage.find_unique_holder(context.workspace, model::types::list, model::fields::list_kind, "target");
  if (holder && holder != self) throw errors::second_target_list();
}

}  // namespace

ListContent list_content(const model::Record& list) { return content_of(model::decode_fields(list.fields)).content; }

model::Record create_list(WriteContext& context, const Json& fields, const Json& relationships) {
  const ObjectType& type = context.schema->type(model::types::list);
  RecordWrite write = parse_record_write(*context.schema, type, fields, relationships, WriteMode::create);
  const ContentRow& content = content_of(write.fields);
  write.fields.set(model::fields::list_object_type, std::string(content.object_type));
  check_members(content, write);
  check_kind(context, content, write.fields, std::nullopt);
  return create_record(context, type, write);
}

model::Record update_list(WriteContext& context, model::RecordId id, const RecordWrite& write) {
  const ObjectType& type = context.schema->type(model::types::list);
  const model::Record now = get_live_record(context.storage, context.workspace, type, id);
  const ContentRow& content = content_of(model::decode_fields(now.fields));
  check_members(content, write);
  write.refusal.tell();
  check_kind(context, content, write.fields, id);
  return update_record(context, type, id, write);
}

}  // namespace plenoptic::services
