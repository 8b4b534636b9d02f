// TEXT, FULL_NAME, SOCIAL_HANDLE and ADDRESS: folded texts in sorted order, for `equal` and `startsWith`.
#include <algorithm>
#include <span>
#include <vector>

#include "index/column.h"
#include "index/sorted_blocks.h"
#include "index/text_store.h"
#include "model/value_types.h"

namespace plenoptic::index {
namespace {

constexpr std::size_t bytes_in_entry = 12;

/// Twelve bytes of a text as numbers that order as they do, and whose it is. In the sorted blocks its first ones: most texts
/// differ there, and the texts themselves lie all over memory.
struct Entry {
  std::uint64_t first;
  std::uint32_t rest;
  Ordinal ordinal;
  auto operator<=>(const Entry&) const = default;

  bool has_bytes_of(const Entry& other) const { return first == other.first && rest == other.rest; }
  /// The bytes reach the text's end: texts that are alike in them are alike.
  bool is_whole() const { return (rest & 0xff) == 0; }
};
static_assert(sizeof(Entry) == bytes_in_entry + sizeof(Ordinal));

/// Bytes from a place on, as a number; what lies past the end counts as 0, which no text holds.
template <typename Number>
Number number_at(std::string_view text, std::size_t at) {
  Number number = 0;
  for (std::size_t i = at; i < at + sizeof number; ++i) number = number << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0);
  return number;
}

Entry make_entry(std::string_view text, std::size_t at, Ordinal ordinal) {
  return {number_at<std::uint64_t>(text, at), number_at<std::uint32_t>(text, at + sizeof(std::uint64_t)), ordinal};
}

class TextColumn final : public Column {
 private:
  Entry entry_of(Ordinal ordinal) const { return make_entry(texts_.get(ordinal), 0, ordinal); }

  /// By text, then by ordinal.
  struct Less {
    const TextStore& texts;

    bool operator()(const Entry& a, const Entry& b) const {
      if (!a.has_bytes_of(b) || a.is_whole()) return a < b;
      const int order = texts.get(a.ordinal).compare(texts.get(b.ordinal));
      return order < 0 || (order == 0 && a.ordinal < b.ordinal);
    }
    /// Whether all three have one text, and with it all that sort between them.
    bool are_alike(const Entry& a, const Entry& b, const Entry& c) const {
      return a.has_bytes_of(b) && a.has_bytes_of(c) && texts.get(b.ordinal) == texts.get(c.ordinal) && texts.get(a.ordinal) == texts.get(b.ordinal);
    }
  };
  Less less() const { return {texts_}; }

 public:
  void update(const model::FieldDefinition& field, Ordinal ordinal, const model::Value& before, const model::Value& after) override {
    if (!model::is_unset(before) && set_.contains(ordinal)) {
      sorted_.erase(entry_of(ordinal), less());
      set_.remove(ordinal);
      texts_.set(ordinal, {});
    }
    const auto texts = model::comparison_texts(field, after);
    if (texts.empty()) return;
    texts_.set(ordinal, texts.front());
    sorted_.insert(entry_of(ordinal), less());
    set_.add(ordinal);
  }

  void load(const model::FieldDefinition& field, Ordinal ordinal, const model::Value& value) override {
    const auto texts = model::comparison_texts(field, value);
    if (texts.empty()) return;
    texts_.set(ordinal, texts.front());
    set_.add(ordinal);
  }

  void finish_loading() override {
    std::vector<Entry> entries;
    entries.reserve(set_.cardinality());
    for (Ordinal ordinal : set_) entries.push_back({.first = 0, .rest = 0, .ordinal = ordinal});
    sort_from(entries, 0);
    sorted_.clear();
    for (const Entry& entry : entries) sorted_.append(entry_of(entry.ordinal));
  }

  ConditionPointer condition(const model::FieldPredicate& predicate) const override {
    const std::string& wanted = predicate.text;
    const bool prefix = predicate.op == model::FilterOperator::starts_with;
    if (prefix && wanted.empty()) return kept_condition(set_);
    std::vector<Ordinal> found;
    const Entry least = make_entry(wanted, 0, 0);
    const auto is_before = [&](const Entry& entry) { return entry.has_bytes_of(least) ? !least.is_whole() && texts_.get(entry.ordinal) < wanted : entry < least; };
    const auto is_after = [&](const Entry& entry) { return prefix ? !texts_.get(entry.ordinal).starts_with(wanted) : texts_.get(entry.ordinal) != wanted; };
    sorted_.scan(is_before, is_after, [&](const Entry& entry) { found.push_back(entry.ordinal); });
    return found_condition(std::move(found));
  }

  std::size_t memory_bytes() const override { return texts_.memory_bytes() + sorted_.memory_bytes() + set_.getSizeInBytes(false); }

  void archive(Archive& archive) override {
    archive(texts_, sorted_, set_);
    archive.require(sorted_.size() == set_.cardinality());
  }

 private:
  /// Sorts by the texts' bytes from `at` on, then by ordinal; up to there they are alike. Twelve bytes at a time, so that a text
  /// is looked at once for each twelve bytes, and not at each comparison.
  void sort_from(std::span<Entry> entries, std::size_t at) const {
    for (Entry& entry : entries) entry = make_entry(texts_.get(entry.ordinal), at, entry.ordinal);
    std::sort(entries.begin(), entries.end());
    for (auto run = entries.begin(); run != entries.end();) {
      const auto end = std::find_if(run, entries.end(), [&](const Entry& entry) { return !entry.has_bytes_of(*run); });
      if (end - run > 1 && !run->is_whole()) sort_from(std::span(run, end), at + bytes_in_entry);
      run = end;
    }
  }

  TextStore texts_;
  SortedBlocks<Entry> sorted_;
  Bitmap set_;
};

}  // namespace

std::unique_ptr<Column> make_text_column() { return std::make_unique<TextColumn>(); }

}  // namespace plenoptic::index
