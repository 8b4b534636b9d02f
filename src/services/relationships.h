// Relationship operations: what a request asks of a record's links, checked and carried out.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "model/definitions.h"
#include "services/refusal.h"
#include "services/write_context.h"

namespace plenoptic::services {

/// One key's operation. Either `replace` alone, or `add` and `remove`.
struct RelationshipOperation {
  const model::RelationshipDefinition* relationship = nullptr;
  std::vector<model::RecordId> add;
  std::vector<model::RecordId> remove;
  std::optional<std::vector<model::RecordId>> replace;
};

enum class WriteMode { create, update };

/// Notes and lists take only `add` and `remove`.
bool takes_replace(const model::ObjectType& type);

/// Reads a request's `relationships` object. Throws for unknown and read-only keys, wrong shapes and ids with a wrong
/// prefix; what is refused, like more than 25 ids, it keeps in `refusal`.
std::vector<RelationshipOperation> parse_relationships(const model::Schema& schema, const model::ObjectType& type, const base::Json& body, WriteMode mode, Refusal& refusal);

/// Carries the operations out for one record and returns the link changes, at most 25. The far records must be there
/// and live. Nothing is counted for what is as asked already.
std::vector<model::LinkChange> apply_relationships(WriteContext& context, const model::ObjectType& type, model::RecordId record,
                                                   const std::vector<RelationshipOperation>& operations);

/// Takes away links of a restored record whose HAS_ONE end was taken meanwhile.
std::vector<model::LinkChange> drop_taken_links(WriteContext& context, model::RecordId record);

/// The id behind `acc_c…` when the prefix is the type's; else nothing.
std::optional<model::RecordId> parse_public_id(const model::ObjectType& type, std::string_view text);

}  // namespace plenoptic::services
