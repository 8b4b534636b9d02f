#include "api/openapi.h"

#include <algorithm>

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

Json components() {
  Json address = Json::object();
  for (const char* part : {"street", "street2", "city", "state", "postalCode", "country"}) address[part] = nullable("string");
  for (const char* part : {"latitude", "longitude"}) address[part] = nullable("number");
  Json field = object_schema(Json::object({{"value", value_schema()}, {"valueType", value_type_schema()}}), Json::array({"valueType"}));
  Json relationship = object_schema(
      Json::object({{"cardinality", text_schema()}, {"objectType", text_schema()}, {"values", list_of(text_schema())}, {"directions", map_of(map_of(Json::object()))}}),
      Json::array({"cardinality", "objectType", "values"}));
  Json record = object_schema(Json::object({{"id", text_schema()},
                                            {"createdAt", text_schema()},
                                            {"updatedAt", nullable("string")},
                                            {"httpLink", nullable("string")},
                                            {"externalId", nullable("string")},
                                            {"fields", map_of(reference("Field"))},
                                            {"relationships", map_of(reference("Relationship"))}}),
                              Json::array({"id", "createdAt", "fields"}));
  Json page =
      object_schema(Json::object({{"object", Json::object({{"const", "list"}})}, {"data", list_of(reference("Record"))}, {"totalCount", Json::object({{"type", "integer"}})}}),
                    Json::array({"object", "data", "totalCount"}));
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
  Json operation = Json::object({{"type", "object"},
                                 {"properties", Json::object({{"add", any_of({text_schema(), list_of(text_schema())})},
                                                              {"remove", any_of({text_schema(), list_of(text_schema())})},
                                                              {"replace", any_of({text_schema(), list_of(text_schema()), Json::object({{"type", "null"}})})}})}});
  return Json::object({
      {"schemas",
       Json::object({{"Address", Json::object({{"type", "object"}, {"properties", std::move(address)}})},
                     {"FullName", Json::object({{"type", "object"}, {"properties", Json::object({{"firstName", nullable("string")}, {"lastName", nullable("string")}})}})},
                     {"Value", value_schema()},
                     {"Field", std::move(field)},
                     {"Relationship", std::move(relationship)},
                     {"RelationshipOperation", std::move(operation)},
                     {"Record", std::move(record)},
                     {"RecordPage", std::move(page)},
                     {"FieldHistory", std::move(history)},
                     {"Definitions", std::move(definitions)},
                     {"Error", object_schema(Json::object({{"error", std::move(error)}}), Json::array({"error"}))}})},
      {"securitySchemes", Json::object({{"bearerAuth", Json::object({{"type", "http"}, {"scheme", "bearer"}})}})},
  });
}

bool ends_with(std::string_view id, std::string_view action) { return id.ends_with("." + std::string(action)); }

Json answer_schema(const Operation& operation) {
  if (ends_with(operation.id, "definitions")) return reference("Definitions");
  if (ends_with(operation.id, "fieldHistory")) return reference("FieldHistory");
  if (operation.rate == RateCategory::search) return reference("RecordPage");
  if (operation.type != 0) return reference("Record");
  return Json::object({{"type", "object"}});
}

Json body_key_schema(const Operation& operation, const BodyKey& key) {
  if (key.name == "fields") return map_of(reference("Value"));
  if (key.name == "relationships") return map_of(ends_with(operation.id, "update") ? reference("RelationshipOperation") : any_of({text_schema(), list_of(text_schema())}));
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

Json parameter(std::string_view name, std::string_view where, bool required, Json schema) {
  return Json::object({{"name", name}, {"in", where}, {"required", required}, {"schema", std::move(schema)}});
}

Json parameters(const Operation& operation) {
  Json::Array all;
  for (std::size_t at = operation.path.find('{'); at != std::string_view::npos; at = operation.path.find('{', at + 1))
    all.push_back(parameter(operation.path.substr(at + 1, operation.path.find('}', at) - at - 1), "path", true, text_schema()));
  if (operation.versioned()) all.push_back(parameter("Lightfield-Version", "header", true, Json::object({{"type", "string"}, {"enum", Json::array({"2026-03-01"})}})));
  if (operation.idempotent()) all.push_back(parameter("Idempotency-Key", "header", false, Json::object({{"type", "string"}, {"maxLength", 255}})));
  if (operation.rate == RateCategory::search) {
    all.push_back(parameter("limit", "query", false, Json::object({{"type", "integer"}, {"minimum", 1}, {"maximum", 25}, {"default", 25}})));
    all.push_back(parameter("offset", "query", false, Json::object({{"type", "integer"}, {"minimum", 0}, {"default", 0}})));
    all.push_back(parameter("status", "query", false, Json::object({{"type", "string"}, {"enum", Json::array({"active", "trashed"})}})));
  }
  return all;
}

Json json_content(Json schema) { return Json::object({{"application/json", Json::object({{"schema", std::move(schema)}})}}); }

Json operation_json(const Operation& operation) {
  Json json = Json::object({{"operationId", operation.id}, {"summary", operation.summary}, {"parameters", parameters(operation)}});
  json["responses"] = Json::object({{"200", Json::object({{"description", "OK"}, {"content", json_content(answer_schema(operation))}})},
                                    {"default", Json::object({{"description", "What was wrong, and what would be right."}, {"content", json_content(reference("Error"))}})}});
  if (operation.body_rule == BodyRule::object) {
    Json properties = Json::object();
    Json required = Json::array();
    for (const BodyKey& key : operation.body) {
      properties[key.name] = body_key_schema(operation, key);
      if (key.required) required.push_back(key.name);
    }
    Json body = object_schema(std::move(properties), std::move(required));
    body["additionalProperties"] = false;
    json["requestBody"] = Json::object({{"required", !operation.body.empty()}, {"content", json_content(std::move(body))}});
  }
  Json::Array scopes;
  for (std::string_view scope : operation.scopes) scopes.emplace_back(scope);
  json["x-scopes"] = std::move(scopes);
  json["x-rate-category"] = rate_category_name(operation.rate);
  if (operation.access != Access::everyone) json["security"] = Json::array({Json::object({{"bearerAuth", Json::array()}})});
  return json;
}

}  // namespace

std::string openapi_document(std::string_view public_url, std::string_view version) {
  Json paths = Json::object();
  for (const Operation& operation : operations()) {
    std::string method(method_name(operation.method));
    std::transform(method.begin(), method.end(), method.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    paths[operation.path][method] = operation_json(operation);
  }
  return Json::object(
             {{"openapi", "3.1.0"},
              {"info", Json::object({{"title", "Plenoptic"},
                                     {"version", version},
                                     {"description",
                                      "A CRM server that speaks the Lightfield API. Fields and relationships differ by workspace: read them from the definitions operations."}})},
              {"servers", Json::array({Json::object({{"url", public_url}})})},
              {"paths", std::move(paths)},
              {"components", components()}})
      .dump();
}

}  // namespace plenoptic::api
