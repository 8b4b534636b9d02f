#include "model/filter.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "model/errors.h"
#include "model/system_schema.h"
#include "model/value_types.h"
#include "model/value_types/families.h"

namespace plenoptic::model {
namespace {

constexpr std::size_t most_filters = 100;
constexpr std::size_t most_contains = 10;  // of fields: each may have to look through the texts of every record
constexpr std::size_t longest_operand = 10'000;
constexpr std::array of_relationships = {FilterOperator::equal, FilterOperator::contains};
constexpr std::string_view user_prefix = "usr_";

bool is_user(const ObjectType& type, const FieldDefinition& field) { return type.number == types::member && field.number == fields::member_user; }

constexpr std::array<std::pair<std::string_view, FilterOperator>, 7> operator_names = {{
    {"equal", FilterOperator::equal},
    {"greaterThan", FilterOperator::greater_than},
    {"greaterThanOrEqual", FilterOperator::greater_than_or_equal},
    {"lessThan", FilterOperator::less_than},
    {"lessThanOrEqual", FilterOperator::less_than_or_equal},
    {"startsWith", FilterOperator::starts_with},
    {"contains", FilterOperator::contains},
}};

std::optional<FilterOperator> find_operator(std::string_view name) {
  for (const auto& [known, op] : operator_names)
    if (known == name) return op;
  return std::nullopt;
}

std::string operator_list(std::span<const FilterOperator> operators) {
  std::vector<std::string> names;
  for (FilterOperator op : operators) names.emplace_back(filter_operator_name(op));
  return listed(names);
}

/// `key[-operator]` in its parts. `op` is null where there are no brackets.
struct FilterKey {
  std::string_view key;
  std::optional<std::string_view> op;
  bool negated = false;
};

FilterKey split_key(std::string_view text) {
  const std::size_t open = text.rfind('[');
  if (open == std::string_view::npos || !text.ends_with(']')) return {text, std::nullopt, false};
  std::string_view op = text.substr(open + 1, text.size() - open - 2);
  const bool negated = op.starts_with('-');
  if (negated) op.remove_prefix(1);
  return {text.substr(0, open), op, negated};
}

using Failure = std::unexpected<Problem>;

Failure bad(std::string_view code, std::string message) { return Failure(Problem{ErrorKind::bad_request, code, std::move(message)}); }

std::vector<std::string> filterable_keys(const ObjectType& type) {
  std::vector<std::string> keys;
  for (const FieldDefinition& field : type.fields)
    if (!filter_operators(type, field).empty()) keys.push_back(field.key);
  return keys;
}

std::vector<std::string> relationship_keys(const ObjectType& type) {
  std::vector<std::string> keys;
  for (const RelationshipFilterKey& filter : type.relationship_filters) keys.push_back(filter.key);
  return keys;
}

/// `$task-account`: the name of a pair. A system field's key has no hyphen.
bool reads_as_pair(std::string_view key) { return key.starts_with('$') && key.find('-') != std::string_view::npos; }

std::string shortened(std::string_view text) { return std::string(base::utf8_prefix(text, 80)); }

Failure unknown_key(const ObjectType& type, std::string_view key) {
  if (reads_as_pair(key))
    return bad("unknown_relationship",
               fmt::format("Unrecognized relationship '{}' for '{}'. The known ones are {}.", shortened(key), type.plural, listed(relationship_keys(type))));
  std::vector<std::string> known = filterable_keys(type);
  for (const RelationshipDefinition& relationship : type.relationships) known.push_back(relationship.key);
  return bad("unknown_field", fmt::format("Unrecognized field '{}' for '{}'. Filters take {}.", shortened(key), type.plural, listed(known)));
}

std::expected<FilterOperator, Problem> choose_operator(const FilterKey& parts, std::span<const FilterOperator> allowed, std::string_view what) {
  if (allowed.empty()) return bad("invalid_configuration", fmt::format("'{}' cannot be filtered by: fields of type {} take no filter.", parts.key, what));
  if (!parts.op) {
    const bool equals = std::find(allowed.begin(), allowed.end(), FilterOperator::equal) != allowed.end();
    return equals ? FilterOperator::equal : allowed.front();
  }
  const auto op = find_operator(*parts.op);
  if (!op || std::find(allowed.begin(), allowed.end(), *op) == allowed.end())
    return bad("invalid_configuration",
               fmt::format("'{}' takes no operator '{}'. The allowed ones are {}, each also negated by a leading '-'.", parts.key, shortened(*parts.op), operator_list(allowed)));
  return *op;
}

std::expected<void, Problem> parse_option(const FieldDefinition& field, const std::string& value, FieldPredicate& predicate) {
  const SelectOption* option = field.find_option_by_id(value);
  if (!option) option = field.find_option_by_label(value);
  if (!option) {
    std::vector<std::string> labels;
    for (const SelectOption& known : field.options) labels.push_back(known.label);
    return bad("invalid_type", fmt::format("'{}' has no option '{}'. Its options are {}.", field.key, shortened(value), listed(labels)));
  }
  predicate.option = option->number;
  return {};
}

/// The digits of what is written like a telephone number, its extension included; empty for anything else.
std::string digits_of(std::string_view text) {
  if (text.find_first_not_of("0123456789+-. ()/;:=#xXeEtT") != std::string_view::npos) return {};
  std::string digits;
  for (char c : text)
    if (c >= '0' && c <= '9') digits += c;
  return digits;
}

std::expected<void, Problem> parse_operand(const FieldDefinition& field, const std::string& value, FieldPredicate& predicate) {
  switch (field.type) {
    case ValueType::number:
    case ValueType::currency: {
      const auto number = value_types::parse_hundredths(value);
      if (!number) return bad("invalid_type", fmt::format("'{}' is compared with a number of at most 2 decimals, and '{}' is none.", field.key, shortened(value)));
      predicate.number = *number;
      return {};
    }
    case ValueType::datetime: {
      const auto time = base::parse_timestamp(value);
      if (!time) return bad("invalid_type", fmt::format("'{}' is compared with a time; it {}.", field.key, time.error()));
      predicate.number = *time;
      return {};
    }
    case ValueType::checkbox:
      if (value != "true" && value != "false") return bad("invalid_type", fmt::format("'{}' is compared with true or false.", field.key));
      predicate.number = value == "true";
      return {};
    case ValueType::single_select: return parse_option(field, value, predicate);
    case ValueType::social_handle: {
      const auto canonical = predicate.op == FilterOperator::equal ? value_types::normalise_social_handle(field, value) : value_types::ParsedText(value);
      predicate.text = fold_text(canonical ? *canonical : value);
      return {};
    }
    default: predicate.text = fold_text(value);
  }
  if (field.type == ValueType::telephone) predicate.digits = digits_of(value);
  return {};
}

/// With or without the prefix, as in a filter on a relationship.
std::expected<FieldPredicate, Problem> parse_user_filter(const FieldDefinition& field, const FilterKey& parts, const std::string& value) {
  if (value.empty()) return bad("invalid_type", fmt::format("'{}' is compared with the id of one user.", field.key));
  std::string id = value.starts_with(user_prefix) ? value : std::string(user_prefix) + value;
  return FieldPredicate{.field = &field, .op = FilterOperator::equal, .negated = parts.negated, .number = 0, .option = {}, .text = fold_text(id), .digits = {}};
}

std::expected<FieldPredicate, Problem> parse_field_filter(const ObjectType& type, const FieldDefinition& field, const FilterKey& parts, const std::string& value) {
  const auto op = choose_operator(parts, filter_operators(type, field), value_type_row(field.type).name);
  if (!op) return std::unexpected(op.error());
  if (is_user(type, field)) return parse_user_filter(field, parts, value);
  FieldPredicate predicate{.field = &field, .op = *op, .negated = parts.negated, .number = 0, .option = {}, .text = {}, .digits = {}};
  if (const auto read = parse_operand(field, value, predicate); !read) return std::unexpected(read.error());
  return predicate;
}

/// With or without the far type's prefix; what is no id matches nothing.
RecordId parse_target(const ObjectType& far, std::string_view value) {
  if (value.starts_with(far.prefix + "_")) value.remove_prefix(far.prefix.size() + 1);
  return RecordId::parse(value).value_or(RecordId{});
}

std::expected<RelationshipPredicate, Problem> parse_relationship_filter(const Schema& schema, const RelationshipFilterKey& filter, const FilterKey& parts,
                                                                        const std::string& value) {
  const auto op = choose_operator(parts, of_relationships, "relationship");
  if (!op) return std::unexpected(op.error());
  if (value.empty()) return bad("invalid_type", fmt::format("'{}' is compared with the id of one {}.", filter.key, schema.type(filter.far_type).slug));
  return RelationshipPredicate{filter.links, filter.far_type, parts.negated, parse_target(schema.type(filter.far_type), value), filter.shown};
}

}  // namespace

std::span<const FilterOperator> filter_operators(const ObjectType& type, const FieldDefinition& field) {
  return is_user(type, field) ? std::span<const FilterOperator>(of_relationships) : value_type_row(field.type).operators;
}

std::string_view filter_operator_name(FilterOperator op) { return operator_names[static_cast<std::size_t>(op)].first; }

bool is_reserved_query_key(std::string_view key) { return key == "limit" || key == "offset" || key == "status"; }

bool reads_as_filter(const ObjectType& type, std::string_view key) {
  if (is_reserved_query_key(key)) return false;
  const FilterKey parts = split_key(key);
  if (parts.op || key.starts_with('$')) return true;
  return type.find_field(key) != nullptr || type.find_relationship_filter(key) != nullptr;
}

std::expected<Filter, FilterProblem> parse_filter(const Schema& schema, const ObjectType& type, const std::vector<QueryParameter>& parameters) {
  Filter filter;
  std::size_t contains = 0;
  for (const auto& [key, value] : parameters) {
    if (!reads_as_filter(type, key)) continue;
    const auto fail = [&](Problem problem) { return std::unexpected(FilterProblem{std::move(problem), std::string(base::utf8_prefix(key, 255))}); };
    if (filter.fields.size() + filter.relationships.size() == most_filters)
      return fail({ErrorKind::bad_request, "invalid_configuration", "A list takes at most 100 filters. Send fewer."});
    if (value.size() > longest_operand) return fail({ErrorKind::bad_request, "invalid_type", "A filter's value is at most 10,000 bytes. Send a shorter one."});
    const FilterKey parts = split_key(key);
    // A contact's `$email` is both: the field is meant, the relationship has its pair slug.
    if (const FieldDefinition* field = type.find_field(parts.key)) {
      auto predicate = parse_field_filter(type, *field, parts, value);
      if (!predicate) return fail(predicate.error());
      if (predicate->op == FilterOperator::contains && ++contains > most_contains)
        return fail({ErrorKind::bad_request, "invalid_configuration", "A list takes at most 10 filters of fields by contains. Send fewer, or longer texts in their place."});
      filter.fields.push_back(std::move(*predicate));
    } else if (const RelationshipFilterKey* relationship = type.find_relationship_filter(parts.key)) {
      auto predicate = parse_relationship_filter(schema, *relationship, parts, value);
      if (!predicate) return fail(predicate.error());
      filter.relationships.push_back(std::move(*predicate));
    } else {
      return fail(unknown_key(type, parts.key).error());
    }
  }
  return filter;
}

}  // namespace plenoptic::model
