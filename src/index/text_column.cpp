// TEXT, FULL_NAME, SOCIAL_HANDLE and ADDRESS: folded texts in sorted order, for `equal` and `startsWith`.
#include <algorithm>

#include "index/column.h"
#include "index/sorted_blocks.h"
#include "index/text_store.h"
#include "model/value_types.h"

namespace plenoptic::index {
namespace {

class TextColumn final : public Column {
 private:
  auto less() const {
    return [this](Ordinal a, Ordinal b) {
      const int order = texts_.get(a).compare(texts_.get(b));
      return order < 0 || (order == 0 && a < b);
    };
  }

 public:
  void update(const model::FieldDefinition& field, Ordinal ordinal, const model::Value& before, const model::Value& after) override {
    if (!model::is_unset(before) && set_.contains(ordinal)) {
      sorted_.erase(ordinal, less());
      set_.remove(ordinal);
      texts_.set(ordinal, {});
    }
    const auto texts = model::comparison_texts(field, after);
    if (texts.empty()) return;
    texts_.set(ordinal, texts.front());
    sorted_.insert(ordinal, less());
    set_.add(ordinal);
  }

  void load(const model::FieldDefinition& field, Ordinal ordinal, const model::Value& value) override {
    const auto texts = model::comparison_texts(field, value);
    if (texts.empty()) return;
    texts_.set(ordinal, texts.front());
    set_.add(ordinal);
  }

  /// Sorting all at once is several times quicker than one by one; most texts differ in their first eight bytes.
  void finish_loading() override {
    struct Entry {
      std::uint64_t prefix;
      Ordinal ordinal;
    };
    std::vector<Entry> entries;
    entries.reserve(set_.cardinality());
    for (Ordinal ordinal : set_) entries.push_back({prefix_of(texts_.get(ordinal)), ordinal});
    std::sort(entries.begin(), entries.end(),
              [this, before = less()](const Entry& a, const Entry& b) { return a.prefix != b.prefix ? a.prefix < b.prefix : before(a.ordinal, b.ordinal); });
    sorted_.clear();
    for (const Entry& entry : entries) sorted_.append(entry.ordinal);
  }

  ConditionPointer condition(const model::FieldPredicate& predicate) const override {
    const std::string& wanted = predicate.text;
    const bool prefix = predicate.op == model::FilterOperator::starts_with;
    if (prefix && wanted.empty()) return kept_condition(set_);
    std::vector<Ordinal> found;
    sorted_.scan([&](Ordinal ordinal) { return texts_.get(ordinal) < wanted; },
                 [&](Ordinal ordinal) { return prefix ? !texts_.get(ordinal).starts_with(wanted) : texts_.get(ordinal) != wanted; },
                 [&](Ordinal ordinal) { found.push_back(ordinal); });
    return found_condition(std::move(found));
  }

  std::size_t memory_bytes() const override { return texts_.memory_bytes() + sorted_.memory_bytes() + set_.getSizeInBytes(false); }

 private:
  /// Orders as the text's first bytes do.
  static std::uint64_t prefix_of(std::string_view text) {
    std::uint64_t prefix = 0;
    for (std::size_t i = 0; i < 8; ++i) prefix = prefix << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0);
    return prefix;
  }

  TextStore texts_;
  SortedBlocks<Ordinal> sorted_;
  Bitmap set_;
};

}  // namespace

std::unique_ptr<Column> make_text_column() { return std::make_unique<TextColumn>(); }

}  // namespace plenoptic::index
