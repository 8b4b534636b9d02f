// Administration of fields, options and relationships. Extensions of the contract, below /admin/v1.
#include <algorithm>

#include "api/envelope.h"
#include "api/handlers/handlers.h"
#include "model/definition_codec.h"
#include "model/errors.h"
#include "services/data_model.h"

namespace plenoptic::api::handlers {
namespace {

using base::Json;

std::string text(const Call& call, std::string_view key) {
  const Json& value = call.body.at(key);
  return value.is_string() ? value.string() : std::string();
}

std::optional<std::string> optional_text(const Call& call, std::string_view key) {
  const Json& value = call.body.at(key);
  return value.is_string() ? std::optional(value.string()) : std::nullopt;
}

/// Absent: as it is. Null or blank: cleared.
std::optional<std::optional<std::string>> clearable_text(const Call& call, std::string_view key) {
  if (!call.body.find(key)) return std::nullopt;
  const auto sent = optional_text(call, key);
  return sent && !sent->empty() ? std::optional(sent) : std::optional(std::optional<std::string>());
}

std::optional<bool> optional_flag(const Call& call, std::string_view key) {
  const Json& value = call.body.at(key);
  return value.is_boolean() ? std::optional(value.boolean()) : std::nullopt;
}

services::DataModel data_model(Call& call) { return {*call.write, *call.workspace, call.services.workspace_sink}; }

Json field_json(std::string_view object_type, const model::FieldDefinition& field) {
  Json json = field_definition_json(field);
  json["objectType"] = object_type;
  json["key"] = field.key;
  json["required"] = field.required;
  return json;
}

Answer list_of(Json::Array data) {
  const auto total = static_cast<std::int64_t>(data.size());
  return json_answer(Json::object({{"object", "list"}, {"data", std::move(data)}, {"totalCount", total}}));
}

Json full_option_json(const model::SelectOption& option) {
  Json json = option_json(option);
  json["retired"] = option.retired;
  return json;
}

Json end_json(const model::Schema& schema, const model::LinkTypeEnd& end) {
  return Json::object({{"objectType", schema.type(end.type).slug},
                       {"key", end.key.empty() ? Json() : Json(end.key)},
                       {"label", end.label},
                       {"cardinality", model::cardinality_name(end.cardinality)}});
}

Json link_type_json(const model::Schema& schema, const model::LinkType& link) {
  return Json::object(
      {{"id", link.id}, {"key", link.ends[0].key}, {"system", link.system}, {"source", end_json(schema, link.ends[0])}, {"destination", end_json(schema, link.ends[1])}});
}

}  // namespace

Answer admin_create_field(Call& call) {
  services::NewField wanted;
  wanted.object_type = text(call, "objectType");
  wanted.key = text(call, "key");
  wanted.label = text(call, "label");
  wanted.description = optional_text(call, "description");
  wanted.value_type = text(call, "valueType");
  if (const Json* options = call.body.find("options"))
    for (const Json& option : options->items()) wanted.options.push_back(option.string());
  wanted.unique = optional_flag(call, "unique").value_or(false);
  wanted.multiple = optional_flag(call, "multipleValues").value_or(false);
  wanted.required = optional_flag(call, "required").value_or(false);
  wanted.currency = optional_text(call, "currency");
  wanted.handle_service = optional_text(call, "handleService");
  return json_answer(field_json(wanted.object_type, data_model(call).create_field(wanted)));
}

Answer admin_list_fields(Call& call) {
  const std::string* only = call.find_query("objectType");
  Json::Array data;
  for (const model::ObjectType& type : call.schema().object_types()) {
    if (only && !only->empty() && type.slug != *only) continue;
    for (const model::FieldDefinition& field : type.fields) data.push_back(field_json(type.slug, field));
  }
  return list_of(std::move(data));
}

Answer admin_update_field(Call& call) {
  const services::FieldUpdate wanted{optional_text(call, "label"), clearable_text(call, "description"), optional_flag(call, "unique"), optional_flag(call, "required")};
  const std::string object_type = text(call, "objectType");
  return json_answer(field_json(object_type, data_model(call).update_field(object_type, call.path_parameter("field"), wanted)));
}

Answer admin_create_option(Call& call) {
  return json_answer(full_option_json(data_model(call).create_option(text(call, "objectType"), text(call, "field"), text(call, "label"), optional_text(call, "description"))));
}

Answer admin_list_options(Call& call) {
  const auto named = [&](std::string_view key, std::string_view what) -> const std::string& {
    const std::string* sent = call.find_query(key);
    if (!sent || sent->empty()) throw model::errors::parameter_missing(key, what);
    return *sent;
  };
  const std::string& slug = named("objectType", "account, contact, opportunity, task or a custom object's slug");
  const std::string& key = named("field", "a select field's key or id");
  const model::ObjectType* type = call.schema().find_type(slug);
  if (!type) throw model::errors::admin_not_found("object type", slug);
  const auto field = std::find_if(type->fields.begin(), type->fields.end(), [&](const model::FieldDefinition& known) { return known.key == key || known.id == key; });
  if (field == type->fields.end()) throw model::errors::admin_not_found("field", key);
  Json::Array data;
  for (const model::SelectOption& option : field->options) data.push_back(full_option_json(option));
  return list_of(std::move(data));
}

Answer admin_update_option(Call& call) {
  services::OptionUpdate wanted{optional_text(call, "label"), clearable_text(call, "description"), optional_flag(call, "retired"), {}};
  if (const Json& position = call.body.at("position"); position.is_number())
    wanted.position = static_cast<std::size_t>(std::max<std::int64_t>(0, position.number_as_int64().value_or(0)));
  return json_answer(full_option_json(data_model(call).update_option(text(call, "objectType"), text(call, "field"), call.path_parameter("option"), wanted)));
}

Answer admin_create_relationship(Call& call) {
  services::NewRelationship wanted;
  wanted.key = text(call, "key");
  wanted.label = text(call, "label");
  wanted.description = optional_text(call, "description");
  wanted.source = text(call, "source");
  wanted.destination = text(call, "target");
  if (const auto cardinality = optional_text(call, "cardinality")) wanted.cardinality = *cardinality;
  wanted.inverse_key = optional_text(call, "inverseKey");
  wanted.inverse_label = optional_text(call, "inverseLabel");
  if (const auto cardinality = optional_text(call, "inverseCardinality")) wanted.inverse_cardinality = *cardinality;
  return json_answer(link_type_json(call.schema(), data_model(call).create_relationship(wanted)));
}

Answer admin_list_relationships(Call& call) {
  Json::Array data;
  for (const model::LinkType& link : call.schema().link_types()) data.push_back(link_type_json(call.schema(), link));
  return list_of(std::move(data));
}

Answer admin_update_relationship(Call& call) {
  const services::RelationshipUpdate wanted{optional_text(call, "label"), clearable_text(call, "description"), optional_text(call, "inverseLabel")};
  return json_answer(link_type_json(call.schema(), data_model(call).update_relationship(call.path_parameter("relationship"), wanted)));
}

}  // namespace plenoptic::api::handlers
