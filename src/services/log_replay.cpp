#include "services/log_replay.h"

#include <vector>

#include "index/archive.h"

namespace plenoptic::services {
namespace {

using index::SnapshotRefused;
using model::Change;
using model::FieldValues;

constexpr std::size_t entries_at_once = 16;  // each may have megabytes of text

/// The log keeps creates without values: the record has them, and its later entries tell what they were before.
FieldValues values_at_creation(storage::Reader& storage, const Change& created) {
  const auto record = storage.find_record(created.workspace, created.type, created.record);
  if (!record) throw SnapshotRefused("the log has a record that is not there");
  FieldValues values = model::decode_fields(record->fields);
  for (std::uint64_t sequence = record->version; sequence > created.sequence;) {
    const auto later = storage.find_change(created.workspace, sequence);
    if (!later || later->previous_sequence >= sequence) throw SnapshotRefused("the log has gaps");
    for (const auto& [number, before] : later->before.entries()) values.set(number, before);
    sequence = later->previous_sequence;
  }
  return values;
}

}  // namespace

std::uint64_t replay_log(storage::Reader& storage, model::WorkspaceId workspace, const model::Schema& schema, index::WorkspaceIndex& index) {
  std::vector<Change> changes;
  std::uint64_t count = 0;
  const auto take_in = [&] {
    index.apply_all(schema, changes);
    count += changes.size();
    changes.clear();
  };
  storage.scan_log(workspace, index.sequence(), [&](const Change& logged) {
    Change& change = changes.emplace_back(logged);
    if (change.kind == model::ChangeKind::created) change.after = values_at_creation(storage, change);
    if (changes.size() == entries_at_once) take_in();
    return true;
  });
  take_in();
  if (index.sequence() != storage.log_sequence(workspace)) throw SnapshotRefused("the log has gaps");
  return count;
}

}  // namespace plenoptic::services
