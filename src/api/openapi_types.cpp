#include "api/openapi_types.h"

#include <algorithm>

#include "model/definition_codec.h"
#include "model/filter.h"
#include "model/system_schema.h"
#include "model/value_types.h"
#include "services/relationships.h"

namespace plenoptic::api {
namespace {

using base::Json;
using model::FieldDefinition;
using model::ObjectType;
using model::RelationshipDefinition;
using model::ValueType;

Json reference(std::string_view name) { return Json::object({{"$ref", "#/components/schemas/" + std::string(name)}}); }
Json of_type(std::string_view type) { return Json::object({{"type", type}}); }
Json list_of(Json items) { return Json::object({{"type", "array"}, {"items", std::move(items)}}); }

/// In a document for everyone an option's id is left out: each workspace has its own.
Json options_json(const FieldDefinition& field) {
  Json::Array options;
  for (const model::SelectOption& option : field.options) {
    Json json = Json::object({{"label", option.label}});
    if (option.id != "opt_") json["id"] = option.id;
    if (option.retired) json["retired"] = true;
    options.push_back(std::move(json));
  }
  return options;
}

Json set_value_schema(const FieldDefinition& field) {
  switch (field.type) {
    case ValueType::address: return reference("Address");
    case ValueType::full_name: return reference("FullName");
    case ValueType::checkbox: return of_type("boolean");
    case ValueType::currency:
    case ValueType::number: return of_type("number");
    case ValueType::datetime: return Json::object({{"type", "string"}, {"format", "date-time"}});
    case ValueType::multi_select: return list_of(of_type("string"));
    default: return field.multiple ? list_of(of_type("string")) : of_type("string");
  }
}

/// With what the definitions tell beyond the type.
Json value_schema(const FieldDefinition& field) {
  Json schema =
      Json::object({{"title", field.label}, {"anyOf", Json::array({set_value_schema(field), of_type("null")})}, {"x-value-type", model::value_type_row(field.type).name}});
  if (field.description) schema["description"] = *field.description;
  if (!field.options.empty()) schema["x-options"] = options_json(field);
  if (field.currency) schema["x-currency"] = *field.currency;
  if (field.unique) schema["x-unique"] = true;
  return schema;
}

/// Who a member is behind the workspace shows as a relationship.
bool shows(const ObjectType& type, const FieldDefinition& field) { return type.number != model::types::member || field.number != model::fields::member_user; }

Json shown_fields(const ObjectType& type) {
  Json properties = Json::object();
  Json::Array required;
  for (const FieldDefinition& field : type.fields) {
    if (!shows(type, field)) continue;
    properties[field.key] =
        Json::object({{"type", "object"},
                      {"properties", Json::object({{"value", value_schema(field)}, {"valueType", Json::object({{"const", model::value_type_row(field.type).name}})}})},
                      {"required", Json::array({"value", "valueType"})}});
    required.emplace_back(field.key);
  }
  return Json::object({{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}});
}

std::string far_slug(const model::Schema& schema, const RelationshipDefinition& relationship) { return schema.type(relationship.far_type).slug; }

Json shown_relationships(const model::Schema& schema, const ObjectType& type) {
  Json properties = Json::object();
  for (const RelationshipDefinition& relationship : type.relationships)
    properties[relationship.key] = Json::object({{"title", relationship.label},
                                                 {"allOf", Json::array({reference("Relationship")})},
                                                 {"x-object-type", far_slug(schema, relationship)},
                                                 {"x-cardinality", model::cardinality_name(relationship.cardinality)}});
  return Json::object({{"type", "object"}, {"properties", std::move(properties)}});
}

Json record_schema(const model::Schema& schema, const ObjectType& type) {
  const Json nullable_text = Json::object({{"type", Json::array({"string", "null"})}});
  Json properties = Json::object({{"id", Json::object({{"type", "string"}, {"examples", Json::array({type.prefix + "_c…"})}})},
                                  {"createdAt", Json::object({{"type", "string"}, {"format", "date-time"}})},
                                  {"httpLink", nullable_text},
                                  {"fields", shown_fields(type)}});
  if (type.number != model::types::list) {
    properties["updatedAt"] = nullable_text;
    properties["relationships"] = shown_relationships(schema, type);
    if (type.number != model::types::member) properties["externalId"] = nullable_text;
  }
  return Json::object({{"type", "object"}, {"properties", std::move(properties)}, {"required", Json::array({"id", "createdAt", "fields"})}});
}

Json page_schema(const ObjectType& type) {
  return Json::object(
      {{"type", "object"},
       {"properties", Json::object({{"object", Json::object({{"const", "list"}})}, {"data", list_of(reference(schema_name(type, "Record")))}, {"totalCount", of_type("integer")}})},
       {"required", Json::array({"object", "data", "totalCount"})}});
}

enum class Writing { create, update };

Json closed_object(Json properties, Json::Array required) {
  Json schema = Json::object({{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}});
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

Json written_fields(const ObjectType& type, Writing writing) {
  Json properties = Json::object();
  Json::Array required;
  for (const FieldDefinition& field : type.fields) {
    if (field.read_only || (writing == Writing::update && field.create_only)) continue;
    properties[field.key] = value_schema(field);
    if (writing == Writing::create && field.required) required.emplace_back(field.key);
  }
  return closed_object(std::move(properties), std::move(required));
}

Json written_relationships(const model::Schema& schema, const ObjectType& type, Writing writing) {
  const std::string_view form = writing == Writing::create ? "RelationshipIds" : services::takes_replace(type) ? "RelationshipOperation" : "RelationshipChange";
  Json properties = Json::object();
  Json::Array required;
  for (const RelationshipDefinition& relationship : type.relationships) {
    if (relationship.read_only || (writing == Writing::update && relationship.create_only)) continue;
    properties[relationship.key] = Json::object({{"title", relationship.label},
                                                 {"allOf", Json::array({reference(form)})},
                                                 {"x-object-type", far_slug(schema, relationship)},
                                                 {"x-cardinality", model::cardinality_name(relationship.cardinality)}});
    if (writing == Writing::create && relationship.required) required.emplace_back(relationship.key);
  }
  return closed_object(std::move(properties), std::move(required));
}

Json filter_parameter(const std::string& name, const std::string& description) {
  return Json::object({{"name", name}, {"in", "query"}, {"required", false}, {"description", description}, {"schema", of_type("string")}});
}

}  // namespace

std::string schema_name(const ObjectType& type, std::string_view part) { return type.label + std::string(part); }

bool requires_relationships(const ObjectType& type) {
  return std::any_of(type.relationships.begin(), type.relationships.end(),
                     [](const RelationshipDefinition& relationship) { return relationship.required && !relationship.read_only; });
}

void add_type_schemas(Json& schemas, const model::Schema& schema, const ObjectType& type) {
  schemas[schema_name(type, "Record")] = record_schema(schema, type);
  schemas[schema_name(type, "Page")] = page_schema(type);
  if (type.number == model::types::member) return;
  schemas[schema_name(type, "CreateFields")] = written_fields(type, Writing::create);
  schemas[schema_name(type, "UpdateFields")] = written_fields(type, Writing::update);
  schemas[schema_name(type, "CreateRelationships")] = written_relationships(schema, type, Writing::create);
  schemas[schema_name(type, "UpdateRelationships")] = written_relationships(schema, type, Writing::update);
}

Json::Array filter_parameters(const model::Schema& schema, const ObjectType& type) {
  Json::Array all;
  for (const FieldDefinition& field : type.fields)
    for (const model::FilterOperator op : model::filter_operators(type, field)) {
      const std::string name(model::filter_operator_name(op));
      all.push_back(filter_parameter(field.key + "[" + name + "]", field.label + "; negated: " + field.key + "[-" + name + "]. Filters are ANDed, and a key may stand twice."));
    }
  for (const model::RelationshipFilterKey& filter : type.relationship_filters)
    all.push_back(filter_parameter(filter.key, "The id of a linked " + schema.type(filter.far_type).slug + "; negated: " + filter.key + "[-equal]."));
  return all;
}

const model::Schema& fresh_schema() {
  static const model::Schema schema = [] {
    auto system = model::system_schema("USD", [](std::string_view prefix) { return std::string(prefix) + "_"; });
    return model::Schema(1, std::move(system.object_types), std::move(system.link_types));
  }();
  return schema;
}

}  // namespace plenoptic::api
