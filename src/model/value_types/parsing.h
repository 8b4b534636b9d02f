// What the value types' parsers share.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "model/definitions.h"
#include "model/problem.h"
#include "model/value.h"

namespace plenoptic::model::value_types {

using ParsedText = std::expected<std::string, Problem>;
using ParsedValue = std::expected<Value, Problem>;

/// 400 `invalid_type`: the JSON type is wrong.
std::unexpected<Problem> wrong_type(const FieldDefinition& field, std::string_view takes, const base::Json& input);
/// 400 `invalid_type` with a sentence of its own.
std::unexpected<Problem> invalid_type(const FieldDefinition& field, std::string_view why);
/// 422: the type is right, the value is not.
std::unexpected<Problem> unacceptable(const FieldDefinition& field, std::string_view why);

/// Without outer white space, Unicode's too.
std::string_view trimmed(std::string_view text);
/// Unicode's white space anywhere.
bool holds_space(std::string_view text);
bool same_letters(std::string_view a, std::string_view b);  // ASCII, without case
std::string lower_ascii(std::string_view text);

/// One string, or, where the field has multiple values, a list of strings: each checked and normalised by `one`, those that compare equal collapsed. `compare` gives the form in which two are the same.
ParsedValue parse_texts(const FieldDefinition& field, const base::Json& input, ParsedText (*one)(const FieldDefinition&, std::string_view),
                        std::string (*compare)(std::string_view));

void write_text(const FieldDefinition& field, const Value& value, std::string& out);
std::string display_text(const FieldDefinition& field, const Value& value);

}  // namespace plenoptic::model::value_types
