#include "model/errors.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.h"

namespace plenoptic::model {

int http_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_request: return 400;
    case ErrorKind::unauthorized: return 401;
    case ErrorKind::forbidden: return 403;
    case ErrorKind::not_found: return 404;
    case ErrorKind::conflict:
    case ErrorKind::idempotency_conflict: return 409;
    case ErrorKind::payload_too_large: return 413;
    case ErrorKind::unsupported_media_type: return 415;
    case ErrorKind::unprocessable_content: return 422;
    case ErrorKind::too_many_requests: return 429;
    case ErrorKind::unavailable: return 503;
    case ErrorKind::internal: break;
  }
  return 500;
}

std::string_view error_type(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_request:
    case ErrorKind::payload_too_large: return "bad_request";
    case ErrorKind::unauthorized: return "unauthorized";
    case ErrorKind::forbidden: return "forbidden";
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::conflict: return "conflict";
    case ErrorKind::idempotency_conflict: return "idempotency_conflict";
    case ErrorKind::unsupported_media_type: return "unsupported_media_type";
    case ErrorKind::unprocessable_content: return "unprocessable_content";
    case ErrorKind::too_many_requests: return "too_many_requests";
    case ErrorKind::unavailable: return "service_unavailable";
    case ErrorKind::internal: break;
  }
  return "internal_server_error";
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t most = 200;
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), most); ++i) {
    if (i > 0) out += ", ";
    out += "'" + names[i] + "'";
  }
  if (names.size() > most) out += fmt::format(" and {} more", names.size() - most);
  return out;
}

namespace errors {
namespace {

Error make(ErrorKind kind, std::string_view code, std::string message, std::string param = {}) {
  Error error;
  error.kind = kind;
  error.code = code;
  error.message = std::move(message);
  error.param = std::move(param);
  return error;
}

Error bad_request(std::string_view code, std::string message, std::string param = {}) { return make(ErrorKind::bad_request, code, std::move(message), std::move(param)); }

Error unprocessable(std::string message, std::string param, std::string_view code = {}) {
  return make(ErrorKind::unprocessable_content, code, std::move(message), std::move(param));
}

Error final_conflict(ErrorKind kind, std::string message, std::string param = {}) {
  Error error = make(kind, {}, std::move(message), std::move(param));
  error.final_conflict = true;
  return error;
}

/// A client's own text in a message: never longer than this, never with control characters, UTF-8 whatever came.
std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 80;
  return "'" + base::printable(base::utf8_prefix(text, longest)) + (text.size() > longest ? "…'" : "'");
}

std::string field_param(std::string_view key) { return fmt::format("fields.{}", key); }
std::string relationship_param(std::string_view key) { return fmt::format("relationships.{}", key); }

std::vector<std::string> writable_relationships(const ObjectType& type) {
  std::vector<std::string> names;
  for (const auto& relationship : type.relationships)
    if (!relationship.read_only && !relationship.create_only) names.push_back(relationship.key);
  return names;
}

std::string hint_of_fields(const ObjectType& type) {
  std::vector<std::string> names;
  for (const auto& field : type.fields) names.push_back(field.key);
  return listed(names);
}

std::string hint_of_relationships(const ObjectType& type) {
  std::vector<std::string> names;
  for (const auto& relationship : type.relationships) names.push_back(relationship.key);
  return listed(names);
}

}  // namespace

Error from_problem(const Problem& problem, std::string param) { return make(problem.kind, problem.code, problem.message, std::move(param)); }

Error unauthorized() {
  return make(ErrorKind::unauthorized, {}, "Missing or invalid API key. Send 'Authorization: Bearer sk_lf_…' with a key that is neither expired nor revoked.");
}

Error version_header(std::string_view sent) {
  const std::string problem = sent.empty() ? "The 'Lightfield-Version' header is missing." : fmt::format("The API version {} is not supported.", quoted(sent));
  return bad_request("version_header", problem + " Send 'Lightfield-Version: 2026-03-01'.", "Lightfield-Version");
}

Error rate_limited(int retry_after_seconds) {
  Error error = make(ErrorKind::too_many_requests, {}, "Rate limit exceeded. Please try again later.");
  error.retry_after_seconds = retry_after_seconds;
  return error;
}

Error missing_scope(std::string_view scope) { return make(ErrorKind::forbidden, {}, fmt::format("This API key lacks the scope '{0}'. Use a key that has '{0}'.", scope)); }

Error admins_only() {
  return make(ErrorKind::forbidden, {}, "Administration is open to admins only. Use a key with the scope 'workspace:admin' whose member, if it has one, is an admin.");
}

