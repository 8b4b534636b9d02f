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

/// Some bytes of a text, and whose it is. In the sorted blocks its first eight: most texts differ there, and the texts
/// themselves lie all over memory.
struct Entry {
  std::uint64_t bytes;
  Ordinal ordinal;
  auto operator<=>(const Entry&) const = default;
};

/// Eight bytes from a place on, as a number that orders as they do; what lies past the end counts as 0, which no text holds.
std::uint64_t bytes_at(std::string_view text, std::size_t at) {
  std::uint64_t bytes = 0;
  for (std::size_t i = at; i < at + 8; ++i) bytes = bytes << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0);
  return bytes;
}

/// The eight bytes reach the text's end: texts that are alike in them are alike.
bool is_whole(std::uint64_t bytes) { return (bytes & 0xff) == 0; }

class TextColumn final : public Column {
 private:
  Entry entry_of(Ordinal ordinal) const { return {bytes_at(texts_.get(ordinal), 0), ordinal}; }

  auto less() const {
    return [this](const Entry& a, const Entry& b) {
      if (a.bytes != b.bytes) return a.bytes < b.bytes;
      const int order = is_whole(a.bytes) ? 0 : texts_.get(a.ordinal).compare(texts_.get(b.ordinal));
      return order < 0 || (order == 0 && a.ordinal < b.ordinal);
    };
  }

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
    for (Ordinal ordinal : set_) entries.push_back({0, ordinal});
    sort_from(entries, 0);
    sorted_.clear();
    for (const Entry& entry : entries) sorted_.append(entry_of(entry.ordinal));
  }

  ConditionPointer condition(const model::FieldPredicate& predicate) const override {
    const std::string& wanted = predicate.text;
    const bool prefix = predicate.op == model::FilterOperator::starts_with;
    if (prefix && wanted.empty()) return kept_condition(set_);
    std::vector<Ordinal> found;
    const std::uint64_t bytes = bytes_at(wanted, 0);
    const auto is_before = [&](const Entry& entry) { return entry.bytes != bytes ? entry.bytes < bytes : !is_whole(bytes) && texts_.get(entry.ordinal) < wanted; };
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
  /// Sorts by the texts' bytes from `at` on, then by ordinal; up to there they are alike. Eight bytes at a time, so that a text
  /// is looked at once for each eight bytes, and not at each comparison.
  void sort_from(std::span<Entry> entries, std::size_t at) const {
    for (Entry& entry : entries) entry.bytes = bytes_at(texts_.get(entry.ordinal), at);
    std::sort(entries.begin(), entries.end());
    for (auto run = entries.begin(); run != entries.end();) {
      const auto end = std::find_if(run, entries.end(), [&](const Entry& entry) { return entry.bytes != run->bytes; });
      if (end - run > 1 && !is_whole(run->bytes)) sort_from(std::span(run, end), at + 8);
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
