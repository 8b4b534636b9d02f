// Columns of few distinct values: a bitmap for each. SINGLE_SELECT and CHECKBOX; and the choice of a column by type.
#include <utility>
#include <vector>

#include "index/column.h"

namespace plenoptic::index {
namespace {

class OptionColumn final : public Column {
 public:
  void update(const model::FieldDefinition&, Ordinal ordinal, const model::Value& before, const model::Value& after) override {
    if (const auto* option = std::get_if<model::OptionNumber>(&before); option && option->value < records_.size()) records_[option->value].remove(ordinal);
    const auto* option = std::get_if<model::OptionNumber>(&after);
    if (!option) return;
    if (option->value >= records_.size()) records_.resize(option->value + 1);
    records_[option->value].add(ordinal);
  }

  ConditionPointer condition(const model::FieldPredicate& predicate) const override {
    const Bitmap* records = records_of(predicate.option.value);
    return records ? kept_condition(*records) : empty_condition();
  }
  std::optional<std::int64_t> choice_of(const model::FieldPredicate& predicate) const override { return predicate.option.value; }
  const Bitmap* records_of(std::int64_t choice) const override { return std::cmp_less(choice, records_.size()) ? &records_[static_cast<std::size_t>(choice)] : nullptr; }

  std::size_t memory_bytes() const override {
    std::size_t bytes = 0;
    for (const Bitmap& bitmap : records_) bytes += bitmap.getSizeInBytes(false);
    return bytes;
  }

  void archive(Archive& archive) override { archive(records_); }

 private:
  std::vector<Bitmap> records_;  // by option number
};

class FlagColumn final : public Column {
 public:
  void update(const model::FieldDefinition&, Ordinal ordinal, const model::Value& before, const model::Value& after) override {
    if (const bool* flag = std::get_if<bool>(&before)) (*flag ? yes_ : no_).remove(ordinal);
    if (const bool* flag = std::get_if<bool>(&after)) (*flag ? yes_ : no_).add(ordinal);
  }
  ConditionPointer condition(const model::FieldPredicate& predicate) const override { return kept_condition(*records_of(predicate.number)); }
  std::optional<std::int64_t> choice_of(const model::FieldPredicate& predicate) const override { return predicate.number != 0; }
  const Bitmap* records_of(std::int64_t choice) const override { return choice ? &yes_ : &no_; }
  std::size_t memory_bytes() const override { return yes_.getSizeInBytes(false) + no_.getSizeInBytes(false); }
  void archive(Archive& archive) override { archive(yes_, no_); }

 private:
  Bitmap yes_, no_;
};

}  // namespace

std::unique_ptr<Column> make_option_column() { return std::make_unique<OptionColumn>(); }
std::unique_ptr<Column> make_flag_column() { return std::make_unique<FlagColumn>(); }

std::unique_ptr<Column> make_column(model::ValueType type) {
  using enum model::ValueType;
  switch (type) {
    case single_select: return make_option_column();
    case checkbox: return make_flag_column();
    case number:
    case currency:
    case datetime: return make_number_column();
    case text:
    case full_name:
    case social_handle:
    case address: return make_text_column();
    case email:
    case telephone:
    case url: return make_contains_column();
    case multi_select:
    case markdown:
    case html: break;
  }
  return nullptr;
}

}  // namespace plenoptic::index
