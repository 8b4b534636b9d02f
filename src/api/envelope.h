// Records, definitions and errors as the contract puts them on the wire.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/call.h"
#include "base/json.h"
#include "model/errors.h"
#include "model/record.h"

namespace plenoptic::api {

/// `{"error":{"type","message","code"?,"param"?}}`
std::string error_body(const model::Error& error);
Answer error_answer(const model::Error& error);

/// Appends a record in the shape of its type: the full envelope for most, the short one of lists, a member's.
void append_record(std::string& out, Call& call, const model::ObjectType& type, const model::Record& record);
Answer record_answer(Call& call, const model::ObjectType& type, const model::Record& record);

/// `{"object":"list","data":[…],"totalCount":N}`
Answer list_answer(const std::vector<std::string>& rows, std::uint64_t total_count);

/// The answer of a definitions operation.
Answer definitions_answer(const model::Schema& schema, const model::ObjectType& type);

base::Json field_definition_json(const model::FieldDefinition& field);
base::Json option_json(const model::SelectOption& option);

Answer json_answer(const base::Json& json);

}  // namespace plenoptic::api
