#include "model/value_types.h"

#include <algorithm>
#include <array>

#include "model/value_types/families.h"

namespace plenoptic::model {
namespace {

using namespace value_types;
using enum FilterOperator;

constexpr std::array ordered = {equal, greater_than, greater_than_or_equal, less_than, less_than_or_equal};
constexpr std::array textual = {equal, starts_with};
constexpr std::array exact = {equal};
constexpr std::array containing = {contains};
constexpr std::span<const FilterOperator> none{};

const std::array<ValueTypeRow, 15> rows = {{
    {ValueType::address, "ADDRESS", parse_address, write_address, display_address, textual},
    {ValueType::checkbox, "CHECKBOX", parse_checkbox, write_checkbox, display_checkbox, exact},
    {ValueType::currency, "CURRENCY", parse_number, write_number, display_number, ordered},
    {ValueType::datetime, "DATETIME", parse_datetime, write_datetime, display_datetime, ordered},
    {ValueType::email, "EMAIL", parse_email, write_text, display_text, containing},
    {ValueType::full_name, "FULL_NAME", parse_full_name, write_full_name, display_full_name, textual},
    {ValueType::html, "HTML", parse_markdown, write_text, display_text, none},
    {ValueType::markdown, "MARKDOWN", parse_markdown, write_text, display_text, none},
    {ValueType::multi_select, "MULTI_SELECT", parse_multi_select, write_multi_select, display_multi_select, none},
    {ValueType::number, "NUMBER", parse_number, write_number, display_number, ordered},
    {ValueType::single_select, "SINGLE_SELECT", parse_single_select, write_single_select, display_single_select, exact},
    {ValueType::social_handle, "SOCIAL_HANDLE", parse_social_handle, write_text, display_text, textual},
    {ValueType::telephone, "TELEPHONE", parse_telephone, write_text, display_text, containing},
    {ValueType::text, "TEXT", parse_text, write_text, display_text, textual},
    {ValueType::url, "URL", parse_url, write_text, display_text, containing},
}};

/// Strings of a value that holds one or several.
std::vector<std::string> texts_of(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return {*text};
  if (const auto* texts = std::get_if<std::vector<std::string>>(&value)) return *texts;
  return {};
}

bool holds_several(const FieldDefinition& field) { return field.multiple || field.type == ValueType::multi_select; }

/// Their parsers know which values of a list are the same.
bool reads_lists(ValueType type) { return type == ValueType::email || type == ValueType::telephone || type == ValueType::url || type == ValueType::social_handle; }

/// A list of one is taken for its value, and so is a list of the same again.
ParsedValue parse_list_of_one(const FieldDefinition& field, const base::Json::Array& items) {
  constexpr std::size_t most_of_the_same = 100;
  if (items.size() > most_of_the_same) return unacceptable(field, "takes one value, and several were sent");
  Value only;
  for (const base::Json& item : items) {
    if (item.is_array()) return wrong_type(field, "one value", item);
    auto value = parse_value(field, item);
    if (!value) return value;
    if (&item != &items.front() && *value != only) return unacceptable(field, "takes one value, and several were sent");
    only = std::move(*value);
  }
  return only;
}

}  // namespace

const ValueTypeRow& value_type_row(ValueType type) { return rows[static_cast<std::size_t>(type)]; }

std::span<const ValueTypeRow> value_type_rows() { return rows; }

const ValueTypeRow* find_value_type(std::string_view name) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const ValueTypeRow& row) { return row.name == name; });
  return found == rows.end() ? nullptr : &*found;
}

std::expected<Value, Problem> parse_value(const FieldDefinition& field, const base::Json& input) {
  if (input.is_null()) return Value();
  if (input.is_array() && !holds_several(field)) {
    const bool only_null = input.items().size() == 1 && input.items().front().is_null();
    if (only_null) return Value();
    if (!reads_lists(field.type)) return parse_list_of_one(field, input.items());
  }
  return value_type_row(field.type).parse(field, input);
}

void write_value(const FieldDefinition& field, const Value& value, std::string& out) {
  if (is_unset(value))
    out += "null";
  else
    value_type_row(field.type).write(field, value, out);
}

std::string display_value(const FieldDefinition& field, const Value& value) { return is_unset(value) ? std::string() : value_type_row(field.type).display(field, value); }

std::vector<std::string> comparison_texts(const FieldDefinition& field, const Value& value) {
  if (is_unset(value)) return {};
  if (field.type == ValueType::full_name || field.type == ValueType::address) return {fold_text(display_value(field, value))};
  std::vector<std::string> texts = texts_of(value);
  for (std::string& text : texts) text = fold_text(text);
  return texts;
}

std::vector<std::string> unique_forms(const FieldDefinition& field, const Value& value) {
  if (is_unset(value)) return {};
  if (field.type == ValueType::number || field.type == ValueType::currency) return {display_value(field, value)};
  std::vector<std::string> forms = texts_of(value);
  for (std::string& form : forms) form = field.type == ValueType::url ? url_form(form) : field.type == ValueType::email ? lower_text(form) : fold_text(form);
  return forms;
}

}  // namespace plenoptic::model
