#include "cli/command_table.h"

namespace plenoptic::cli {
namespace {

using enum Takes;

// clang-format off: a table, a row each
std::vector<CommandRow> build() {
  const OptionRow object{"--object", "objectType", text, true, "account, contact or opportunity"};
  const OptionRow field{"--field", "field", text, true, "the field's key"};
  const OptionRow description{"--description", "description", text, false, "what it is for"};
  const std::vector<std::string_view> member_columns = {"id", "fields.$email.value", "fields.$role.value"};
  const std::vector<std::string_view> field_columns = {"objectType", "key", "label", "valueType", "id"};
  const std::vector<std::string_view> relationship_columns = {"key", "source.objectType", "source.cardinality", "destination.objectType", "destination.key", "id"};
  return {
      {"workspace", "create", "POST", "/admin/v1/workspaces", "", {{"--slug", "slug", text, true, "a-z, 0-9 and '-'"}, {"--name", "name", text, true, "its name"}, {"--currency", "currency", text, false, "ISO 4217; USD where left out"}},
       {"slug", "name", "currency"}, "Make a workspace (operators only: --data).", "plenoptic workspace create --data /var/lib/plenoptic --slug acme --name Acme"},
      {"workspace", "list", "GET", "/admin/v1/workspaces", "", {}, {"slug", "name", "currency", "createdAt"}, "List workspaces.", "plenoptic workspace list --data /var/lib/plenoptic"},
      {"workspace", "update", "POST", "", "", {{"--name", "name", text, true, "its new name"}}, {"slug", "name"}, "Rename a workspace.", "plenoptic workspace update --data DIR --workspace acme --name 'Acme Inc.'"},
      {"member", "create", "POST", "/members", "",
       {{"--email", "email", text, true, "e-mail address"}, {"--first-name", "firstName", text, false, ""}, {"--last-name", "lastName", text, false, ""}, {"--role", "role", text, false, "admin or member"}}, member_columns,
       "Add a member.", "plenoptic member create --data DIR --email ada@example.com --first-name Ada --role admin"},
      {"member", "list", "GET", "/members", "", {}, member_columns, "List members.", "plenoptic member list --data DIR"},
      {"member", "update", "POST", "/members/{}", "member", {{"--first-name", "firstName", text, false, ""}, {"--last-name", "lastName", text, false, ""}, {"--role", "role", text, false, "admin or member"}}, member_columns,
       "Change a member, by e-mail address or id.", "plenoptic member update ada@example.com --data DIR --role member"},
      {"key", "create", "POST", "/keys", "",
       {{"--name", "name", text, true, "what the key is for"}, {"--scopes", "scopes", list, false, "like accounts:read,opportunities:update; all where left out"}, {"--member", "member", text, false, "the member it acts as (e-mail or id); else the workspace"},
        {"--expires", "expiresAt", time, false, "an RFC 3339 time, or a number of days like 30d"}},
       {"id", "key", "name", "scopes", "expiresAt"}, "Make an API key; it is shown once.", "plenoptic key create --data DIR --name ci --scopes accounts:read,contacts:read --expires 30d"},
      {"key", "list", "GET", "/keys", "", {}, {"id", "name", "hint", "scopes", "lastUsedAt", "expiresAt", "revokedAt"}, "List API keys.", "plenoptic key list --data DIR"},
      {"key", "revoke", "POST", "/keys/{}/revoke", "key", {}, {"id", "name", "revokedAt"}, "Revoke an API key at once.", "plenoptic key revoke key_c… --data DIR"},
      {"field", "create", "POST", "/fields", "",
       {object, {"--key", "key", text, true, "its slug, like renewalDate"}, {"--label", "label", text, true, "as people see it"}, {"--type", "valueType", text, true, "TEXT, NUMBER, CURRENCY, SINGLE_SELECT, …"}, description,
        {"--options", "options", list, false, "labels of a select field, like Gold,Silver"}, {"--unique", "unique", yes, false, "no two live records may share a value"}, {"--multiple", "multipleValues", yes, false, "several values (EMAIL, TELEPHONE, URL)"},
        {"--required", "required", yes, false, "needed to create a record"}, {"--currency", "currency", text, false, "ISO 4217 (CURRENCY)"}, {"--handle-service", "handleService", text, false, "TWITTER, LINKEDIN, FACEBOOK or INSTAGRAM (SOCIAL_HANDLE)"}},
       field_columns, "Add a custom field.", "plenoptic field create --data DIR --object opportunity --key tier --label Tier --type SINGLE_SELECT --options Gold,Silver"},
      {"field", "list", "GET", "/fields", "", {{"--object", "objectType", text, false, "those of one object type"}}, field_columns, "List fields.", "plenoptic field list --data DIR"},
      {"field", "update", "POST", "/fields/{}", "field",
       {object, {"--label", "label", text, false, ""}, description, {"--unique", "unique", yes, false, "make it unique"}, {"--not-unique", "unique", no, false, "no longer unique"}, {"--required", "required", yes, false, ""}, {"--optional", "required", no, false, ""}},
       field_columns, "Change a field.", "plenoptic field update tier --data DIR --object opportunity --label 'Deal tier'"},
      {"option", "create", "POST", "/options", "", {object, field, {"--label", "label", text, true, ""}, description}, {"id", "label"}, "Add an option to a select field.",
       "plenoptic option create --data DIR --object opportunity --field tier --label Bronze"},
      {"option", "list", "GET", "/options", "", {object, field}, {"id", "label", "retired"}, "List a select field's options.", "plenoptic option list --data DIR --object opportunity --field tier"},
      {"option", "update", "POST", "/options/{}", "option",
       {object, field, {"--label", "label", text, false, ""}, description, {"--retire", "retired", yes, false, "readable, no longer writable"}, {"--unretire", "retired", no, false, ""}, {"--position", "position", number, false, "from 0"}}, {"id", "label", "retired"},
       "Rename, move or retire an option.", "plenoptic option update opt_… --data DIR --object opportunity --field tier --retire"},
      {"relationship", "create", "POST", "/relationships", "",
       {{"--key", "key", text, true, "its slug"}, {"--label", "label", text, true, ""}, description, {"--source", "source", text, true, "object type that it goes from"}, {"--target", "target", text, true, "object type that it goes to"},
        {"--cardinality", "cardinality", text, false, "has_one or has_many, seen from the source"}, {"--inverse-key", "inverseKey", text, false, "slug that the target shows it under"}, {"--inverse-label", "inverseLabel", text, false, ""},
        {"--inverse-cardinality", "inverseCardinality", text, false, "has_one or has_many, seen from the target"}},
       relationship_columns, "Add a custom relationship.", "plenoptic relationship create --data DIR --source account --key parent --label Parent --target account --cardinality has_one"},
      {"relationship", "list", "GET", "/relationships", "", {}, relationship_columns, "List relationships.", "plenoptic relationship list --data DIR"},
      {"relationship", "update", "POST", "/relationships/{}", "relationship", {{"--label", "label", text, false, ""}, {"--inverse-label", "inverseLabel", text, false, ""}, description}, relationship_columns, "Rename a relationship.",
       "plenoptic relationship update parent --data DIR --label 'Parent company'"},
  };
}
// clang-format on

}  // namespace

std::span<const CommandRow> command_table() {
  static const std::vector<CommandRow> rows = build();
  return rows;
}

}  // namespace plenoptic::cli
