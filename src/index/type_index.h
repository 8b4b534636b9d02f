// The index of one object type: ordinals in creation order, who is live, a column for each filterable field, and the
// links at this type's ends by their target.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "index/archive.h"
#include "index/bitmap.h"
#include "index/column.h"
#include "index/hot_ranges.h"
#include "index/record_ids.h"
#include "index/sorted_blocks.h"
#include "index/workspace_index.h"

namespace plenoptic::index {

/// A link as a pair of ordinals: its target among the far type's records, and the record of this type.
struct LinkEntry {
  Ordinal target;
  Ordinal near;
  auto operator<=>(const LinkEntry&) const = default;
};

class TypeIndex {
 public:
  /// A log entry's record and values. Ids of new records come in ascending order; throws std::logic_error otherwise.
  void apply(const model::ObjectType& type, const model::Change& change);
  /// One of a log entry's links, seen from here.
  void apply_link(std::uint64_t sequence, model::LinkView view, LinkEntry link, bool added);

  // At start, before anyone asks.
  void load(const model::ObjectType& type, const model::Record& record);
  /// In ascending order for each view.
  void load_links(model::LinkView view, std::span<const LinkEntry> links);
  void finish_loading();

  const RecordIds& ids() const { return ids_; }
  bool is_live(Ordinal ordinal) const { return live_.contains(ordinal); }
  /// `targets`: those of the filter's relationship predicates, in order; nothing where there is no such live record.
  Page query(const Query& query, std::span<const std::optional<Ordinal>> targets) const;
  std::size_t memory_bytes() const;

  // Snapshots: each part is saved and restored by itself.
  void list_parts(TypeNumber type, std::vector<SnapshotPart>& parts) const;
  /// Before its restoring, for the parts that are no ids. Throws SnapshotRefused where a column's values are of another type now.
  void make_room(const model::ObjectType& type, const SnapshotPart& part);
  void archive(const SnapshotPart& part, Archive& archive);
  /// From now on only log entries past this one change the part.
  void set_saved_at(const SnapshotPart& part, std::uint64_t sequence);

 private:
  // `saved_at`: the last log entry that stands in it from the snapshot. 0: there was none.
  struct ColumnPart {
    std::unique_ptr<Column> column;  // null: not filterable
    model::ValueType type{};
    std::uint64_t saved_at = 0;
  };
  struct LinkPart {
    SortedBlocks<LinkEntry> table;
    std::uint64_t saved_at = 0;
  };
  struct Term {
    ConditionPointer condition;
    bool negated;
  };

  std::uint32_t chunk_count() const { return static_cast<std::uint32_t>((ids_.size() + chunk_size - 1) / chunk_size); }
  ColumnPart& column_of(const model::FieldDefinition& field);
  const Column* find_column(model::FieldNumber field) const;
  void add_terms(std::span<const model::FieldPredicate* const> predicates, std::vector<Term>& terms) const;
  ConditionPointer condition(const model::RelationshipPredicate& predicate, std::optional<Ordinal> target) const;
  std::vector<Term> terms_of(const model::Filter& filter, std::span<const std::optional<Ordinal>> targets) const;
  Page page_of(const Bitmap& matches, const Query& query) const;
  Page page_of(const Bitmap& all, std::span<const Term> terms, const Query& query, std::optional<std::uint64_t> total) const;
  Page page_of_few(std::span<const Ordinal> candidates, const Bitmap& all, std::span<const Term> terms, const Query& query) const;
  /// The key and range of a filter that is nothing else; nothing where it is more.
  std::optional<std::pair<HotRangeKey, ValueRange>> hot_range_of(const model::Filter& filter) const;
  /// How many records match, where that is known without looking at them.
  std::optional<std::uint64_t> count_hot(const Query& query) const;
  const Bitmap* chosen_by(const HotRangeKey& key) const;
  HotRange make_hot_range(const HotRangeKey& key, const Bitmap& chosen) const;
  std::optional<std::int64_t> value_in(const HotRangeKey& key, Ordinal ordinal) const;
  template <typename Act>
  void for_hot_ranges(const model::Change& change, Ordinal ordinal, Act act);
  static void keep_term(const Term& term, std::uint32_t chunk, ChunkWords& words);

  RecordIds ids_;
  Bitmap live_, trashed_;
  std::uint64_t ids_saved_at_ = 0;  // of the three above
  std::map<model::FieldNumber, ColumnPart> columns_;
  std::map<std::pair<model::LinkTypeNumber, model::Side>, LinkPart> links_;
  mutable HotRanges hot_ranges_;  // with a lock of its own: questions make them
};

}  // namespace plenoptic::index
