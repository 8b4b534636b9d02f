// The index of one object type: ordinals in creation order, who is live, a column for each filterable field, and the
// links at this type's ends by their target.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "index/bitmap.h"
#include "index/column.h"
#include "index/sorted_blocks.h"
#include "index/workspace_index.h"

namespace plenoptic::index {

class TypeIndex {
 public:
  /// Ids come in ascending order; throws std::logic_error otherwise.
  void append(RecordId id, bool live);
  void update(const model::ObjectType& type, RecordId id, const model::FieldValues& before, const model::FieldValues& after);
  void set_life(RecordId id, bool live);
  void add_link(model::LinkView view, RecordId near, RecordId target);
  void remove_link(model::LinkView view, RecordId near, RecordId target);

  std::optional<Ordinal> find(RecordId id) const;
  bool is_live(RecordId id) const;
  Page query(const Query& query, bool (*target_is_live)(const void* context, RecordId target), const void* context) const;
  std::size_t memory_bytes() const;

 private:
  struct LinkEntry {
    RecordId target;
    Ordinal near;
    auto operator<=>(const LinkEntry&) const = default;
  };

  Matches match(const model::FieldPredicate& predicate) const;
  Matches match(const model::RelationshipPredicate& predicate) const;
  Page page(const Bitmap& matches, const Query& query) const;

  std::vector<RecordId> ids_;  // by ordinal
  Bitmap live_, trashed_;
  std::map<model::FieldNumber, std::unique_ptr<Column>> columns_;
  std::map<std::pair<model::LinkTypeNumber, model::Side>, SortedBlocks<LinkEntry>> links_;
};

}  // namespace plenoptic::index
