// Members: the people of a workspace. They are records of type member; the API only reads them.
#pragma once

#include <optional>
#include <string>

#include "services/records.h"

namespace plenoptic::services {

struct NewMember {
  std::string email;
  std::string first_name;
  std::string last_name;
  std::string role = "member";  // or `admin`
};
struct MemberUpdate {
  std::optional<std::string> first_name;
  std::optional<std::string> last_name;
  std::optional<std::string> role;
};

/// Throws 400 for what is no e-mail address or role, 409 where the address is a member's already.
model::Record create_member(WriteContext& context, const NewMember& wanted);
model::Record update_member(WriteContext& context, model::RecordId id, const MemberUpdate& wanted);
std::optional<model::RecordId> find_member_by_email(storage::Reader& storage, model::WorkspaceId workspace, const model::Schema& schema, std::string_view email);
bool is_admin(storage::Reader& storage, model::WorkspaceId workspace, model::RecordId member);

}  // namespace plenoptic::services