Error operator_only() {
  return make(ErrorKind::forbidden, {}, "This is open to the operator of the machine only. Run the command there with --data and the server's data directory.");
}

Error unknown_path(std::string_view method, std::string_view path) {
  return make(ErrorKind::not_found, {}, fmt::format("There is no operation {} {}. See /openapi.json for those there are.", quoted(method), quoted(path)));
}

Error malformed_path() { return bad_request("invalid_configuration", "The path is not validly percent-encoded UTF-8. Encode it as RFC 3986 says."); }

Error unsupported_media_type(std::string_view sent) {
  const std::string what = sent.empty() ? "A body needs the header 'Content-Type: application/json'."
                                        : fmt::format("The content type {} is not supported; send 'Content-Type: application/json'.", quoted(sent));
  return make(ErrorKind::unsupported_media_type, {}, what);
}

Error body_too_large(std::size_t limit) {
  return make(ErrorKind::payload_too_large, {}, fmt::format("The body is larger than the limit of {} bytes. Send less in one request.", limit));
}

Error body_required() { return bad_request("parameter_missing", "This operation needs a JSON object as its body, and none was sent.", "body"); }

Error malformed_json(std::string_view message, std::size_t line, std::size_t column) {
  return bad_request("invalid_type", fmt::format("The body is not valid JSON: {} at line {}, column {}.", message, line, column), "body");
}

Error body_not_object() { return bad_request("invalid_type", "The body must be a JSON object.", "body"); }

Error nul_in_body() { return bad_request("invalid_type", "A string in the body holds the character U+0000, which no value may. Leave it out.", "body"); }

Error unknown_body_key(std::string_view key, const std::vector<std::string>& known) {
  const std::string hint = known.empty() ? "This operation takes an empty object." : fmt::format("The known keys are {}.", listed(known));
  return bad_request("invalid_configuration", fmt::format("Unrecognized key {} in the body. {}", quoted(key), hint), std::string(base::utf8_prefix(key, 255)));
}

Error wrong_shape(std::string_view param, std::string_view expected) { return bad_request("invalid_type", fmt::format("'{}' must be {}.", param, expected), std::string(param)); }

Error parameter_missing(std::string_view param, std::string_view what) {
  return bad_request("parameter_missing", fmt::format("'{}' is required: {}.", param, what), std::string(param));
}

Error invalid_limit(std::size_t maximum) { return bad_request("invalid_type", fmt::format("'limit' must be an integer from 1 to {}.", maximum), "limit"); }

Error invalid_offset() { return bad_request("invalid_type", "'offset' must be an integer of 0 or more.", "offset"); }

Error invalid_status() { return bad_request("invalid_type", "'status' must be 'active' or 'trashed'.", "status"); }

Error malformed_query() { return bad_request("invalid_type", "The query string is not validly percent-encoded UTF-8. Encode keys and values as RFC 3986 says."); }

Error too_many_parameters(std::size_t maximum) { return bad_request("invalid_configuration", fmt::format("The query has more than {} parameters. Send fewer.", maximum)); }

Error idempotency_key_too_long() {
  return bad_request("idempotency_key_too_long", "The 'Idempotency-Key' header is longer than 255 characters. Send a shorter key.", "Idempotency-Key");
}

Error idempotency_in_flight() { return make(ErrorKind::idempotency_conflict, {}, "An operation with this idempotency key is already in progress. Please wait and retry."); }

Error idempotency_other_subject() {
  return final_conflict(ErrorKind::idempotency_conflict, "This idempotency key was used by another member or key of the workspace. Use a new key.", "Idempotency-Key");
}

Error unavailable() {
  Error error = make(ErrorKind::unavailable, {}, "The server cannot store anything just now; nothing was changed. Please try again later.");
  error.retry_after_seconds = 5;
  return error;
}

Error unreadable() {
  Error error = make(ErrorKind::unavailable, {}, "The server could not read what this request needs; nothing was changed. Please tell its operator: the database may be damaged.");
  error.retry_after_seconds = 60;
  return error;
}

Error lists_unavailable() {
  Error error =
      make(ErrorKind::unavailable, {}, "Lists of this workspace cannot be answered: the server could not read all its records. Records can be retrieved by id; tell the operator.");
  error.retry_after_seconds = 60;
  return error;
}

Error overloaded() {
  Error error = make(ErrorKind::unavailable, {}, "The server is busy; nothing was changed. Please try again shortly.");
  error.retry_after_seconds = 1;
  return error;
}

