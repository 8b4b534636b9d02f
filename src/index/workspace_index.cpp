#include "index/workspace_index.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>
#include <stdexcept>

#include "index/type_index.h"

namespace plenoptic::index {

using model::Change;
using model::Side;

struct WorkspaceIndex::State {
  mutable std::shared_mutex mutex;
  /// Who wants `mutex` passes here first. A reader only passes; the writer stays while it waits, so that readers who come one after
  /// the other cannot keep it out: glibc's lock lets them in before it.
  mutable std::mutex door;
  std::uint64_t sequence = 0;
  std::map<TypeNumber, TypeIndex> types;

  void link(const model::LinkType& type, RecordId source, RecordId destination, bool added) {
    TypeIndex& sources = types[type.end(Side::source).type];
    TypeIndex& destinations = types[type.end(Side::destination).type];
    const auto from = sources.ids().find(source), to = destinations.ids().find(destination);
    if (!from || !to) return;
    sources.apply_link(sequence, {type.number, Side::source}, {.target = *to, .near = *from}, added);
    destinations.apply_link(sequence, {type.number, Side::destination}, {.target = *from, .near = *to}, added);
  }

  std::optional<Ordinal> find_live(TypeNumber type, RecordId id) const {
    const auto index = types.find(type);
    if (index == types.end()) return std::nullopt;
    const auto ordinal = index->second.ids().find(id);
    return ordinal && index->second.is_live(*ordinal) ? ordinal : std::nullopt;
  }

  void apply(const model::Schema& schema, const Change& change) {
    if (change.sequence <= sequence) return;
    if (change.sequence != sequence + 1) throw std::logic_error("the index was not told of a log entry");
    sequence = change.sequence;
    types[change.type].apply(schema.type(change.type), change);
    for (const model::LinkChange& link_change : change.links)
      if (const model::LinkType* type = schema.find_link_type(link_change.type)) link(*type, link_change.source, link_change.destination, link_change.added);
  }
};

namespace {

/// Links that stand in order of `near`, counted out by target.
std::vector<LinkEntry> sorted_by_target(const std::vector<LinkEntry>& links, std::size_t targets) {
  std::vector<std::uint32_t> place(targets + 1);
  for (const LinkEntry& link : links) ++place[link.target + 1];
  std::partial_sum(place.begin(), place.end(), place.begin());
  std::vector<LinkEntry> sorted(links.size());
  for (const LinkEntry& link : links) sorted[place[link.target]++] = link;
  return sorted;
}

}  // namespace

WorkspaceIndex::WorkspaceIndex() : state_(std::make_unique<State>()) {}

WorkspaceIndex::~WorkspaceIndex() = default;

void WorkspaceIndex::begin_loading(const model::Schema& schema) {
  for (const model::ObjectType& type : schema.object_types()) state_->types[type.number];
}

void WorkspaceIndex::load_record(const model::ObjectType& type, const model::Record& record) { state_->types.at(type.number).load(type, record); }

void WorkspaceIndex::finish_type(TypeNumber type) { state_->types.at(type).finish_loading(); }

void WorkspaceIndex::finish_loading(std::uint64_t sequence) { state_->sequence = sequence; }

std::vector<RecordId> WorkspaceIndex::range_borders(std::size_t count) const {
  std::vector<RecordId> sample;
  constexpr std::size_t stride = 256;
  for (const auto& [number, index] : state_->types)
    for (std::size_t i = 0; i < index.ids().size(); i += stride) sample.push_back(index.ids()[static_cast<Ordinal>(i)]);
  std::sort(sample.begin(), sample.end());
  std::vector<RecordId> borders;
  for (std::size_t i = 1; i < count && !sample.empty(); ++i) borders.push_back(sample[i * sample.size() / count]);
  return borders;
}

struct LinkRange::Parts {
  struct Table {
    const TypeIndex* sources = nullptr;  // null: no such link type
    const TypeIndex* destinations = nullptr;
    std::vector<LinkEntry> links;  // near: the source, target: the destination
  };
  std::vector<Table> tables;  // by link type number
  RecordId source;            // the one read last, and its ordinal
  const TypeIndex* source_type = nullptr;
  std::optional<Ordinal> ordinal;
};

LinkRange::LinkRange(const WorkspaceIndex& index, const model::Schema& schema) : parts_(std::make_unique<Parts>()) {
  const auto& types = index.state_->types;
  for (const model::LinkType& type : schema.link_types()) {
    if (type.number >= parts_->tables.size()) parts_->tables.resize(type.number + 1);
    parts_->tables[type.number] = {&types.at(type.end(Side::source).type), &types.at(type.end(Side::destination).type), {}};
  }
}

LinkRange::~LinkRange() = default;
LinkRange::LinkRange(LinkRange&&) noexcept = default;

void LinkRange::add(RecordId source, model::LinkTypeNumber type, RecordId destination) {
  if (type >= parts_->tables.size()) return;
  Parts::Table& table = parts_->tables[type];
  if (!table.sources) return;
  if (source != parts_->source || table.sources != parts_->source_type) {
    parts_->source = source;
    parts_->source_type = table.sources;
    parts_->ordinal = table.sources->ids().find(source);
  }
  const auto target = table.destinations->ids().find(destination);
  if (parts_->ordinal && target) table.links.push_back({.target = *target, .near = *parts_->ordinal});
}

void WorkspaceIndex::load_links(const model::Schema& schema, std::span<const LinkRange> ranges) {
  for (const model::LinkType& type : schema.link_types()) {
    std::vector<LinkEntry> links;
    for (const LinkRange& range : ranges) {
      const auto& read = range.parts_->tables[type.number].links;
      links.insert(links.end(), read.begin(), read.end());
    }
    TypeIndex& sources = state_->types.at(type.end(Side::source).type);
    TypeIndex& destinations = state_->types.at(type.end(Side::destination).type);
    sources.load_links({type.number, Side::source}, sorted_by_target(links, destinations.ids().size()));
    for (LinkEntry& link : links) std::swap(link.target, link.near);
    destinations.load_links({type.number, Side::destination}, links);
  }
}

void WorkspaceIndex::apply_all(const model::Schema& schema, std::span<const Change> changes) {
  const std::lock_guard first(state_->door);
  const std::unique_lock lock(state_->mutex);
  for (const Change& change : changes) state_->apply(schema, change);
}

std::shared_lock<std::shared_mutex> WorkspaceIndex::read_lock() const {
  {
    const std::lock_guard pass(state_->door);
  }
  return std::shared_lock(state_->mutex);
}

std::uint64_t WorkspaceIndex::sequence() const { return state_->sequence; }

Page WorkspaceIndex::query(const Query& query) const {
  const auto type = state_->types.find(query.type);
  if (type == state_->types.end()) return {};
  std::vector<std::optional<Ordinal>> targets;
  if (query.filter)
    for (const auto& predicate : query.filter->relationships) targets.push_back(state_->find_live(predicate.far_type, predicate.target));
  return type->second.query(query, targets);
}

std::size_t WorkspaceIndex::memory_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [number, index] : state_->types) bytes += index.memory_bytes();
  return bytes;
}

