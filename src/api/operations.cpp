// The operations table. A new operation is a row here, a handler, and a scenario.
#include "api/operation.h"

#include "api/handlers/handlers.h"

namespace plenoptic::api {
namespace {

using namespace handlers;
using enum Method;
using enum RateCategory;
using enum Shape;
namespace types = model::types;

// clang-format off: a table, a row each
const std::vector<BodyKey> record_body = {{"fields", object, true}, {"relationships", object}};
const std::vector<BodyKey> enriched_body = {{"fields", object, true}, {"relationships", object}, {"skipEnrichment", boolean}};
const std::vector<BodyKey> update_body = {{"fields", object}, {"relationships", object}};

/// The seven rows that every record type has.
struct RecordRows {
  model::TypeNumber type;
  const char* noun;    // `account`
  const char* plural;  // `accounts`
  const std::vector<BodyKey>& create_body;
};

/// Strings that rows view, built once and kept for the life of the process.
class Texts {
 public:
  std::string_view keep(std::string text) { return *texts_.emplace_back(std::make_unique<std::string>(std::move(text))); }

 private:
  std::vector<std::unique_ptr<std::string>> texts_;
};

void add_record_rows(std::vector<Operation>& rows, Texts& texts, const RecordRows& object) {
  const std::string noun = object.noun, plural = object.plural;
  const auto id = [&](const char* action) { return texts.keep(noun + "." + action); };
  const auto path = [&](const char* rest) { return texts.keep("/v1/" + plural + rest); };
  const auto scope = [&](const char* action) { return std::vector{texts.keep(plural + ":" + action)}; };
  const auto says = [&](std::string text) { return texts.keep(std::move(text)); };

  rows.push_back({.id = id("definitions"), .method = get, .path = path("/definitions"), .type = object.type, .scopes = scope("read"), .rate = read,
                  .handler = definitions, .summary = says("The fields and relationships of " + plural + ".")});
  rows.push_back({.id = id("create"), .method = post, .path = path(""), .type = object.type, .scopes = scope("create"), .rate = write, .lane = Lane::write,
                  .body_rule = BodyRule::object, .body = object.create_body, .handler = create_record, .summary = says("Creates one of " + plural + ".")});
  rows.push_back({.id = id("list"), .method = get, .path = path(""), .type = object.type, .scopes = scope("read"), .rate = search,
                  .handler = list_records, .summary = says("A page of " + plural + ", newest first, by filters.")});
  rows.push_back({.id = id("retrieve"), .method = get, .path = path("/{id}"), .type = object.type, .scopes = scope("read"), .rate = read,
                  .handler = retrieve_record, .summary = says("One of " + plural + ".")});
  rows.push_back({.id = id("update"), .method = post, .path = path("/{id}"), .type = object.type, .scopes = scope("update"), .rate = write, .lane = Lane::write,
                  .body_rule = BodyRule::object, .body = update_body, .handler = update_record, .summary = says("Changes the fields and relationships named, and nothing else.")});
  rows.push_back({.id = id("delete"), .method = delete_, .path = path("/{id}"), .type = object.type, .scopes = scope("delete"), .rate = write, .lane = Lane::write,
                  .body_rule = BodyRule::optional_empty, .handler = delete_record, .summary = says("Moves one of " + plural + " to the trash.")});
  rows.push_back({.id = id("restore"), .method = post, .path = path("/{id}/restore"), .type = object.type, .scopes = scope("restore"), .rate = write, .lane = Lane::write,
                  .body_rule = BodyRule::optional_empty, .handler = restore_record, .summary = says("Brings one of " + plural + " back from the trash.")});
}

void add_history_row(std::vector<Operation>& rows, Texts& texts, model::TypeNumber type, const std::string& noun, const std::string& plural) {
  rows.push_back({.id = texts.keep(noun + ".fieldHistory"), .method = get, .path = texts.keep("/v1/" + plural + "/{id}/fields/{fieldKey}/history"), .type = type,
                  .scopes = {texts.keep(plural + ":read")}, .rate = read, .handler = field_history, .summary = "The values that a field has had, newest first."});
}

void add_list_rows(std::vector<Operation>& rows) {
  const auto type = types::list;
  rows.push_back({.id = "list.create", .method = post, .path = "/v1/lists", .type = type, .scopes = {"lists:create"}, .rate = write, .lane = Lane::write,
                  .body_rule = BodyRule::object, .body = record_body, .handler = create_list, .summary = "Creates a list of accounts, contacts or opportunities."});
  rows.push_back({.id = "list.list", .method = get, .path = "/v1/lists", .type = type, .scopes = {"lists:read"}, .rate = search,
                  .handler = list_records, .summary = "A page of lists, newest first."});
  rows.push_back({.id = "list.retrieve", .method = get, .path = "/v1/lists/{id}", .type = type, .scopes = {"lists:read"}, .rate = read,
                  .handler = retrieve_record, .summary = "One list."});
  rows.push_back({.id = "list.update", .method = post, .path = "/v1/lists/{id}", .type = type, .scopes = {"lists:update"}, .rate = write, .lane = Lane::write,
                  .body_rule = BodyRule::object, .body = update_body, .handler = update_list, .summary = "Renames a list, adds members and takes them out."});
  rows.push_back({.id = "list.delete", .method = delete_, .path = "/v1/lists/{id}", .type = type, .scopes = {"lists:delete"}, .rate = write, .lane = Lane::write,
                  .body_rule = BodyRule::optional_empty, .handler = delete_record, .summary = "Deletes a list; its members stay."});
  rows.push_back({.id = "list.listAccounts", .method = get, .path = "/v1/lists/{listId}/accounts", .type = types::account, .scopes = {"lists:read", "accounts:read"},
                  .rate = search, .handler = list_members, .summary = "A page of a list's accounts."});
  rows.push_back({.id = "list.listContacts", .method = get, .path = "/v1/lists/{listId}/contacts", .type = types::contact, .scopes = {"lists:read", "contacts:read"},
                  .rate = search, .handler = list_members, .summary = "A page of a list's contacts."});
  rows.push_back({.id = "list.listOpportunities", .method = get, .path = "/v1/lists/{listId}/opportunities", .type = types::opportunity,
                  .scopes = {"lists:read", "opportunities:read"}, .rate = search, .handler = list_members, .summary = "A page of a list's opportunities."});
}

void add_member_and_auth_rows(std::vector<Operation>& rows) {
  rows.push_back({.id = "member.list", .method = get, .path = "/v1/members", .type = types::member, .scopes = {"members:read"}, .rate = search,
                  .handler = list_records, .summary = "A page of the workspace's members."});
  rows.push_back({.id = "member.retrieve", .method = get, .path = "/v1/members/{id}", .type = types::member, .scopes = {"members:read"}, .rate = read,
                  .handler = retrieve_record, .summary = "One member."});
  rows.push_back({.id = "auth.validate", .method = get, .path = "/v1/auth/validate", .rate = read, .handler = validate_key,
                  .summary = "Says what the API key may do."});
}

/// Answered by the pipeline's own parts where `handler` is null.
void add_system_rows(std::vector<Operation>& rows) {
  rows.push_back({.id = "system.health", .method = get, .path = "/healthz", .access = Access::everyone, .handler = health, .summary = "Whether the process is alive."});
  rows.push_back({.id = "system.ready", .method = get, .path = "/readyz", .access = Access::everyone, .handler = ready, .summary = "Whether every index is loaded."});
  rows.push_back({.id = "system.metrics", .method = get, .path = "/metrics", .access = Access::everyone, .summary = "Metrics in Prometheus's text format."});
  rows.push_back({.id = "system.openapi", .method = get, .path = "/openapi.json", .access = Access::everyone, .summary = "This API as an OpenAPI document."});
}

void add_admin_rows(std::vector<Operation>& rows) {
  const auto add = [&](std::string_view id, Method method, std::string_view path, Answer (*handler)(Call&), std::vector<BodyKey> body, std::string_view summary,
                       Lane lane, Access access = Access::admin) {
    rows.push_back({.id = id, .method = method, .path = path, .access = access, .lane = lane, .body_rule = method == post ? BodyRule::object : BodyRule::none,
                    .body = std::move(body), .handler = handler, .summary = summary});
  };
  const auto reads = Lane::read;
  const auto writes = Lane::write;
  const auto reshapes = Lane::write_alone;
#define IN_WORKSPACE "/admin/v1/workspaces/{workspace}"
  add("admin.workspace.create", post, "/admin/v1/workspaces", admin_create_workspace, {{"slug", string, true}, {"name", string, true}, {"currency", string}},
      "Creates a workspace.", reshapes, Access::operator_);
  add("admin.workspace.list", get, "/admin/v1/workspaces", admin_list_workspaces, {}, "The workspaces that the caller administers.", reads);
  add("admin.workspace.update", post, IN_WORKSPACE, admin_update_workspace, {{"name", string}}, "Renames a workspace.", reshapes);
  add("admin.member.create", post, IN_WORKSPACE "/members", admin_create_member, {{"email", string, true}, {"firstName", string}, {"lastName", string}, {"role", string}},
      "Adds a member.", writes);
  add("admin.member.listAll", get, IN_WORKSPACE "/members", admin_list_members, {}, "All members.", reads);
  add("admin.member.update", post, IN_WORKSPACE "/members/{member}", admin_update_member, {{"firstName", string}, {"lastName", string}, {"role", string}},
      "Changes a member's name or role.", writes);
  add("admin.key.create", post, IN_WORKSPACE "/keys", admin_create_key, {{"name", string, true}, {"scopes", string_list}, {"member", nullable_string}, {"expiresAt", nullable_string}},
      "Creates an API key and shows it, once.", reshapes);
  add("admin.key.list", get, IN_WORKSPACE "/keys", admin_list_keys, {}, "All API keys, without their secrets.", reads);
  add("admin.key.revoke", post, IN_WORKSPACE "/keys/{key}/revoke", admin_revoke_key, {}, "Revokes an API key, at once and for good.", reshapes);
  add("admin.field.create", post, IN_WORKSPACE "/fields", admin_create_field,
      {{"objectType", string, true}, {"key", string, true}, {"label", string, true}, {"description", nullable_string}, {"valueType", string, true},
       {"options", string_list}, {"unique", boolean}, {"multipleValues", boolean}, {"required", boolean}, {"currency", nullable_string}, {"handleService", nullable_string}},
      "Adds a custom field.", reshapes);
  add("admin.field.list", get, IN_WORKSPACE "/fields", admin_list_fields, {}, "All fields, or those of one objectType.", reads);
  add("admin.field.update", post, IN_WORKSPACE "/fields/{field}", admin_update_field,
      {{"objectType", string, true}, {"label", string}, {"description", nullable_string}, {"unique", boolean}, {"required", boolean}}, "Changes a field.", reshapes);
  add("admin.option.create", post, IN_WORKSPACE "/options", admin_create_option,
      {{"objectType", string, true}, {"field", string, true}, {"label", string, true}, {"description", nullable_string}}, "Adds an option to a select field.", reshapes);
  add("admin.option.list", get, IN_WORKSPACE "/options", admin_list_options, {}, "The options of a select field: objectType and field say which.", reads);
  add("admin.option.update", post, IN_WORKSPACE "/options/{option}", admin_update_option,
      {{"objectType", string, true}, {"field", string, true}, {"label", string}, {"description", nullable_string}, {"retired", boolean}, {"position", integer}},
      "Renames, moves or retires an option.", reshapes);
  add("admin.relationship.create", post, IN_WORKSPACE "/relationships", admin_create_relationship,
      {{"key", string, true}, {"label", string, true}, {"description", nullable_string}, {"source", string, true}, {"target", string, true}, {"cardinality", string},
       {"inverseKey", nullable_string}, {"inverseLabel", nullable_string}, {"inverseCardinality", string}},
      "Adds a custom relationship.", reshapes);
  add("admin.relationship.list", get, IN_WORKSPACE "/relationships", admin_list_relationships, {}, "All relationships, with both ends.", reads);
  add("admin.relationship.update", post, IN_WORKSPACE "/relationships/{relationship}", admin_update_relationship,
      {{"label", string}, {"description", nullable_string}, {"inverseLabel", string}}, "Renames a relationship.", reshapes);
#undef IN_WORKSPACE
}
// clang-format on

std::vector<Operation> build() {
  static Texts texts;
  std::vector<Operation> rows;
  add_record_rows(rows, texts, {types::account, "account", "accounts", enriched_body});
  add_record_rows(rows, texts, {types::contact, "contact", "contacts", enriched_body});
  add_record_rows(rows, texts, {types::opportunity, "opportunity", "opportunities", record_body});
  add_record_rows(rows, texts, {types::task, "task", "tasks", record_body});
  add_record_rows(rows, texts, {types::note, "note", "notes", record_body});
  add_history_row(rows, texts, types::account, "account", "accounts");
  add_history_row(rows, texts, types::contact, "contact", "contacts");
  add_history_row(rows, texts, types::opportunity, "opportunity", "opportunities");
  add_list_rows(rows);
  add_member_and_auth_rows(rows);
  add_system_rows(rows);
  add_admin_rows(rows);
  return rows;
}

}  // namespace

std::string_view method_name(Method method) {
  switch (method) {
    case Method::get: return "GET";
    case Method::post: return "POST";
    case Method::delete_: break;
  }
  return "DELETE";
}

std::string_view rate_category_name(RateCategory category) {
  switch (category) {
    case RateCategory::read: return "Read";
    case RateCategory::write: return "Write";
    case RateCategory::search: return "Search";
    case RateCategory::none: break;
  }
  return "None";
}

std::span<const Operation> operations() {
  static const std::vector<Operation> rows = build();
  return rows;
}

}  // namespace plenoptic::api
