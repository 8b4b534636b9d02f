// The index of one object type: ordinals in creation order, who is live, a column for each filterable field, and the
// links at this type's ends by their target.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "index/bitmap.h"
#include "index/column.h"
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
  /// Ids come in ascending order; throws std::logic_error otherwise.
  void append(RecordId id, bool live);
  void update(const model::ObjectType& type, RecordId id, const model::FieldValues& before, const model::FieldValues& after);
  void set_life(RecordId id, bool live);
  void add_link(model::LinkView view, LinkEntry link);
  void remove_link(model::LinkView view, LinkEntry link);

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

 private:
  struct Term {
    ConditionPointer condition;
    bool negated;
  };

  std::uint32_t chunk_count() const { return static_cast<std::uint32_t>((ids_.size() + chunk_size - 1) / chunk_size); }
  Column* column_of(const model::FieldDefinition& field);
  const Column* find_column(const model::FieldDefinition& field) const;
  void add_terms(std::span<const model::FieldPredicate* const> predicates, std::vector<Term>& terms) const;
  ConditionPointer condition(const model::RelationshipPredicate& predicate, std::optional<Ordinal> target) const;
  std::vector<Term> terms_of(const model::Filter& filter, std::span<const std::optional<Ordinal>> targets) const;
  Page page_of(const Bitmap& matches, const Query& query) const;
  Page page_of(const Bitmap& all, std::span<const Term> terms, const Query& query) const;
  Page page_of_few(std::span<const Ordinal> candidates, const Bitmap& all, std::span<const Term> terms, const Query& query) const;
  static void keep_term(const Term& term, std::uint32_t chunk, ChunkWords& words);

  RecordIds ids_;
  Bitmap live_, trashed_;
  std::map<model::FieldNumber, std::unique_ptr<Column>> columns_;
  std::map<std::pair<model::LinkTypeNumber, model::Side>, SortedBlocks<LinkEntry>> links_;
};

}  // namespace plenoptic::index
