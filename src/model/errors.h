// Every error a client can receive, each made by a named function: the only place with their texts.
// Statuses, types and codes are the contract's; every message says what was wrong and what would be right.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/definitions.h"
#include "model/problem.h"

namespace plenoptic::model {

/// A request that cannot succeed. Thrown by services and handlers, caught once, in api/pipeline.
struct Error : std::exception {
  ErrorKind kind = ErrorKind::internal;
  std::string code;
  std::string message;
  std::string param;
  /// Told to clients as `x-should-retry: false`: no retry can cure it.
  bool final_conflict = false;
  std::optional<int> retry_after_seconds;

  const char* what() const noexcept override { return message.c_str(); }
};

/// 400 … 503.
int http_status(ErrorKind kind);
/// `bad_request`, `unprocessable_content`, …
std::string_view error_type(ErrorKind kind);

/// Up to twenty names, quoted and separated by commas, for messages.
std::string listed(const std::vector<std::string>& names);

namespace errors {

Error from_problem(const Problem& problem, std::string param);

// The request itself
Error unauthorized();
Error version_header(std::string_view sent);
Error rate_limited(int retry_after_seconds);
Error missing_scope(std::string_view scope);
Error admins_only();
Error operator_only();
Error unknown_path(std::string_view method, std::string_view path);
Error malformed_path();
Error unsupported_media_type(std::string_view sent);
Error body_too_large(std::size_t limit);
Error body_required();
Error malformed_json(std::string_view message, std::size_t line, std::size_t column);
Error body_not_object();
Error nul_in_body();
Error unknown_body_key(std::string_view key, const std::vector<std::string>& known);
Error wrong_shape(std::string_view param, std::string_view expected);
Error parameter_missing(std::string_view param, std::string_view what);
Error invalid_limit(std::size_t maximum);
Error invalid_offset();
Error invalid_status();
Error malformed_query();
Error too_many_parameters(std::size_t maximum);
Error idempotency_key_too_long();
Error idempotency_in_flight();
Error idempotency_other_subject();
/// Storage takes no writes just now: a full disk, as a rule.
Error unavailable();
/// Storage could not be read: a damaged file, as a rule.
Error unreadable();
Error lists_unavailable();
Error overloaded();
Error internal();
/// What the HTTP layer refuses before it is a request; by its status.
Error http_protocol(int status);

// Records
Error no_resource(std::string_view plural);
Error unknown_field(const ObjectType& type, std::string_view key);
Error unknown_relationship(const ObjectType& type, std::string_view key);
Error read_only_field(const ObjectType& type, std::string_view key);
Error create_only_field(const ObjectType& type, std::string_view key);
Error read_only_relationship(const ObjectType& type, const RelationshipDefinition& relationship);
Error create_only_relationship(const ObjectType& type, const RelationshipDefinition& relationship);
Error missing_field(const ObjectType& type, std::string_view key);
Error missing_relationship(const ObjectType& type, std::string_view key);
Error required_field_blank(const ObjectType& type, std::string_view slug);
Error record_too_large(std::size_t limit);
Error required_relationship_cleared(const ObjectType& type, std::string_view key);
Error unique_value_taken(std::string_view key, std::string_view value, std::optional<std::string> holder);
Error unique_value_taken_on_restore(std::string_view key, std::optional<std::string> holder);
Error field_without_history(const ObjectType& type, std::string_view key);
Error invalid_cursor();

// Relationships
Error relationship_shape(std::string_view key);
Error relationship_no_operation(std::string_view key);
Error relationship_operation_unknown(std::string_view key, std::string_view operation);
Error relationship_operations_mixed(std::string_view key);
Error relationship_replace_refused(std::string_view key);
Error relationship_id_in_both(std::string_view key, std::string_view id);
Error relationship_has_one(std::string_view key);
Error relationship_to_itself(std::string_view key);
Error relationship_entity_missing(std::string_view key, std::string_view id, const ObjectType& far);
Error relationship_entity_inactive(std::string_view key, std::string_view id);
Error relationship_write_limit(std::string_view what);

// Lists
Error list_object_type(std::string_view sent);
Error list_kind(std::string_view why);
Error second_target_list();
Error list_members_mismatch(std::string_view key, std::string_view expected);
Error list_holds_other_type(std::string_view holds);

// Administration
Error admin_not_found(std::string_view what, std::string_view id);
Error admin_conflict(std::string_view what, std::string param);
Error admin_invalid(std::string message, std::string param);

}  // namespace errors
}  // namespace plenoptic::model
