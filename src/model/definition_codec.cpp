#include "model/definition_codec.h"

#include <array>
#include <stdexcept>

#include "model/value_types.h"

namespace plenoptic::model {
namespace {

using base::Json;

constexpr std::array<std::string_view, 4> handle_services = {"TWITTER", "LINKEDIN", "FACEBOOK", "INSTAGRAM"};

std::string text(const Json& json, std::string_view key) {
  const Json& value = json.at(key);
  return value.is_string() ? value.string() : std::string();
}

std::optional<std::string> optional_text(const Json& json, std::string_view key) {
  const Json& value = json.at(key);
  if (!value.is_string()) return std::nullopt;
  return value.string();
}

bool flag(const Json& json, std::string_view key) {
  const Json& value = json.at(key);
  return value.is_boolean() && value.boolean();
}

std::uint32_t number(const Json& json, std::string_view key) {
  const Json& value = json.at(key);
  if (!value.is_number()) throw std::runtime_error("a definition lacks its number " + std::string(key));
  return static_cast<std::uint32_t>(value.number_as_int64().value_or(0));
}

/// Only what is true or set is written: documents stay small, and absent means the default.
void put(Json& json, std::string_view key, bool value) {
  if (value) json[key] = true;
}
void put(Json& json, std::string_view key, const std::optional<std::string>& value) {
  if (value) json[key] = *value;
}

Json option_to_json(const SelectOption& option) {
  Json json = Json::object({{"number", static_cast<std::int64_t>(option.number.value)}, {"id", option.id}, {"label", option.label}});
  put(json, "description", option.description);
  put(json, "parentId", option.parent_id);
  put(json, "retired", option.retired);
  return json;
}

SelectOption option_from_json(const Json& json) {
  SelectOption option;
  option.number = {number(json, "number")};
  option.id = text(json, "id");
  option.set_label(text(json, "label"));
  option.description = optional_text(json, "description");
  option.parent_id = optional_text(json, "parentId");
  option.retired = flag(json, "retired");
  return option;
}

Json end_to_json(const LinkTypeEnd& end) {
  Json json = Json::object({{"type", static_cast<std::int64_t>(end.type)}, {"key", end.key}, {"label", end.label}, {"cardinality", cardinality_name(end.cardinality)}});
  put(json, "required", end.required);
  put(json, "readOnly", end.read_only);
  put(json, "createOnly", end.create_only);
  return json;
}

LinkTypeEnd end_from_json(const Json& json) {
  LinkTypeEnd end;
  end.type = number(json, "type");
  end.key = text(json, "key");
  end.label = text(json, "label");
  end.cardinality = find_cardinality(text(json, "cardinality")).value_or(Cardinality::has_many);
  end.required = flag(json, "required");
  end.read_only = flag(json, "readOnly");
  end.create_only = flag(json, "createOnly");
  return end;
}

}  // namespace

std::string_view handle_service_name(HandleService service) { return handle_services[static_cast<std::size_t>(service)]; }

std::optional<HandleService> find_handle_service(std::string_view name) {
  for (std::size_t i = 0; i < handle_services.size(); ++i)
    if (handle_services[i] == name) return static_cast<HandleService>(i);
  return std::nullopt;
}

std::string_view cardinality_name(Cardinality cardinality) { return cardinality == Cardinality::has_one ? "HAS_ONE" : "HAS_MANY"; }

std::optional<Cardinality> find_cardinality(std::string_view name) {
  if (name == "HAS_ONE" || name == "has_one") return Cardinality::has_one;
  if (name == "HAS_MANY" || name == "has_many") return Cardinality::has_many;
  return std::nullopt;
}

Json object_type_to_json(const ObjectType& type) {
  Json json = Json::object({{"number", static_cast<std::int64_t>(type.number)}, {"slug", type.slug}, {"plural", type.plural}, {"label", type.label}, {"prefix", type.prefix}});
  put(json, "custom", type.custom);
  put(json, "customFields", type.custom_fields_allowed);
  return json;
}

ObjectType object_type_from_json(const Json& json) {
  ObjectType type;
  type.number = number(json, "number");
  type.slug = text(json, "slug");
  type.plural = text(json, "plural");
  type.label = text(json, "label");
  type.prefix = text(json, "prefix");
  type.custom = flag(json, "custom");
  type.custom_fields_allowed = flag(json, "customFields");
  return type;
}

Json field_to_json(const FieldDefinition& field) {
  Json json = Json::object(
      {{"number", static_cast<std::int64_t>(field.number)}, {"id", field.id}, {"key", field.key}, {"label", field.label}, {"valueType", value_type_row(field.type).name}});
  put(json, "description", field.description);
  put(json, "system", field.system);
  put(json, "required", field.required);
  put(json, "readOnly", field.read_only);
  put(json, "createOnly", field.create_only);
  put(json, "unique", field.unique);
  put(json, "multipleValues", field.multiple);
  put(json, "noHistory", !field.history);
  put(json, "currency", field.currency);
  put(json, "parentFieldKey", field.parent_field_key);
  if (field.handle_service) json["handleService"] = handle_service_name(*field.handle_service);
  if (!field.options.empty()) {
    Json::Array options;
    for (const SelectOption& option : field.options) options.push_back(option_to_json(option));
    json["options"] = std::move(options);
  }
  return json;
}

FieldDefinition field_from_json(const Json& json) {
  FieldDefinition field;
  field.number = number(json, "number");
  field.id = text(json, "id");
  field.key = text(json, "key");
  field.label = text(json, "label");
  const ValueTypeRow* row = find_value_type(text(json, "valueType"));
  if (!row) throw std::runtime_error("a stored field has no known value type: " + field.key);
  field.type = row->type;
  field.description = optional_text(json, "description");
  field.system = flag(json, "system");
  field.required = flag(json, "required");
  field.read_only = flag(json, "readOnly");
  field.create_only = flag(json, "createOnly");
  field.unique = flag(json, "unique");
  field.multiple = flag(json, "multipleValues");
  field.history = !flag(json, "noHistory");
  field.currency = optional_text(json, "currency");
  field.parent_field_key = optional_text(json, "parentFieldKey");
  field.handle_service = find_handle_service(text(json, "handleService"));
  if (const Json* options = json.find("options"); options && options->is_array())
    for (const Json& option : options->items()) field.options.push_back(option_from_json(option));
  return field;
}

Json link_type_to_json(const LinkType& link) {
  Json json =
      Json::object({{"number", static_cast<std::int64_t>(link.number)}, {"id", link.id}, {"source", end_to_json(link.ends[0])}, {"destination", end_to_json(link.ends[1])}});
  put(json, "description", link.description);
  put(json, "system", link.system);
  return json;
}

LinkType link_type_from_json(const Json& json) {
  LinkType link;
  link.number = number(json, "number");
  link.id = text(json, "id");
  link.description = optional_text(json, "description");
  link.system = flag(json, "system");
  link.ends = {end_from_json(json.at("source")), end_from_json(json.at("destination"))};
  return link;
}

}  // namespace plenoptic::model
