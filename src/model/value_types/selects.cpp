// SINGLE_SELECT and MULTI_SELECT: an option by its id or its label.
#include <algorithm>

#include <fmt/format.h>

#include "base/utf8.h"
#include "model/errors.h"
#include "model/value_types/families.h"

namespace plenoptic::model::value_types {
namespace {

constexpr std::size_t most_options = 100;

std::string writable_labels(const FieldDefinition& field) {
  std::vector<std::string> labels;
  for (const SelectOption& option : field.options)
    // A system option that has a constant for its id is written by that.
    if (!option.retired) labels.push_back(option.id.starts_with("opt_") ? option.label : option.id);
  return listed(labels);
}

std::expected<OptionNumber, Problem> parse_option(const FieldDefinition& field, const base::Json& input) {
  if (!input.is_string()) return wrong_type(field, "an option's id or label as a string", input);
  const std::string_view text = trimmed(input.string());
  const SelectOption* option = field.find_option_by_id(text);
  if (!option) option = field.find_option_by_label(text);
  if (!option && text.starts_with("opt_"))
    return std::unexpected(Problem{ErrorKind::bad_request, "referenced_resource_missing",
                                   fmt::format("Field '{}' has no option with the id '{}'. Its options are {}.", field.key, base::utf8_prefix(text, 80), writable_labels(field))});
  if (!option) return unacceptable(field, fmt::format("has no option of that label. Its options are {}", writable_labels(field)));
  if (option->retired) return unacceptable(field, fmt::format("no longer takes the option '{}', which is retired. Its options are {}", option->label, writable_labels(field)));
  return option->number;
}

void append_option(const FieldDefinition& field, OptionNumber number, std::string& out) {
  const SelectOption* option = field.find_option(number);
  base::append_json_string(out, option ? option->id : std::string_view());
}

std::string label_of(const FieldDefinition& field, OptionNumber number) {
  const SelectOption* option = field.find_option(number);
  return option ? option->label : std::string();
}

}  // namespace

ParsedValue parse_single_select(const FieldDefinition& field, const base::Json& input) {
  const auto option = parse_option(field, input);
  if (!option) return std::unexpected(option.error());
  return Value(*option);
}

ParsedValue parse_multi_select(const FieldDefinition& field, const base::Json& input) {
  if (!input.is_array() && !input.is_string()) return wrong_type(field, "a list of options' ids or labels", input);
  const base::Json::Array single = input.is_string() ? base::Json::Array{input} : base::Json::Array{};
  const auto& items = input.is_array() ? input.items() : single;
  if (items.size() > most_options) return unacceptable(field, "takes at most 100 options");
  std::vector<OptionNumber> options;
  for (const base::Json& item : items) {
    const auto option = parse_option(field, item);
    if (!option) return std::unexpected(option.error());
    if (std::find(options.begin(), options.end(), *option) == options.end()) options.push_back(*option);
  }
  return options.empty() ? Value() : Value(std::move(options));
}

void write_single_select(const FieldDefinition& field, const Value& value, std::string& out) { append_option(field, std::get<OptionNumber>(value), out); }

void write_multi_select(const FieldDefinition& field, const Value& value, std::string& out) {
  out += '[';
  for (OptionNumber option : std::get<std::vector<OptionNumber>>(value)) {
    if (out.back() != '[') out += ',';
    append_option(field, option, out);
  }
  out += ']';
}

std::string display_single_select(const FieldDefinition& field, const Value& value) { return label_of(field, std::get<OptionNumber>(value)); }

std::string display_multi_select(const FieldDefinition& field, const Value& value) {
  std::string out;
  for (OptionNumber option : std::get<std::vector<OptionNumber>>(value)) out += (out.empty() ? "" : ", ") + label_of(field, option);
  return out;
}

}  // namespace plenoptic::model::value_types
