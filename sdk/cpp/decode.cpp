#include "decode.h"

namespace plenoptic::sdk {
namespace {

std::string text(const Json& json) { return json.is_string() ? json.string() : std::string(); }
std::optional<std::string> optional_text(const Json& json) { return json.is_string() ? std::optional(json.string()) : std::nullopt; }
bool flag(const Json& json) { return json.is_boolean() && json.boolean(); }

std::vector<std::string> texts(const Json& json) {
  std::vector<std::string> out;
  if (json.is_array())
    for (const Json& item : json.items()) out.push_back(text(item));
  return out;
}

/// Calls `visit(key, value)` for each member; nothing where it is no object.
template <typename Visit>
void each_member(const Json& json, Visit visit) {
  if (!json.is_object()) return;
  for (const auto& [key, value] : json.members()) visit(key, value);
}

std::optional<Direction> decode_direction(const Json& json) {
  if (!json.is_object()) return std::nullopt;
  return Direction{text(json.at("cardinality")), texts(json.at("values"))};
}

Relationship decode_relationship(const Json& json) {
  const Json& directions = json.at("directions");
  return {text(json.at("cardinality")), text(json.at("objectType")), texts(json.at("values")), decode_direction(directions.at("asSource")),
          decode_direction(directions.at("asDestination"))};
}

FieldDefinition decode_field_definition(const Json& json) {
  FieldDefinition field;
  field.id = text(json.at("id"));
  field.label = text(json.at("label"));
  field.value_type = text(json.at("valueType"));
  field.description = optional_text(json.at("description"));
  field.read_only = flag(json.at("readOnly"));
  field.type_configuration = json.at("typeConfiguration");
  const Json& options = field.type_configuration.at("options");
  if (options.is_array())
    for (const Json& option : options.items()) field.options.push_back({text(option.at("id")), text(option.at("label")), optional_text(option.at("description"))});
  return field;
}

}  // namespace

Record decode_record(const Json& json) {
  Record record;
  record.id = text(json.at("id"));
  record.created_at = text(json.at("createdAt"));
  record.updated_at = optional_text(json.at("updatedAt"));
  record.http_link = optional_text(json.at("httpLink"));
  record.external_id = optional_text(json.at("externalId"));
  each_member(json.at("fields"), [&](const std::string& key, const Json& value) { record.fields[key] = {value.at("value"), text(value.at("valueType"))}; });
  each_member(json.at("relationships"), [&](const std::string& key, const Json& value) { record.relationships[key] = decode_relationship(value); });
  record.raw = json;
  return record;
}

Page decode_page(const Json& json) {
  Page page;
  if (json.at("data").is_array())
    for (const Json& item : json.at("data").items()) page.data.push_back(decode_record(item));
  if (json.at("totalCount").is_number()) page.total_count = json.at("totalCount").number_as_int64().value_or(0);
  return page;
}

Definitions decode_definitions(const Json& json) {
  Definitions definitions;
  definitions.object_type = text(json.at("objectType"));
  each_member(json.at("fieldDefinitions"), [&](const std::string& key, const Json& value) { definitions.field_definitions[key] = decode_field_definition(value); });
  each_member(json.at("relationshipDefinitions"), [&](const std::string& key, const Json& value) {
    definitions.relationship_definitions[key] = {text(value.at("id")), text(value.at("label")), text(value.at("cardinality")), text(value.at("objectType")),
                                                 optional_text(value.at("description"))};
  });
  return definitions;
}

FieldHistory decode_history(const Json& json) {
  FieldHistory history;
  if (json.at("data").is_array())
    for (const Json& item : json.at("data").items())
      history.data.push_back({item.at("value"), text(item.at("displayValue")), text(item.at("valueType")), text(item.at("recordedAt")), flag(item.at("isCreate"))});
  history.has_more = flag(json.at("hasMore"));
  history.next_cursor = optional_text(json.at("nextCursor"));
  return history;
}

AuthValidation decode_validation(const Json& json) { return {flag(json.at("active")), text(json.at("tokenType")), text(json.at("subjectType")), texts(json.at("scopes"))}; }

}  // namespace plenoptic::sdk
