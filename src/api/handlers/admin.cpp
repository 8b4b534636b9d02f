// Administration of workspaces, members and keys. Extensions of the contract, below /admin/v1.
#include "api/envelope.h"
#include "api/handlers/handlers.h"
#include "base/clock.h"
#include "model/system_schema.h"
#include "services/members.h"

namespace plenoptic::api::handlers {
namespace {

using base::Json;
namespace errors = model::errors;

const std::string& text(const Call& call, std::string_view key) {
  static const std::string none;
  const Json& value = call.body.at(key);
  return value.is_string() ? value.string() : none;
}

std::optional<std::string> optional_text(const Call& call, std::string_view key) {
  const Json& value = call.body.at(key);
  return value.is_string() ? std::optional(value.string()) : std::nullopt;
}

Json time_json(std::optional<std::int64_t> unix_ms) { return unix_ms ? Json(base::format_timestamp(*unix_ms)) : Json(); }

Json workspace_json(const services::WorkspaceEntry& workspace) {
  return Json::object({{"slug", workspace.slug},
                       {"name", workspace.name},
                       {"currency", workspace.currency},
                       {"createdAt", base::format_timestamp(workspace.created_at_ms)},
                       {"schemaVersion", workspace.schema->version()}});
}

Json member_id_json(const Call& call, std::optional<model::RecordId> member) { return member ? Json(model::public_id(call.schema().type(model::types::member), *member)) : Json(); }

Json key_json(const Call& call, const storage::ApiKey& key, std::optional<std::int64_t> last_used_ms) {
  Json::Array scopes;
  for (const std::string& scope : key.scopes) scopes.push_back(scope);
  return Json::object({{"id", key.id},
                       {"name", key.name},
                       {"hint", "…" + key.hint},
                       {"scopes", std::move(scopes)},
                       {"subjectType", key.member ? "user" : "workspace"},
                       {"member", member_id_json(call, key.member)},
                       {"createdBy", member_id_json(call, key.created_by)},
                       {"createdAt", base::format_timestamp(key.created_at_ms)},
                       {"expiresAt", time_json(key.expires_at_ms)},
                       {"revokedAt", time_json(key.revoked_at_ms)},
                       {"lastUsedAt", time_json(last_used_ms)}});
}

Json list_json(Json::Array data) {
  const auto total = static_cast<std::int64_t>(data.size());
  return Json::object({{"object", "list"}, {"data", std::move(data)}, {"totalCount", total}});
}

std::optional<std::int64_t> asked_expiry(const Call& call) {
  const auto sent = optional_text(call, "expiresAt");
  if (!sent) return std::nullopt;
  const auto parsed = base::parse_timestamp(*sent);
  if (!parsed) throw errors::admin_invalid("'expiresAt' " + parsed.error() + ".", "expiresAt");
  if (*parsed <= call.write->now_ms)
    throw errors::admin_invalid("'expiresAt' must lie in the future; " + *sent + " is past. Leave it out for a key that does not expire.", "expiresAt");
  return *parsed;
}

/// By e-mail address or by id.
model::RecordId get_member(Call& call, const std::string& named) {
  const model::ObjectType& type = call.schema().type(model::types::member);
  auto id = services::parse_public_id(type, named);
  if (!id) id = services::find_member_by_email(call.storage(), call.workspace->id, call.schema(), named);
  if (!id || !call.storage().find_record(call.workspace->id, type.number, *id)) throw errors::admin_not_found("member", named);
  return *id;
}

}  // namespace

Answer admin_create_workspace(Call& call) {
  services::NewWorkspace wanted{.slug = text(call, "slug"), .name = text(call, "name")};
  if (const auto currency = optional_text(call, "currency")) wanted.currency = *currency;
  return json_answer(workspace_json(*services::create_workspace(*call.write, wanted, call.services.workspace_sink)));
}

Answer admin_list_workspaces(Call& call) {
  Json::Array data;
  for (const auto& workspace : call.services.workspaces.all())
    if (call.principal.is_operator() || call.principal.key->key.workspace == workspace->id) data.push_back(workspace_json(*workspace));
  return json_answer(list_json(std::move(data)));
}

Answer admin_update_workspace(Call& call) {
  return json_answer(workspace_json(*services::update_workspace(*call.write, *call.workspace, optional_text(call, "name"), call.services.workspace_sink)));
}

Answer admin_create_member(Call& call) {
  services::NewMember wanted{.email = text(call, "email"), .first_name = text(call, "firstName"), .last_name = text(call, "lastName")};
  if (const auto role = optional_text(call, "role")) wanted.role = *role;
  return record_answer(call, call.schema().type(model::types::member), services::create_member(*call.write, wanted));
}

Answer admin_list_members(Call& call) {
  const model::ObjectType& type = call.schema().type(model::types::member);
  std::vector<std::string> members;
  call.storage().scan_records(call.workspace->id, type.number, [&](const model::Record& record) { append_record(members.emplace_back(), call, type, record); });
  return list_answer(members, members.size());
}

Answer admin_update_member(Call& call) {
  const model::ObjectType& type = call.schema().type(model::types::member);
  const services::MemberUpdate wanted{optional_text(call, "firstName"), optional_text(call, "lastName"), optional_text(call, "role")};
  return record_answer(call, type, services::update_member(*call.write, get_member(call, call.path_parameter("member")), wanted));
}

Answer admin_create_key(Call& call) {
  services::NewKey wanted{.name = text(call, "name"), .scopes = {}, .member = {}, .expires_at_ms = asked_expiry(call)};
  if (const Json* scopes = call.body.find("scopes"))
    for (const Json& scope : scopes->items()) wanted.scopes.push_back(scope.string());
  if (const auto member = optional_text(call, "member")) wanted.member = get_member(call, *member);
  const auto created = services::create_api_key(*call.write, call.services.keys, wanted);
  Json json = key_json(call, created.key, std::nullopt);
  // Shown once: a repetition shows the key's record, and the disk holds its hash only.
  std::string without_secret = json.dump();
  json["key"] = created.secret;
  Answer answer = json_answer(json);
  answer.kept_body = std::move(without_secret);
  return answer;
}

Answer admin_list_keys(Call& call) {
  Json::Array data;
  for (const auto& entry : call.services.keys.of_workspace(call.workspace->id)) {
    const std::int64_t last = entry->last_used_ms.load();
    data.push_back(key_json(call, entry->key, last ? std::optional(last) : std::nullopt));
  }
  return json_answer(list_json(std::move(data)));
}

Answer admin_revoke_key(Call& call) {
  const storage::ApiKey key = services::revoke_api_key(*call.write, call.services.keys, call.path_parameter("key"));
  return json_answer(key_json(call, key, key.last_used_at_ms));
}

}  // namespace plenoptic::api::handlers
