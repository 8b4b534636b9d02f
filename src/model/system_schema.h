// The data model of a fresh workspace, as tables. Ids of definitions and options are new for each workspace.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "model/definitions.h"

namespace plenoptic::model {

struct SystemSchema {
  std::vector<ObjectType> object_types;
  std::vector<LinkType> link_types;
};

/// Makes ids: `ad`, `rd` → a cuid with that prefix, `opt` → `opt_` and a UUID.
using DefinitionIdMaker = std::function<std::string(std::string_view prefix)>;

/// `currency`: ISO 4217, what amounts are in.
SystemSchema system_schema(std::string_view currency, const DefinitionIdMaker& make_id);

/// Custom fields and link types are numbered from here on; lower numbers are the system's.
inline constexpr FieldNumber first_custom_field = 1000;
inline constexpr LinkTypeNumber first_custom_link_type = 1000;

/// Field numbers that code names.
namespace fields {
inline constexpr FieldNumber member_email = 1, member_name = 2, member_profile_image = 3, member_role = 4, member_user = 5;
inline constexpr FieldNumber list_name = 1, list_object_type = 2, list_description = 3, list_kind = 4;
}  // namespace fields

/// Link type numbers that code names.
namespace links {
inline constexpr LinkTypeNumber opportunity_account = 1, opportunity_owner = 2, opportunity_created_by = 3, opportunity_champion = 4, opportunity_evaluator = 5,
                                account_contact = 6, account_owner = 7, contact_owner = 8, task_assigned_to = 9, task_created_by = 10, task_account = 11, task_opportunity = 12,
                                note_account = 13, note_opportunity = 14, note_contact = 15, note_meeting = 16, note_created_by = 17, note_task = 18, list_accounts = 40,
                                list_contacts = 41, list_opportunities = 42;
}  // namespace links

}  // namespace plenoptic::model