std::uint64_t WorkspaceIndex::record_count() const {
  std::uint64_t count = 0;
  for (const auto& [number, index] : state_->types) count += index.ids().size();
  return count;
}

std::vector<SnapshotPart> WorkspaceIndex::parts() const {
  std::vector<SnapshotPart> parts;
  for (const auto& [number, index] : state_->types) index.list_parts(number, parts);
  return parts;
}

std::size_t WorkspaceIndex::part_bytes(const SnapshotPart& part) const {
  std::size_t bytes = 0;
  Archive archive = Archive::measuring(bytes);
  state_->types.at(part.type).archive(part, archive);
  return bytes;
}

void WorkspaceIndex::save_part(const SnapshotPart& part, std::string& to) const {
  Archive archive = Archive::saving(to);
  state_->types.at(part.type).archive(part, archive);
}

void WorkspaceIndex::begin_restoring(const model::Schema& schema, std::uint64_t sequence, std::span<const SnapshotPart> parts) {
  begin_loading(schema);
  state_->sequence = sequence;
  for (const SnapshotPart& part : parts) {
    const auto index = state_->types.find(part.type);
    if (index == state_->types.end()) throw SnapshotRefused("the data model has no such object type");
    index->second.make_room(schema.type(part.type), part);
  }
}

void WorkspaceIndex::restore_part(const SnapshotPart& part, std::uint64_t sequence, std::string_view from) {
  Archive archive = Archive::restoring(from);
  TypeIndex& index = state_->types.at(part.type);
  index.archive(part, archive);
  archive.require_end();
  index.set_saved_at(part, sequence);
}

}  // namespace plenoptic::index
