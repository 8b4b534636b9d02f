// List filters: `key[operator]=value` turned into predicates that an index can run. Pure.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/definitions.h"
#include "model/problem.h"

namespace plenoptic::model {

enum class FilterOperator : std::uint8_t {
  equal,
  greater_than,
  greater_than_or_equal,
  less_than,
  less_than_or_equal,
  starts_with,
  contains,
};

/// As a query names it: `greaterThan`.
std::string_view filter_operator_name(FilterOperator op);

/// Those that filters on the field may have. A member's `$user` is kept as a text and shows as a relationship: it takes what one takes.
std::span<const FilterOperator> filter_operators(const ObjectType& type, const FieldDefinition& field);

/// `limit`, `offset` and `status` are parameters of lists, and name no field.
bool is_reserved_query_key(std::string_view key);

/// One condition on a field. Exactly one operand is meant, by the field's type:
///   NUMBER, CURRENCY, DATETIME: `number`; CHECKBOX: `number` 0 or 1; SINGLE_SELECT: `option`;
///   everything textual: `text`, folded (fold_text). `starts_with` with empty `text` means "is set".
///   TELEPHONE contains: `text` as folded, `digits` its digits alone when it has some.
struct FieldPredicate {
  const FieldDefinition* field = nullptr;
  FilterOperator op = FilterOperator::equal;
  bool negated = false;  // also matches unset values
  std::int64_t number = 0;
  OptionNumber option;
  std::string text;
  std::string digits;
};

/// "Has a link, through any of `links`, to `target`." A target that is no id of a live record matches nothing.
struct RelationshipPredicate {
  std::vector<LinkView> links;
  TypeNumber far_type = 0;
  bool negated = false;
  RecordId target;
  bool shown = true;  // by the records that are listed
};

/// All conditions together (ANDed). Points into the Schema it was made with.
struct Filter {
  std::vector<FieldPredicate> fields;
  std::vector<RelationshipPredicate> relationships;
  bool empty() const { return fields.empty() && relationships.empty(); }
};

/// A decoded query parameter.
struct QueryParameter {
  std::string key;
  std::string value;
};

/// What is wrong with a filter; `param` is the query key as sent.
struct FilterProblem {
  Problem problem;
  std::string param;
};

/// True where a query key reads as a filter on `type`: `key[op]`, a `$` key, or the bare slug of a custom field
/// or relationship of the type. Other unknown parameters are ignored by lists.
bool reads_as_filter(const ObjectType& type, std::string_view key);

/// Makes the filter of a list of `type` from those parameters that read as filters. Rulings: unknown key →
/// `unknown_field` (`unknown_relationship` where it reads as a pair); operator not allowed for the type →
/// `invalid_configuration` with the allowed ones in the message; value that does not parse → `invalid_type`.
std::expected<Filter, FilterProblem> parse_filter(const Schema& schema, const ObjectType& type, const std::vector<QueryParameter>& parameters);

}  // namespace plenoptic::model