Error internal() { return make(ErrorKind::internal, {}, "Internal Server Error"); }

Error http_protocol(int status) {
  switch (status) {
    case 408: return bad_request("invalid_configuration", "The request did not arrive in time. Send it again, whole.");
    case 414: return bad_request("invalid_configuration", "The URL is too long. Shorten the query, or send fewer filters.");
    case 431: return bad_request("invalid_configuration", "The request's headers are too large. Send fewer or shorter ones.");
    case 501: return bad_request("invalid_configuration", "This transfer coding or method is not supported. Send Content-Length or chunked.");
    case 503: return overloaded();
    case 505: return bad_request("invalid_configuration", "This HTTP version is not supported. Use HTTP/1.1.");
    case 400: return bad_request("invalid_configuration", "The request is not valid HTTP. See RFC 9112.");
    default: return internal();
  }
}

Error no_resource(std::string_view plural) { return make(ErrorKind::not_found, {}, fmt::format("No resource found in '{}' with the given ID.", plural)); }

Error unknown_field(const ObjectType& type, std::string_view key) {
  return bad_request("unknown_field", fmt::format("Unrecognized field {} for '{}'. The known fields are {}.", quoted(key), type.plural, hint_of_fields(type)),
                     field_param(base::utf8_prefix(key, 255)));
}

Error unknown_relationship(const ObjectType& type, std::string_view key) {
  return bad_request("unknown_relationship",
                     fmt::format("Unrecognized relationship {} for '{}'. The known relationships are {}.", quoted(key), type.plural, hint_of_relationships(type)),
                     relationship_param(base::utf8_prefix(key, 255)));
}

Error read_only_field(const ObjectType& type, std::string_view key) {
  return bad_request("invalid_configuration", fmt::format("Field '{}' of '{}' is read-only. Leave it out of the request.", key, type.plural), field_param(key));
}

Error create_only_field(const ObjectType& type, std::string_view key) {
  return bad_request("invalid_configuration", fmt::format("Field '{}' of '{}' is read-only once the record exists. Leave it out of the update.", key, type.plural),
                     field_param(key));
}

Error read_only_relationship(const ObjectType& type, const RelationshipDefinition& relationship) {
  return bad_request("invalid_configuration",
                     fmt::format("Relationship '{}' of '{}' is read-only. Leave it out, or write the link from its other end; always writable here are {}.", relationship.key,
                                 type.plural, listed(writable_relationships(type))),
                     relationship_param(relationship.key));
}

Error create_only_relationship(const ObjectType& type, const RelationshipDefinition& relationship) {
  return bad_request("invalid_configuration",
                     fmt::format("Relationship '{}' of '{}' is read-only once the record exists. Leave it out of the update.", relationship.key, type.plural),
                     relationship_param(relationship.key));
}

Error missing_field(const ObjectType& type, std::string_view key) {
  return bad_request("parameter_missing", fmt::format("Field '{}' is required to create one of '{}'.", key, type.plural), field_param(key));
}

Error missing_relationship(const ObjectType& type, std::string_view key) {
  return bad_request("parameter_missing", fmt::format("Relationship '{}' is required to create one of '{}'.", key, type.plural), relationship_param(key));
}

Error required_field_blank(const ObjectType& type, std::string_view slug) {
  return unprocessable(fmt::format("{} requires {} field", type.crm_name(), slug), fmt::format("fields.{}", slug));
}

Error record_too_large(std::size_t limit) { return unprocessable(fmt::format("A record's fields hold at most {} bytes together. Shorten its long texts.", limit), "fields"); }

Error required_relationship_cleared(const ObjectType& type, std::string_view key) {
  return unprocessable(fmt::format("{} requires {} relationship. Set it to another record instead of clearing it.", type.crm_name(), key), relationship_param(key));
}

Error unique_value_taken(std::string_view key, std::string_view value, std::optional<std::string> holder) {
  const std::string who = holder ? fmt::format("record {}", *holder) : std::string("another record");
  return final_conflict(ErrorKind::conflict,
                        fmt::format("Field '{}' must be unique, and {} is already the value of {}. Send another value, or update that record.", key, quoted(value), who),
                        field_param(key));
}

Error unique_value_taken_on_restore(std::string_view key, std::optional<std::string> holder) {
  const std::string who = holder ? fmt::format("record {}", *holder) : std::string("another record");
  return final_conflict(ErrorKind::conflict,
                        fmt::format("The record cannot be restored: its value of the unique field '{}' now belongs to {}. Change that record first.", key, who), field_param(key));
}

