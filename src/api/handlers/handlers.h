// Every operation's handler: a plain function from a call to an answer, named in the operations table. What goes
// wrong is thrown as a model::Error.
#pragma once

#include "api/call.h"
#include "services/records.h"

namespace plenoptic::api::handlers {

// records.cpp: one of each for every object type
Answer definitions(Call& call);
Answer create_record(Call& call);
Answer list_records(Call& call);
Answer retrieve_record(Call& call);
Answer update_record(Call& call);
Answer delete_record(Call& call);
Answer restore_record(Call& call);
Answer field_history(Call& call);

// lists.cpp
Answer create_list(Call& call);
Answer update_list(Call& call);
Answer list_members(Call& call);

// auth.cpp
Answer validate_key(Call& call);

// system.cpp
Answer health(Call& call);
Answer ready(Call& call);

// admin.cpp
Answer admin_create_workspace(Call& call);
Answer admin_list_workspaces(Call& call);
Answer admin_update_workspace(Call& call);
Answer admin_create_member(Call& call);
Answer admin_list_members(Call& call);
Answer admin_update_member(Call& call);
Answer admin_create_key(Call& call);
Answer admin_list_keys(Call& call);
Answer admin_revoke_key(Call& call);

// admin_data_model.cpp
Answer admin_create_field(Call& call);
Answer admin_list_fields(Call& call);
Answer admin_update_field(Call& call);
Answer admin_create_option(Call& call);
Answer admin_list_options(Call& call);
Answer admin_update_option(Call& call);
Answer admin_create_relationship(Call& call);
Answer admin_list_relationships(Call& call);
Answer admin_update_relationship(Call& call);

/// The record id in the path. Throws 404 where it is none of the type's.
model::RecordId path_record_id(const Call& call, const model::ObjectType& type, std::string_view parameter = "id");
/// What the body's `fields` and `relationships` ask for; throws what parse_record_write throws.
services::RecordWrite asked_write(const Call& call, services::WriteMode mode);
/// A page of a list, by what the query says, of those records that `besides` is true of.
Answer answer_list(Call& call, const model::ObjectType& type, const std::optional<model::RelationshipPredicate>& besides = std::nullopt);

}  // namespace plenoptic::api::handlers
