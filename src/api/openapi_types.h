// What the OpenAPI document says of object types: their fields, options and relationships as schemas, and the filters
// that their lists take. Written from the definitions, so custom fields stand beside the system's.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "model/definitions.h"

namespace plenoptic::api {

/// `Opportunity` + `Record`, `Page`, `CreateFields`, `CreateRelationships`, `UpdateFields`, `UpdateRelationships`.
std::string schema_name(const model::ObjectType& type, std::string_view part);
/// Adds all of them to `schemas`, which holds `Address`, `FullName`, `RelationshipOperation`, `RelationshipChange` and `RelationshipIds`.
void add_type_schemas(base::Json& schemas, const model::Schema& schema, const model::ObjectType& type);
/// One query parameter for each field and operator, and one for each way to name a relationship.
base::Json::Array filter_parameters(const model::Schema& schema, const model::ObjectType& type);
/// Whether a record of the type cannot be made without naming another one.
bool requires_relationships(const model::ObjectType& type);
/// What every new workspace begins with.
const model::Schema& fresh_schema();

}  // namespace plenoptic::api
