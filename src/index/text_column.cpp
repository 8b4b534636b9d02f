// TEXT, FULL_NAME, SOCIAL_HANDLE and ADDRESS: folded texts in sorted order, for `equal` and `startsWith`.
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

  Matches match(const model::FieldPredicate& predicate) const override {
    const std::string& wanted = predicate.text;
    const bool prefix = predicate.op == model::FilterOperator::starts_with;
    if (prefix && wanted.empty()) return {.kept = &set_, .made = {}};
    std::vector<Ordinal> found;
    sorted_.scan([&](Ordinal ordinal) { return texts_.get(ordinal) < wanted; },
                 [&](Ordinal ordinal) {
                   const std::string_view text = texts_.get(ordinal);
                   if (prefix ? !text.starts_with(wanted) : text != wanted) return false;
                   found.push_back(ordinal);
                   return true;
                 });
    Matches matches;
    matches.made.addMany(found.size(), found.data());
    return matches;
  }

  std::size_t memory_bytes() const override { return texts_.memory_bytes() + sorted_.memory_bytes() + set_.getSizeInBytes(false); }

 private:
  TextStore texts_;
  SortedBlocks<Ordinal> sorted_;
  Bitmap set_;
};

}  // namespace

std::unique_ptr<Column> make_text_column() { return std::make_unique<TextColumn>(); }

}  // namespace plenoptic::index
