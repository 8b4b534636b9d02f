// The fifteen value types as a table: each row knows its name, how to parse what a client writes, how to write
// it back, and which filter operators it allows. One file per family of types below value_types/.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "base/json.h"
#include "model/definitions.h"
#include "model/filter.h"
#include "model/problem.h"
#include "model/value.h"

namespace plenoptic::model {

struct ValueTypeRow {
  ValueType type;
  std::string_view name;  // `SINGLE_SELECT`
  /// Checks and normalises one JSON value that is not null. May return unset (a blank text).
  std::expected<Value, Problem> (*parse)(const FieldDefinition& field, const base::Json& input);
  /// Appends the wire form of a set value.
  void (*write)(const FieldDefinition& field, const Value& value, std::string& out);
  /// A person's reading of a set value: `Proposal`, `Ada Lovelace`, `1250.5`.
  std::string (*display)(const FieldDefinition& field, const Value& value);
  /// Operators that list filters may use; empty: not filterable.
  std::span<const FilterOperator> operators;
};

const ValueTypeRow& value_type_row(ValueType type);
std::span<const ValueTypeRow> value_type_rows();
/// By its contract name.
const ValueTypeRow* find_value_type(std::string_view name);

/// Parses what a client wrote for a field: null clears; a list of one is taken for a single value and the
/// reverse; wrong JSON type → `invalid_type`; business failure → 422.
std::expected<Value, Problem> parse_value(const FieldDefinition& field, const base::Json& input);
/// Appends the wire form, `null` where unset.
void write_value(const FieldDefinition& field, const Value& value, std::string& out);
/// Empty where unset.
std::string display_value(const FieldDefinition& field, const Value& value);

/// What the folded forms below depend on beside the text: a library and its version.
std::string folding_library();
/// For comparisons: NFC, full Unicode case folding, ICU. ASCII has a fast path.
std::string fold_text(std::string_view text);
/// Lower case by Unicode, NFC: `ß` stays apart from `ss`. The form in which e-mail addresses are the same.
std::string lower_text(std::string_view text);
/// The form in which labels are compared: folded, outer white space gone, inner collapsed (Unicode's too).
std::string fold_label(std::string_view text);
/// The texts that text operators compare, folded: one for most types, each element of a list, `first last` of a
/// FULL_NAME, the parts of an ADDRESS joined by `, `.
std::vector<std::string> comparison_texts(const FieldDefinition& field, const Value& value);
/// The forms under which a unique field's value is kept unique (e-mail lower-cased, URL without scheme,
/// `www.` and trailing slash, …): one per element.
std::vector<std::string> unique_forms(const FieldDefinition& field, const Value& value);

}  // namespace plenoptic::model
