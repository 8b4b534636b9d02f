// Records: one create, update, trash and restore for every object type. The heart of Plenoptic.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/record.h"
#include "services/refusal.h"
#include "services/relationships.h"
#include "services/write_context.h"

namespace plenoptic::services {

/// Field values and relationship operations of one request, checked against the data model.
struct RecordWrite {
  model::FieldValues fields;  // unset: cleared
  std::vector<RelationshipOperation> relationships;
  Refusal refusal;  // of an update, which is told whether its record is there first
};

/// Reads the `fields` and `relationships` of a create or update body. `relationships` may be null where absent.
/// Throws for unknown and read-only keys, values that do not parse, and (on create) what is required and missing; of an update's values
/// only what is malformed.
RecordWrite parse_record_write(const model::Schema& schema, const model::ObjectType& type, const base::Json& fields, const base::Json& relationships, WriteMode mode);

/// Links that a new record gets from the server, whatever its body says.
using ServerLinks = std::vector<std::pair<model::LinkTypeNumber, model::RecordId>>;

/// Stores a new record. Throws 409 where a unique value is taken, and what apply_relationships throws.
model::Record create_record(WriteContext& context, const model::ObjectType& type, const RecordWrite& write, const ServerLinks& server_links = {});

/// Changes what `write` names and nothing else. A write that changes nothing leaves no trace.
/// Throws 404 where the record is missing or in the trash, and then what was refused of its values.
model::Record update_record(WriteContext& context, const model::ObjectType& type, model::RecordId id, const RecordWrite& write);

/// Moves a record to the trash; one that is there already is returned as it is.
model::Record trash_record(WriteContext& context, const model::ObjectType& type, model::RecordId id);

/// Brings a record back; one that is not in the trash is returned as it is. Throws 409 where a unique value was taken
/// meanwhile.
model::Record restore_record(WriteContext& context, const model::ObjectType& type, model::RecordId id);

/// The live record. Throws 404.
model::Record get_live_record(storage::Reader& storage, model::WorkspaceId workspace, const model::ObjectType& type, model::RecordId id);

}  // namespace plenoptic::services
