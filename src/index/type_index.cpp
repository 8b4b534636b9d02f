#include "index/type_index.h"

#include <algorithm>
#include <stdexcept>

namespace plenoptic::index {

void TypeIndex::append(RecordId id, bool live) {
  if (!ids_.empty() && !(ids_.back() < id)) throw std::logic_error("record ids must come in ascending order");
  const auto ordinal = static_cast<Ordinal>(ids_.size());
  ids_.push_back(id);
  (live ? live_ : trashed_).add(ordinal);
}

std::optional<Ordinal> TypeIndex::find(RecordId id) const {
  const auto found = std::lower_bound(ids_.begin(), ids_.end(), id);
  if (found == ids_.end() || *found != id) return std::nullopt;
  return static_cast<Ordinal>(found - ids_.begin());
}

bool TypeIndex::is_live(RecordId id) const {
  const auto ordinal = find(id);
  return ordinal && live_.contains(*ordinal);
}

void TypeIndex::update(const model::ObjectType& type, RecordId id, const model::FieldValues& before, const model::FieldValues& after) {
  const auto ordinal = find(id);
  if (!ordinal) return;
  for (const auto& [number, value] : after.entries()) {
    const model::FieldDefinition* field = type.find_field(number);
    if (!field) continue;
    auto& column = columns_[number];
    if (!column) column = make_column(field->type);
    if (column) column->update(*field, *ordinal, before.get(number), value);
  }
}

void TypeIndex::set_life(RecordId id, bool live) {
  const auto ordinal = find(id);
  if (!ordinal) return;
  (live ? trashed_ : live_).remove(*ordinal);
  (live ? live_ : trashed_).add(*ordinal);
}

void TypeIndex::add_link(model::LinkView view, RecordId near, RecordId target) {
  if (const auto ordinal = find(near)) links_[{view.link_type, view.side}].insert({target, *ordinal}, std::less<LinkEntry>());
}

void TypeIndex::remove_link(model::LinkView view, RecordId near, RecordId target) {
  if (const auto ordinal = find(near)) links_[{view.link_type, view.side}].erase({target, *ordinal}, std::less<LinkEntry>());
}

Matches TypeIndex::match(const model::FieldPredicate& predicate) const {
  const auto column = columns_.find(predicate.field->number);
  return column == columns_.end() || !column->second ? Matches{} : column->second->match(predicate);
}

Matches TypeIndex::match(const model::RelationshipPredicate& predicate) const {
  std::vector<Ordinal> found;
  for (const model::LinkView& view : predicate.links) {
    const auto table = links_.find({view.link_type, view.side});
    if (table == links_.end()) continue;
    table->second.scan([&](const LinkEntry& entry) { return entry.target < predicate.target; },
                       [&](const LinkEntry& entry) {
                         if (entry.target != predicate.target) return false;
                         found.push_back(entry.near);
                         return true;
                       });
  }
  Matches matches;
  matches.made.addMany(found.size(), found.data());
  return matches;
}

Page TypeIndex::query(const Query& query, bool (*target_is_live)(const void*, RecordId), const void* context) const {
  const Bitmap& all = query.life == Life::live ? live_ : trashed_;
  if (!query.filter || query.filter->empty()) return page(all, query);
  std::vector<Matches> wanted, unwanted;
  for (const auto& predicate : query.filter->fields) (predicate.negated ? unwanted : wanted).push_back(match(predicate));
  for (const auto& predicate : query.filter->relationships) {
    const bool live = target_is_live(context, predicate.target);
    (predicate.negated ? unwanted : wanted).push_back(live ? match(predicate) : Matches{});
  }
  std::sort(wanted.begin(), wanted.end(), [](const Matches& a, const Matches& b) { return a.bitmap().cardinality() < b.bitmap().cardinality(); });
  Bitmap result = wanted.empty() ? all : wanted.front().bitmap() & all;
  for (std::size_t i = 1; i < wanted.size(); ++i) result &= wanted[i].bitmap();
  for (const Matches& matches : unwanted) result -= matches.bitmap();
  return page(result, query);
}

Page TypeIndex::page(const Bitmap& matches, const Query& query) const {
  Page page;
  page.total_count = matches.cardinality();
  for (std::size_t i = 0; i < query.limit && query.offset < page.total_count - i; ++i) {
    // The newest stand at the end.
    std::uint32_t ordinal = 0;
    if (!matches.select(static_cast<std::uint32_t>(page.total_count - 1 - query.offset - i), &ordinal)) break;
    page.ids.push_back(ids_[ordinal]);
  }
  return page;
}

std::size_t TypeIndex::memory_bytes() const {
  std::size_t bytes = ids_.capacity() * sizeof(RecordId) + live_.getSizeInBytes(false) + trashed_.getSizeInBytes(false);
  for (const auto& [number, column] : columns_)
    if (column) bytes += column->memory_bytes();
  for (const auto& [view, table] : links_) bytes += table.memory_bytes();
  return bytes;
}

}  // namespace plenoptic::index
