#include "api/openapi.h"

#include <algorithm>

#include "api/openapi_types.h"
#include "api/operation.h"
#include "base/json.h"
#include "model/value_types.h"

namespace plenoptic::api {
namespace {

using base::Json;

Json text_schema() { return Json::object({{"type", "string"}}); }
Json reference(std::string_view name) { return Json::object({{"$ref", "#/components/schemas/" + std::string(name)}}); }
Json nullable(std::string_view type) { return Json::object({{"type", Json::array({std::string(type), "null"})}}); }
Json object_schema(Json properties, Json required) { return Json::object({{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}}); }
Json list_of(Json items) { return Json::object({{"type", "array"}, {"items", std::move(items)}}); }
Json map_of(Json values) { return Json::object({{"type", "object"}, {"additionalProperties", std::move(values)}}); }
Json any_of(Json::Array choices) { return Json::object({{"anyOf", std::move(choices)}}); }

Json value_schema() {
  return any_of({text_schema(), Json::object({{"type", "number"}}), Json::object({{"type", "boolean"}}), list_of(text_schema()), reference("Address"), reference("FullName"),
                 Json::object({{"type", "null"}})});
}

Json value_type_schema() {
  Json::Array names;
  for (const auto& row : model::value_type_rows()) names.emplace_back(row.name);
  return Json::object({{"type", "string"}, {"enum", std::move(names)}});
}

bool has_operations(const model::ObjectType& type) {
  return std::any_of(operations().begin(), operations().end(), [&](const Operation& operation) { return operation.type == type.number; });
}

Json components(const model::Schema& schema) {
  Json address = Json::object();
  for (const char* part : {"street", "street2", "city", "state", "postalCode", "country"}) address[part] = nullable("string");
  for (const char* part : {"latitude", "longitude"}) address[part] = nullable("number");
  Json relationship = object_schema(
      Json::object({{"cardinality", text_schema()}, {"objectType", text_schema()}, {"values", list_of(text_schema())}, {"directions", map_of(map_of(Json::object()))}}),
      Json::array({"cardinality", "objectType", "values"}));
  Json history_entry = object_schema(Json::object({{"value", value_schema()},
                                                   {"displayValue", text_schema()},
                                                   {"valueType", value_type_schema()},
                                                   {"recordedAt", text_schema()},
                                                   {"isCreate", Json::object({{"type", "boolean"}})}}),
                                     Json::array({"displayValue", "isCreate", "recordedAt", "valueType"}));
  Json history = object_schema(Json::object({{"data", list_of(std::move(history_entry))}, {"hasMore", Json::object({{"type", "boolean"}})}, {"nextCursor", nullable("string")}}),
                               Json::array({"data", "hasMore"}));
  Json definitions = object_schema(Json::object({{"objectType", text_schema()}, {"fieldDefinitions", map_of(Json::object())}, {"relationshipDefinitions", map_of(Json::object())}}),
                                   Json::array({"objectType", "fieldDefinitions", "relationshipDefinitions"}));
  Json error =
      object_schema(Json::object({{"type", text_schema()}, {"message", text_schema()}, {"code", text_schema()}, {"param", text_schema()}}), Json::array({"type", "message"}));
  Json changes = Json::object({{"add", any_of({text_schema(), list_of(text_schema())})}, {"remove", any_of({text_schema(), list_of(text_schema())})}});
  Json change = object_schema(changes, Json::array());
  changes["replace"] = any_of({text_schema(), list_of(text_schema()), Json::object({{"type", "null"}})});
  Json operation = object_schema(std::move(changes), Json::array());
  Json schemas =
      Json::object({{"Address", Json::object({{"type", "object"}, {"properties", std::move(address)}})},
                    {"FullName", Json::object({{"type", "object"}, {"properties", Json::object({{"firstName", nullable("string")}, {"lastName", nullable("string")}})}})},
                    {"Relationship", std::move(relationship)},
                    {"RelationshipChange", std::move(change)},
                    {"RelationshipOperation", std::move(operation)},
                    {"RelationshipIds", any_of({text_schema(), list_of(text_schema())})},
                    {"FieldHistory", std::move(history)},
                    {"Definitions", std::move(definitions)},
                    {"Error", object_schema(Json::object({{"error", std::move(error)}}), Json::array({"error"}))}});
  for (const model::ObjectType& type : schema.object_types())
    if (has_operations(type)) add_type_schemas(schemas, schema, type);
  return Json::object({
      {"schemas", std::move(schemas)},
      {"securitySchemes", Json::object({{"bearerAuth", Json::object({{"type", "http"}, {"scheme", "bearer"}})}})},
  });
}

Json answer_schema(const Operation& operation, const model::Schema& schema) {
  if (operation.id.ends_with(".definitions")) return reference("Definitions");
  if (operation.id.ends_with(".fieldHistory")) return reference("FieldHistory");
  if (operation.type == 0) return Json::object({{"type", "object"}});
  return reference(schema_name(schema.type(operation.type), operation.rate == RateCategory::search ? "Page" : "Record"));
}

Json body_key_schema(const Operation& operation, const BodyKey& key, const model::Schema& schema) {
  const std::string writing = operation.id.ends_with(".update") ? "Update" : "Create";
  if (key.name == "fields") return reference(schema_name(schema.type(operation.type), writing + "Fields"));
  if (key.name == "relationships") return reference(schema_name(schema.type(operation.type), writing + "Relationships"));
  switch (key.shape) {
    case Shape::object: return Json::object({{"type", "object"}});
    case Shape::boolean: return Json::object({{"type", "boolean"}});
    case Shape::string: return text_schema();
    case Shape::nullable_string: return nullable("string");
    case Shape::string_list: return list_of(text_schema());
    case Shape::integer: return Json::object({{"type", "integer"}});
  }
  return Json::object();
}

/// Lists of a type that can be restored read its trash.
bool has_trash(const Operation& list) {
  const auto restores = [&](const Operation& operation) { return operation.type == list.type && operation.id.ends_with(".restore"); };
  return std::any_of(operations().begin(), operations().end(), restores);
}

Json parameter(std::string_view name, std::string_view where, bool required, Json schema) {
  return Json::object({{"name", name}, {"in", where}, {"required", required}, {"schema", std::move(schema)}});
}

Json parameters(const Operation& operation, const model::Schema& schema) {
  const auto count = [](int least, int most, int usual) { return Json::object({{"type", "integer"}, {"minimum", least}, {"maximum", most}, {"default", usual}}); };
  Json::Array all;
  for (std::size_t at = operation.path.find('{'); at != std::string_view::npos; at = operation.path.find('{', at + 1))
    all.push_back(parameter(operation.path.substr(at + 1, operation.path.find('}', at) - at - 1), "path", true, text_schema()));
  if (operation.versioned()) all.push_back(parameter("Lightfield-Version", "header", true, Json::object({{"type", "string"}, {"enum", Json::array({"2026-03-01"})}})));
  if (operation.idempotent()) all.push_back(parameter("Idempotency-Key", "header", false, Json::object({{"type", "string"}, {"maxLength", 255}})));
  if (operation.id.ends_with(".fieldHistory")) {
    all.push_back(parameter("limit", "query", false, count(1, 100, 20)));
    all.push_back(parameter("after", "query", false, text_schema()));
  }
  if (operation.id == "admin.field.list") all.push_back(parameter("objectType", "query", false, text_schema()));
  if (operation.id == "admin.option.list")
    for (const char* name : {"objectType", "field"}) all.push_back(parameter(name, "query", true, text_schema()));
  if (operation.rate != RateCategory::search) return all;
  const model::ObjectType& type = schema.type(operation.type);
  all.push_back(parameter("limit", "query", false, count(1, 25, 25)));
  all.push_back(parameter("offset", "query", false, Json::object({{"type", "integer"}, {"minimum", 0}, {"default", 0}})));
  if (has_trash(operation))
    all.push_back(parameter("status", "query", false, Json::object({{"type", "string"}, {"enum", Json::array({"active", "trashed"})}, {"default", "active"}})));
  for (Json& filter : filter_parameters(schema, type)) all.push_back(std::move(filter));
  return all;
}

Json json_content(Json schema) { return Json::object({{"application/json", Json::object({{"schema", std::move(schema)}})}}); }

Json body_json(const Operation& operation, const model::Schema& schema) {
  Json properties = Json::object();
  Json required = Json::array();
  for (const BodyKey& key : operation.body) {
    properties[key.name] = body_key_schema(operation, key, schema);
    const bool needed = key.name == "relationships" && operation.id.ends_with(".create") && requires_relationships(schema.type(operation.type));
    if (key.required || needed) required.push_back(key.name);
  }
  Json body = object_schema(std::move(properties), std::move(required));
  body["additionalProperties"] = false;
  return Json::object({{"required", operation.body_rule == BodyRule::object && !operation.body.empty()}, {"content", json_content(std::move(body))}});
}

Json operation_json(const Operation& operation, const model::Schema& schema) {
  Json json = Json::object({{"operationId", operation.id}, {"summary", operation.summary}, {"parameters", parameters(operation, schema)}});
  json["responses"] = Json::object({{"200", Json::object({{"description", "OK"}, {"content", json_content(answer_schema(operation, schema))}})},
                                    {"default", Json::object({{"description", "What was wrong, and what would be right."}, {"content", json_content(reference("Error"))}})}});
  if (operation.body_rule != BodyRule::none) json["requestBody"] = body_json(operation, schema);
  Json::Array scopes;
  for (std::string_view scope : operation.scopes) scopes.emplace_back(scope);
  json["x-scopes"] = std::move(scopes);
  json["x-rate-category"] = rate_category_name(operation.rate);
  if (operation.access != Access::everyone) json["security"] = Json::array({Json::object({{"bearerAuth", Json::array()}})});
  return json;
}

}  // namespace

std::string openapi_document(std::string_view public_url, std::string_view version, const model::Schema& schema) {
  Json paths = Json::object();
  for (const Operation& operation : operations()) {
    std::string method(method_name(operation.method));
    std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    paths[operation.path][method] = operation_json(operation, schema);
  }
  return Json::object(
             {{"openapi", "3.1.0"},
              {"info",
               Json::object(
                   {{"title", "Plenoptic"},
                    {"version", version},
                    {"description",
                     "A CRM server that speaks the Lightfield API. Fields and relationships differ by workspace: with an API key that may read all of them this document shows its "
                     "workspace's own, otherwise those that every workspace begins with."}})},
              {"servers", Json::array({Json::object({{"url", public_url}})})},
              {"paths", std::move(paths)},
              {"components", components(schema)}})
      .dump();
}

}  // namespace plenoptic::api
