// Definitions as the JSON documents in which storage keeps them.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "model/definitions.h"

namespace plenoptic::model {

base::Json object_type_to_json(const ObjectType& type);  // without its fields
ObjectType object_type_from_json(const base::Json& json);
base::Json field_to_json(const FieldDefinition& field);
FieldDefinition field_from_json(const base::Json& json);
base::Json link_type_to_json(const LinkType& link);
LinkType link_type_from_json(const base::Json& json);

/// `TWITTER`, …; and back, nothing for another name.
std::string_view handle_service_name(HandleService service);
std::optional<HandleService> find_handle_service(std::string_view name);
/// `HAS_ONE`, `HAS_MANY`.
std::string_view cardinality_name(Cardinality cardinality);
std::optional<Cardinality> find_cardinality(std::string_view name);

}  // namespace plenoptic::model
