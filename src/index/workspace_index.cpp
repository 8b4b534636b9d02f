#include "index/workspace_index.h"

#include <map>
#include <mutex>
#include <stdexcept>

#include "index/type_index.h"

namespace plenoptic::index {

using model::Change;
using model::ChangeKind;
using model::Side;

struct WorkspaceIndex::State {
  mutable std::shared_mutex mutex;
  std::uint64_t sequence = 0;
  std::map<TypeNumber, TypeIndex> types;

  void link(const model::LinkType& type, RecordId source, RecordId destination, bool added) {
    const auto at = [&](Side side, RecordId near, RecordId target) {
      TypeIndex& index = types[type.end(side).type];
      added ? index.add_link({type.number, side}, near, target) : index.remove_link({type.number, side}, near, target);
    };
    at(Side::source, source, destination);
    at(Side::destination, destination, source);
  }

  bool is_live(RecordId id) const {
    for (const auto& [number, index] : types)
      if (index.is_live(id)) return true;
    return false;
  }

  void apply(const model::Schema& schema, const Change& change) {
    if (change.sequence <= sequence) return;
    if (change.sequence != sequence + 1) throw std::logic_error("the index was not told of a log entry");
    sequence = change.sequence;
    TypeIndex& index = types[change.type];
    if (change.kind == ChangeKind::created) index.append(change.record, true);
    if (change.kind == ChangeKind::trashed || change.kind == ChangeKind::restored) index.set_life(change.record, change.kind == ChangeKind::restored);
    index.update(schema.type(change.type), change.record, change.before, change.after);
    for (const model::LinkChange& link_change : change.links)
      if (const model::LinkType* type = schema.find_link_type(link_change.type)) link(*type, link_change.source, link_change.destination, link_change.added);
  }
};

WorkspaceIndex::WorkspaceIndex() : state_(std::make_unique<State>()) {}

WorkspaceIndex::~WorkspaceIndex() = default;

void WorkspaceIndex::load_record(const model::Schema& schema, const model::Record& record) {
  TypeIndex& index = state_->types[record.type];
  index.append(record.id, record.live());
  index.update(schema.type(record.type), record.id, {}, model::decode_fields(record.fields));
}

void WorkspaceIndex::load_link(const model::LinkType& type, RecordId source, RecordId destination) { state_->link(type, source, destination, true); }

void WorkspaceIndex::finish_loading(std::uint64_t sequence) { state_->sequence = sequence; }

void WorkspaceIndex::apply_all(const model::Schema& schema, std::span<const Change> changes) {
  std::unique_lock lock(state_->mutex);
  for (const Change& change : changes) state_->apply(schema, change);
}

std::shared_lock<std::shared_mutex> WorkspaceIndex::read_lock() const { return std::shared_lock(state_->mutex); }

std::uint64_t WorkspaceIndex::sequence() const { return state_->sequence; }

Page WorkspaceIndex::query(const Query& query) const {
  const auto type = state_->types.find(query.type);
  if (type == state_->types.end()) return {};
  const auto live = [](const void* state, RecordId target) { return static_cast<const State*>(state)->is_live(target); };
  return type->second.query(query, live, state_.get());
}

std::size_t WorkspaceIndex::memory_bytes() const {
  std::size_t bytes = 0;
  for (const auto& [number, index] : state_->types) bytes += index.memory_bytes();
  return bytes;
}

}  // namespace plenoptic::index
