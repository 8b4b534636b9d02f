#include "api/envelope.h"

#include <algorithm>
#include <tuple>

#include "base/clock.h"
#include "model/definition_codec.h"
#include "model/system_schema.h"
#include "model/value_types.h"

namespace plenoptic::api {
namespace {

using base::Json;
using model::FieldDefinition;
using model::FieldValues;
using model::ObjectType;
using model::Record;
using model::RelationshipDefinition;

void append_http_link(std::string& out, const Call& call, const ObjectType& type, const Record& record) {
  out += "\"httpLink\":";
  if (call.services.public_url.empty()) {
    out += "null";
    return;
  }
  const std::string_view kind = type.custom ? "object/" : "";
  base::append_json_string(out, call.services.public_url + "/crm/" + std::string(kind) + type.slug + "/" + model::public_id(type, record.id));
}

void append_id_and_creation(std::string& out, const ObjectType& type, const Record& record) {
  out += "{\"id\":\"";
  out += type.prefix;
  out += '_';
  record.id.append_to(out);
  out += "\",\"createdAt\":\"";
  base::append_timestamp(out, record.created_at_ms);
  out += "\",";
}

void append_update(std::string& out, const Record& record) {
  out += "\"updatedAt\":\"";
  base::append_timestamp(out, record.updated_at_ms);
  out += "\",";
}

void append_fields(std::string& out, const ObjectType& type, const Record& record) {
  const FieldValues values = model::decode_fields(record.fields);
  out += "\"fields\":{";
  bool first = true;
  for (const FieldDefinition& field : type.fields) {
    if (!first) out += ',';
    first = false;
    out += field.wire_head;
    model::write_value(field, values.get(field.number), out);
    out += field.wire_tail;
  }
  out += '}';
}

/// The order in which storage gives a record's links.
bool stands_before(const model::Link& a, const model::Link& b) { return std::tie(a.type, a.side, a.other) < std::tie(b.type, b.side, b.other); }

/// Whether one of `views` has the same other record as `link` earlier in `links`: only a union of several can name one twice.
bool is_named_before(const std::vector<model::Link>& links, std::span<const model::LinkView> views, const model::Link& link) {
  return views.size() > 1 && std::any_of(views.begin(), views.end(), [&](const model::LinkView& view) {
           const model::Link same{view.link_type, view.side, link.other};
           return stands_before(same, link) && std::binary_search(links.begin(), links.end(), same, stands_before);
         });
}

/// Ids of live records at the far ends of `links` that stand in one of `views`, each once.
void append_ids(std::string& out, const ObjectType& far, const std::vector<model::Link>& links, std::span<const model::LinkView> views) {
  out += '[';
  for (const model::Link& link : links) {
    const bool in_view = std::find(views.begin(), views.end(), model::LinkView{link.type, link.side}) != views.end();
    if (!link.other_live || !in_view || is_named_before(links, views, link)) continue;
    out += out.back() == '[' ? "\"" : ",\"";
    out += far.prefix;
    out += '_';
    link.other.append_to(out);
    out += '"';
  }
  out += ']';
}

void append_direction(std::string& out, const model::Schema& schema, const RelationshipDefinition& relationship, const std::vector<model::Link>& links, model::Side side) {
  const model::LinkView view{relationship.links.front().link_type, side};
  out += "{\"cardinality\":\"";
  out += model::cardinality_name(schema.link_type(view.link_type).end(side).cardinality);
  out += "\",\"values\":";
  append_ids(out, schema.type(relationship.far_type), links, std::span(&view, 1));
  out += '}';
}

void append_relationship(std::string& out, const model::Schema& schema, const RelationshipDefinition& relationship, const std::vector<model::Link>& links) {
  out += relationship.wire_head;
  append_ids(out, schema.type(relationship.far_type), links, relationship.links);
  if (relationship.self_referential) {
    out += ",\"directions\":{\"asSource\":";
    append_direction(out, schema, relationship, links, model::Side::source);
    out += ",\"asDestination\":";
    append_direction(out, schema, relationship, links, model::Side::destination);
    out += '}';
  }
  out += '}';
}

void append_relationships(std::string& out, const model::Schema& schema, const ObjectType& type, const std::vector<model::Link>& links) {
  out += "\"relationships\":{";
  bool first = true;
  for (const RelationshipDefinition& relationship : type.relationships) {
    if (!first) out += ',';
    first = false;
    append_relationship(out, schema, relationship, links);
  }
  out += '}';
}

void append_full_record(std::string& out, Call& call, const ObjectType& type, const Record& record) {
  append_id_and_creation(out, type, record);
  append_update(out, record);
  append_http_link(out, call, type, record);
  out += ",\"externalId\":";
  if (record.external_id)
    base::append_json_string(out, *record.external_id);
  else
    out += "null";
  out += ',';
  append_fields(out, type, record);
  out += ',';
  append_relationships(out, call.schema(), type, call.storage().links(call.workspace->id, record.id));
  out += '}';
}

/// Lists have no updatedAt, relationships or externalId.
void append_list_record(std::string& out, Call& call, const ObjectType& type, const Record& record) {
  append_id_and_creation(out, type, record);
  append_http_link(out, call, type, record);
  out += ',';
  append_fields(out, type, record);
  out += '}';
}

/// A member's shape is closed: four fields, always with their parts, and the user behind it.
void append_member_record(std::string& out, Call& call, const ObjectType& type, const Record& record) {
  const FieldValues values = model::decode_fields(record.fields);
  const auto wrapped = [&](model::FieldNumber number, std::string_view if_unset) {
    const FieldDefinition& field = *type.find_field(number);
    out += field.wire_head;
    if (model::is_unset(values.get(number)))
      out += if_unset;
    else
      model::write_value(field, values.get(number), out);
    out += field.wire_tail;
  };
  append_id_and_creation(out, type, record);
  append_update(out, record);
  append_http_link(out, call, type, record);
  out += ",\"fields\":{";
  wrapped(model::fields::member_email, "\"\"");
  out += ',';
  wrapped(model::fields::member_name, "{\"firstName\":null,\"lastName\":null}");
  out += ',';
  wrapped(model::fields::member_profile_image, "null");
  out += ',';
  wrapped(model::fields::member_role, "\"member\"");
  out += "},\"relationships\":{\"$user\":{\"cardinality\":\"HAS_ONE\",\"objectType\":\"user\",\"values\":[";
  model::write_value(*type.find_field(model::fields::member_user), values.get(model::fields::member_user), out);
  out += "]}}}";
}

Json nullable(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }

Json type_configuration(const FieldDefinition& field) {
  Json configuration = Json::object();
  if (!field.options.empty()) {
    Json::Array options;
    for (const model::SelectOption& option : field.options) options.push_back(option_json(option));
    configuration["options"] = std::move(options);
  }
  if (field.parent_field_key) configuration["parentFieldKey"] = *field.parent_field_key;
  if (field.currency) configuration["currency"] = *field.currency;
  if (field.handle_service) configuration["handleService"] = model::handle_service_name(*field.handle_service);
  const bool listable = field.type == model::ValueType::email || field.type == model::ValueType::telephone || field.type == model::ValueType::url;
  if (listable || field.unique) configuration["unique"] = field.unique;
  if (listable) configuration["multipleValues"] = field.multiple;
  return configuration;
}

Json relationship_definition_json(const model::Schema& schema, const RelationshipDefinition& relationship) {
  Json json = Json::object({{"id", relationship.id},
                            {"slug", relationship.slug},
                            {"label", relationship.label},
                            {"description", nullable(relationship.description)},
                            {"system", relationship.system},
                            {"cardinality", model::cardinality_name(relationship.cardinality)},
                            {"objectType", schema.type(relationship.far_type).slug}});
  if (!relationship.self_referential) return json;
  const model::LinkType& link = schema.link_type(relationship.links.front().link_type);
  const auto direction = [&](model::Side side) { return Json::object({{"cardinality", model::cardinality_name(link.end(side).cardinality)}, {"label", link.end(side).label}}); };
  json["directions"] = Json::object({{"asSource", direction(model::Side::source)}, {"asDestination", direction(model::Side::destination)}});
  return json;
}

}  // namespace

std::string error_body(const model::Error& error) {
  std::string out = "{\"error\":{\"type\":";
  base::append_json_string(out, model::error_type(error.kind));
  out += ",\"message\":";
  base::append_json_string(out, error.message);
  if (!error.code.empty()) {
    out += ",\"code\":";
    base::append_json_string(out, error.code);
  }
  if (!error.param.empty()) {
    out += ",\"param\":";
    base::append_json_string(out, error.param);
  }
  return out + "}}";
}

Answer error_answer(const model::Error& error) {
  Answer answer;
  answer.status = model::http_status(error.kind);
  answer.body = error_body(error);
  if (error.final_conflict) answer.headers.emplace_back("x-should-retry", "false");
  if (error.retry_after_seconds) answer.headers.emplace_back("Retry-After", std::to_string(*error.retry_after_seconds));
  return answer;
}

void append_record(std::string& out, Call& call, const ObjectType& type, const Record& record) {
  if (type.number == model::types::member) return append_member_record(out, call, type, record);
  if (type.number == model::types::list) return append_list_record(out, call, type, record);
  append_full_record(out, call, type, record);
}

Answer record_answer(Call& call, const ObjectType& type, const Record& record) {
  Answer answer;
  answer.body.reserve(2048);
  append_record(answer.body, call, type, record);
  return answer;
}

Answer list_answer(const std::vector<std::string>& rows, std::uint64_t total_count) {
  std::size_t size = 64;
  for (const std::string& row : rows) size += row.size() + 1;
  Answer answer;
  answer.body.reserve(size);
  answer.body = "{\"object\":\"list\",\"data\":[";
  for (const std::string& row : rows) {
    if (answer.body.back() == '}') answer.body += ',';
    answer.body += row;
  }
  answer.body += "],\"totalCount\":" + std::to_string(total_count) + "}";
  return answer;
}

Json option_json(const model::SelectOption& option) {
  Json json = Json::object({{"id", option.id}, {"label", option.label}, {"description", nullable(option.description)}});
  if (option.parent_id) json["parentId"] = *option.parent_id;
  return json;
}

Json field_definition_json(const FieldDefinition& field) {
  return Json::object({{"id", field.id},
                       {"slug", field.slug()},
                       {"label", field.label},
                       {"description", nullable(field.description)},
                       {"valueType", model::value_type_row(field.type).name},
                       {"system", field.system},
                       {"readOnly", field.read_only},
                       {"typeConfiguration", type_configuration(field)}});
}

Answer definitions_answer(const model::Schema& schema, const ObjectType& type) {
  Json fields = Json::object();
  for (const FieldDefinition& field : type.fields) fields[field.key] = field_definition_json(field);
  Json relationships = Json::object();
  for (const RelationshipDefinition& relationship : type.relationships) relationships[relationship.key] = relationship_definition_json(schema, relationship);
  return json_answer(Json::object({{"objectType", type.slug}, {"fieldDefinitions", std::move(fields)}, {"relationshipDefinitions", std::move(relationships)}}));
}

Answer json_answer(const Json& json) {
  Answer answer;
  answer.body = json.dump();
  return answer;
}

}  // namespace plenoptic::api
