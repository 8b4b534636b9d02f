// EMAIL, TELEPHONE and URL: `contains` finds a substring of any element. Each run of three bytes has the set of records that
// hold it; the records in all of an operand's sets are looked at.
#include <algorithm>
#include <cstring>
#include <iterator>
#include <span>
#include <unordered_map>

#include "index/column.h"
#include "index/text_store.h"
#include "model/value_types.h"

namespace plenoptic::index {
namespace {

constexpr char separator = '\n';  // stands in no element

std::uint32_t trigram_at(std::string_view text, std::size_t at) {
  return static_cast<std::uint32_t>(static_cast<unsigned char>(text[at])) << 16 | static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + 1])) << 8 |
         static_cast<std::uint32_t>(static_cast<unsigned char>(text[at + 2]));
}

using Trigrams = std::vector<std::uint32_t>;

/// Each once, ascending.
Trigrams trigrams_of(std::string_view text) {
  Trigrams trigrams;
  for (std::size_t at = 0; at + 3 <= text.size(); ++at) trigrams.push_back(trigram_at(text, at));
  std::sort(trigrams.begin(), trigrams.end());
  trigrams.erase(std::unique(trigrams.begin(), trigrams.end()), trigrams.end());
  return trigrams;
}

Trigrams only_in_first(const Trigrams& first, const Trigrams& second) {
  Trigrams found;
  std::set_difference(first.begin(), first.end(), second.begin(), second.end(), std::back_inserter(found));
  return found;
}

/// A telephone number's bare digits stand as an element of their own.
std::string joined_elements(const model::FieldDefinition& field, const model::Value& value) {
  std::string joined;
  for (const std::string& text : model::comparison_texts(field, value)) {
    joined += text + separator;
    if (field.type != model::ValueType::telephone) continue;
    for (char c : text)
      if (c >= '0' && c <= '9') joined += c;
    joined += separator;
  }
  return joined;
}

class ContainsColumn final : public Column {
 public:
  void update(const model::FieldDefinition& field, Ordinal ordinal, const model::Value&, const model::Value& after) override {
    const std::string joined = joined_elements(field, after);
    const std::string_view before = texts_.get(ordinal);
    if (joined == before) return;
    const Trigrams had = trigrams_of(before), has = trigrams_of(joined);
    for (std::uint32_t trigram : only_in_first(had, has)) remove(trigram, ordinal);
    for (std::uint32_t trigram : only_in_first(has, had)) records_[trigram].add(ordinal);
    if (joined.empty())
      set_.remove(ordinal);
    else
      set_.add(ordinal);
    texts_.set(ordinal, joined);
  }

  ConditionPointer condition(const model::FieldPredicate& predicate) const override {
    const model::FieldPredicate* const one = &predicate;
    return conjunction(std::span(&one, 1));
  }

  /// Records that may match all of them are looked at once, by one predicate after the other until one does not match.
  ConditionPointer conjunction(std::span<const model::FieldPredicate* const> predicates) const override {
    Bitmap candidates = candidates_of(*predicates.front());
    for (const model::FieldPredicate* predicate : predicates.subspan(1)) candidates &= candidates_of(*predicate);
    std::vector<Ordinal> ordinals(candidates.cardinality()), found;
    candidates.toUint32Array(ordinals.data());
    texts_.visit(ordinals, [&](Ordinal ordinal, std::string_view text) {
      if (std::all_of(predicates.begin(), predicates.end(), [&](const model::FieldPredicate* predicate) { return matches(text, *predicate); })) found.push_back(ordinal);
    });
    return found_condition(std::move(found));
  }

  std::size_t memory_bytes() const override {
    std::size_t bytes = texts_.memory_bytes() + set_.getSizeInBytes(false);
    for (const auto& [trigram, records] : records_) bytes += records.getSizeInBytes(false) + 64;
    return bytes;
  }

  void archive(Archive& archive) override { archive(texts_, records_, set_); }

 private:
  /// A set that becomes empty goes: texts may walk through all trigrams there are.
  void remove(std::uint32_t trigram, Ordinal ordinal) {
    const auto found = records_.find(trigram);
    if (found == records_.end()) return;
    found->second.remove(ordinal);
    if (found->second.isEmpty()) records_.erase(found);
  }

  static bool has_digits(const model::FieldPredicate& predicate) { return !predicate.digits.empty() && predicate.digits != predicate.text; }

  static bool matches(std::string_view text, const model::FieldPredicate& predicate) {
    return is_within(text, predicate.text) || (has_digits(predicate) && is_within(text, predicate.digits));
  }

  /// find() begins sooner, but may take the text times what is wanted, where the two are made for it; memmem() grows with the text.
  static bool is_within(std::string_view text, std::string_view wanted) {
    constexpr std::size_t short_text = 512;
    if (wanted.find(separator) != std::string_view::npos) return false;
    if (text.size() <= short_text) return text.find(wanted) != std::string_view::npos;
    return ::memmem(text.data(), text.size(), wanted.data(), wanted.size()) != nullptr;
  }

  Bitmap candidates_of(const model::FieldPredicate& predicate) const {
    Bitmap candidates = candidates_for(predicate.text);
    if (has_digits(predicate)) candidates |= candidates_for(predicate.digits);
    return candidates;
  }

  /// The smallest sets first; a few narrow it down enough.
  Bitmap candidates_for(std::string_view wanted) const {
    if (wanted.size() < 3) return set_;
    std::vector<const Bitmap*> sets;
    for (std::uint32_t trigram : trigrams_of(wanted)) {
      const auto found = records_.find(trigram);
      if (found == records_.end()) return {};
      sets.push_back(&found->second);
    }
    std::sort(sets.begin(), sets.end(), [](const Bitmap* a, const Bitmap* b) { return a->cardinality() < b->cardinality(); });
    constexpr std::uint64_t few_enough = 64;
    Bitmap candidates = *sets.front();
    for (std::size_t i = 1; i < sets.size() && candidates.cardinality() > few_enough; ++i) candidates &= *sets[i];
    return candidates;
  }

  TextStore texts_;
  std::unordered_map<std::uint32_t, Bitmap> records_;  // by trigram
  Bitmap set_;
};

}  // namespace

std::unique_ptr<Column> make_contains_column() { return std::make_unique<ContainsColumn>(); }

}  // namespace plenoptic::index