Error field_without_history(const ObjectType& type, std::string_view key) {
  return bad_request("invalid_configuration", fmt::format("Field '{}' of '{}' keeps no history, since it is computed. Ask for a stored field.", key, type.plural), "fieldKey");
}

Error invalid_cursor() { return bad_request("invalid_type", "'after' is not a cursor of this history. Pass the 'nextCursor' of its previous page.", "after"); }

Error relationship_shape(std::string_view key) {
  return bad_request("invalid_type", fmt::format("Relationship '{}' takes a record id or a list of record ids.", key), relationship_param(key));
}

Error relationship_no_operation(std::string_view key) {
  return bad_request("invalid_configuration", fmt::format("Relationship '{}' takes an object with 'replace', or with 'add' and 'remove', one or both.", key),
                     relationship_param(key));
}

Error relationship_operation_unknown(std::string_view key, std::string_view operation) {
  return bad_request("invalid_configuration", fmt::format("Unrecognized operation {} on relationship '{}'. Use 'add', 'remove' or 'replace'.", quoted(operation), key),
                     relationship_param(key));
}

Error relationship_operations_mixed(std::string_view key) {
  return bad_request("invalid_configuration", fmt::format("Relationship '{}' takes either 'replace' alone, or 'add' and 'remove', one or both.", key), relationship_param(key));
}

Error relationship_replace_refused(std::string_view key) {
  return bad_request("invalid_configuration", fmt::format("Relationship '{}' does not take 'replace' here. Use 'add' and 'remove'.", key), relationship_param(key));
}

Error relationship_id_in_both(std::string_view key, std::string_view id) {
  return bad_request("invalid_configuration", fmt::format("Relationship '{}' has {} under both 'add' and 'remove'. Name it under one of them.", key, quoted(id)),
                     relationship_param(key));
}

Error relationship_has_one(std::string_view key) {
  return unprocessable(fmt::format("Relationship '{}' holds one record, and more than one id was sent. Send one.", key), relationship_param(key));
}

Error relationship_to_itself(std::string_view key) {
  return unprocessable(fmt::format("Relationship '{}' cannot link a record to itself. Name another record.", key), relationship_param(key));
}

Error relationship_entity_missing(std::string_view key, std::string_view id, const ObjectType& far) {
  return bad_request("relationship_entity_missing",
                     fmt::format("Relationship '{}' names {}, and there is no {} with that id. It takes ids that begin with '{}_'.", key, quoted(id), far.slug, far.prefix),
                     relationship_param(key));
}

Error relationship_entity_inactive(std::string_view key, std::string_view id) {
  return bad_request("relationship_entity_inactive", fmt::format("Relationship '{}' names {}, which is in the trash. Restore it first, or name another record.", key, quoted(id)),
                     relationship_param(key));
}

Error relationship_write_limit(std::string_view what) {
  return unprocessable(fmt::format("A request may {} at most 25 across all its relationships. Split it into several requests.", what), "relationships",
                       "relationship_write_limit_exceeded");
}

Error list_object_type(std::string_view sent) {
  return bad_request("invalid_type", fmt::format("'$objectType' must be '$account', '$contact' or '$opportunity', not {}.", quoted(sent)), "fields.$objectType");
}

Error list_kind(std::string_view why) { return unprocessable(fmt::format("'$kind' {}", why), "fields.$kind"); }

Error second_target_list() {
  return final_conflict(ErrorKind::conflict, "The workspace already has a list of kind 'target', and there may be only one. Clear the other's '$kind' first.", "fields.$kind");
}

Error list_members_mismatch(std::string_view key, std::string_view expected) {
  return bad_request("invalid_configuration", fmt::format("Relationship {} does not match the list's '$objectType'. Use '{}'.", quoted(key), expected), relationship_param(key));
}

Error list_holds_other_type(std::string_view holds) {
  return bad_request("invalid_configuration", fmt::format("This list holds {0}. Ask for /v1/lists/{{listId}}/{0}.", holds), "listId");
}

Error admin_not_found(std::string_view what, std::string_view id) { return make(ErrorKind::not_found, {}, fmt::format("There is no {} {}.", what, quoted(id))); }

Error admin_conflict(std::string_view what, std::string param) { return final_conflict(ErrorKind::conflict, std::string(what), std::move(param)); }

Error admin_invalid(std::string message, std::string param) { return bad_request("invalid_configuration", std::move(message), std::move(param)); }

}  // namespace errors
}  // namespace plenoptic::model
