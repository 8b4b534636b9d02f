// The values of one field, by ordinal, in a form that its operators run fast in. One kind of column for each family of
// value types; made by make_column.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "index/archive.h"
#include "index/bitmap.h"
#include "index/condition.h"
#include "model/definitions.h"
#include "model/filter.h"
#include "model/value.h"

namespace plenoptic::index {

/// Values from one to another, both included; none where `from` is greater.
struct ValueRange {
  std::int64_t from = INT64_MIN;
  std::int64_t to = INT64_MAX;
};

class Column {
 public:
  virtual ~Column() = default;
  /// Replaces one record's value; unset on either side where there is none.
  virtual void update(const model::FieldDefinition& field, Ordinal ordinal, const model::Value& before, const model::Value& after) = 0;
  /// Takes in one record's value at start; ordinals come in ascending order, and nobody asks before finish_loading.
  virtual void load(const model::FieldDefinition& field, Ordinal ordinal, const model::Value& value) { update(field, ordinal, {}, value); }
  virtual void finish_loading() {}
  /// Records whose value satisfies the predicate, its negation left aside.
  virtual ConditionPointer condition(const model::FieldPredicate& predicate) const = 0;
  /// One condition for several predicates of the field, none of them negated; null where each has to be asked for itself.
  virtual ConditionPointer conjunction(std::span<const model::FieldPredicate* const>) const { return nullptr; }

  // For hot ranges: of numbers, and of fields of few values.
  /// What all of the predicates, none of them negated, leave of a number.
  virtual std::optional<ValueRange> range_of(std::span<const model::FieldPredicate* const>) const { return std::nullopt; }
  virtual std::optional<std::int64_t> number_of(Ordinal) const { return std::nullopt; }
  /// The value among few that the predicate asks for, its negation left aside.
  virtual std::optional<std::int64_t> choice_of(const model::FieldPredicate&) const { return std::nullopt; }
  /// The records that have it; null where none ever had.
  virtual const Bitmap* records_of(std::int64_t) const { return nullptr; }

  virtual std::size_t memory_bytes() const = 0;
  virtual void archive(Archive& archive) = 0;
};

/// Null for types that are not filterable.
std::unique_ptr<Column> make_column(model::ValueType type);

// One file each.
std::unique_ptr<Column> make_option_column();
std::unique_ptr<Column> make_flag_column();
std::unique_ptr<Column> make_number_column();
std::unique_ptr<Column> make_text_column();
std::unique_ptr<Column> make_contains_column();

}  // namespace plenoptic::index
