// The parsers and writers of the value types, by family; value_types.cpp puts them into rows.
#pragma once

#include "model/value_types/parsing.h"

namespace plenoptic::model::value_types {

ParsedValue parse_text(const FieldDefinition& field, const base::Json& input);
ParsedValue parse_markdown(const FieldDefinition& field, const base::Json& input);

ParsedValue parse_number(const FieldDefinition& field, const base::Json& input);
void write_number(const FieldDefinition& field, const Value& value, std::string& out);
std::string display_number(const FieldDefinition& field, const Value& value);
/// A decimal text in hundredths; nothing where it has more than two decimals or is out of range.
std::optional<std::int64_t> parse_hundredths(std::string_view text);

ParsedValue parse_checkbox(const FieldDefinition& field, const base::Json& input);
void write_checkbox(const FieldDefinition& field, const Value& value, std::string& out);
std::string display_checkbox(const FieldDefinition& field, const Value& value);

ParsedValue parse_datetime(const FieldDefinition& field, const base::Json& input);
void write_datetime(const FieldDefinition& field, const Value& value, std::string& out);
std::string display_datetime(const FieldDefinition& field, const Value& value);

ParsedValue parse_email(const FieldDefinition& field, const base::Json& input);
ParsedValue parse_url(const FieldDefinition& field, const base::Json& input);
ParsedValue parse_telephone(const FieldDefinition& field, const base::Json& input);
ParsedValue parse_social_handle(const FieldDefinition& field, const base::Json& input);
ParsedText normalise_social_handle(const FieldDefinition& field, std::string_view text);
/// The form in which two URLs are the same: lower-case host, no scheme, `www.` or trailing slash.
std::string url_form(std::string_view url);

ParsedValue parse_single_select(const FieldDefinition& field, const base::Json& input);
void write_single_select(const FieldDefinition& field, const Value& value, std::string& out);
std::string display_single_select(const FieldDefinition& field, const Value& value);
ParsedValue parse_multi_select(const FieldDefinition& field, const base::Json& input);
void write_multi_select(const FieldDefinition& field, const Value& value, std::string& out);
std::string display_multi_select(const FieldDefinition& field, const Value& value);

ParsedValue parse_address(const FieldDefinition& field, const base::Json& input);
void write_address(const FieldDefinition& field, const Value& value, std::string& out);
std::string display_address(const FieldDefinition& field, const Value& value);

ParsedValue parse_full_name(const FieldDefinition& field, const base::Json& input);
void write_full_name(const FieldDefinition& field, const Value& value, std::string& out);
std::string display_full_name(const FieldDefinition& field, const Value& value);

}  // namespace plenoptic::model::value_types
