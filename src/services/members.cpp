#include "services/members.h"

#include "model/errors.h"
#include "model/system_schema.h"
#include "model/value_types.h"

namespace plenoptic::services {
namespace {

namespace errors = model::errors;
namespace fields = model::fields;

void require_role(const std::string& role) {
  if (role != "admin" && role != "member") throw errors::admin_invalid("'role' must be 'admin' or 'member'.", "role");
}

bool holds_admin_role(const model::Record& record) {
  const model::FieldValues values = model::decode_fields(record.fields);
  const auto* role = std::get_if<std::string>(&values.get(fields::member_role));
  return role && *role == "admin";
}

/// A workspace without an admin could be administrated on its machine only.
void require_another_admin(WriteContext& context, const model::ObjectType& type, model::RecordId member) {
  if (!is_admin(context.storage, context.workspace, member)) return;
  bool another = false;
  context.storage.scan_records(context.workspace, type.number,
                               [&](const model::Record& record) { another = another || (record.id != member && record.live() && holds_admin_role(record)); });
  if (!another) throw errors::admin_conflict("This is the workspace's last admin. Make another member an admin first.", "role");
}

model::Value parse_or_throw(const model::FieldDefinition& field, const base::Json& input, std::string param) {
  auto value = model::parse_value(field, input);
  if (!value) throw errors::from_problem(value.error(), std::move(param));
  return std::move(*value);
}

base::Json name_json(const std::optional<std::string>& first, const std::optional<std::string>& last) {
  base::Json name = base::Json::object();
  if (first) name["firstName"] = *first;
  if (last) name["lastName"] = *last;
  return name;
}

}  // namespace

model::Record create_member(WriteContext& context, const NewMember& wanted) {
  const model::ObjectType& type = context.schema->type(model::types::member);
  require_role(wanted.role);
  RecordWrite write;
  const model::Value email = parse_or_throw(*type.find_field(fields::member_email), wanted.email, "email");
  if (model::is_unset(email)) throw errors::parameter_missing("email", "the member's e-mail address");
  write.fields.set(fields::member_email, email);
  write.fields.set(fields::member_name, parse_or_throw(*type.find_field(fields::member_name), name_json(wanted.first_name, wanted.last_name), "firstName"));
  write.fields.set(fields::member_role, wanted.role);
  write.fields.set(fields::member_user, "usr_" + context.ids.next(context.now_ms).text());
  return create_record(context, type, write);
}

model::Record update_member(WriteContext& context, model::RecordId id, const MemberUpdate& wanted) {
  const model::ObjectType& type = context.schema->type(model::types::member);
  const model::Record now = get_live_record(context.storage, context.workspace, type, id);
  RecordWrite write;
  if (wanted.role) {
    require_role(*wanted.role);
    if (*wanted.role != "admin") require_another_admin(context, type, id);
    write.fields.set(fields::member_role, *wanted.role);
  }
  if (wanted.first_name || wanted.last_name) {
    const model::FieldValues values = model::decode_fields(now.fields);
    const auto* known = std::get_if<model::FullName>(&values.get(fields::member_name));
    model::FullName name = known ? *known : model::FullName{};
    if (wanted.first_name) name.first_name = wanted.first_name;
    if (wanted.last_name) name.last_name = wanted.last_name;
    write.fields.set(fields::member_name, parse_or_throw(*type.find_field(fields::member_name), name_json(name.first_name, name.last_name), "firstName"));
  }
  return update_record(context, type, id, write);
}

std::optional<model::RecordId> find_member_by_email(storage::Reader& storage, model::WorkspaceId workspace, const model::Schema& schema, std::string_view email) {
  const model::ObjectType& type = schema.type(model::types::member);
  const auto forms = model::unique_forms(*type.find_field(fields::member_email), std::string(email));
  if (forms.empty()) return std::nullopt;
  return storage.find_unique_holder(workspace, type.number, fields::member_email, forms.front());
}

bool is_admin(storage::Reader& storage, model::WorkspaceId workspace, model::RecordId member) {
  const auto record = storage.find_record(workspace, model::types::member, member);
  return record && record->live() && holds_admin_role(*record);
}

}  // namespace plenoptic::services
