#include "services/index_snapshots.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <system_error>
#include <thread>

#include <fmt/format.h>

#include "index/snapshot_file.h"
#include "model/value_types.h"
#include "services/log_replay.h"
#include "services/share_out.h"

namespace plenoptic::services {
namespace {

using index::SnapshotFile;
using index::SnapshotHead;
using index::SnapshotPart;
using index::StoredPart;
using model::WorkspaceId;

/// The longest replay that is quicker than a scan of so many records.
std::uint64_t longest_replay(std::uint64_t records) { return std::max<std::uint64_t>(100'000, records / 2); }

std::string program_of(const SnapshotSettings& settings) { return settings.program + ", " + model::folding_library(); }

/// Of a log entry: its request's id is its own, or else its time and record. 0: there is none.
std::uint64_t fingerprint(storage::Reader& storage, WorkspaceId workspace, std::uint64_t sequence) {
  const auto change = storage.find_change(workspace, sequence);
  if (!change) return 0;
  const auto id = change->record.bytes();
  return index::snapshot_checksum(
      fmt::format("{} {} {} {} {} {}", change->at_ms, std::string_view(id.data(), id.size()), change->actor, change->operation, change->request_id, change->idempotency_key));
}

/// The database comes first: what it needs is left to it.
void require_room(const std::string& directory, std::uint64_t bytes) {
  std::error_code unknown;
  const auto space = std::filesystem::space(directory, unknown);
  if (!unknown && space.available < 2 * bytes) throw std::runtime_error("the disk has too little room left for it");
}

void check_head(const SnapshotHead& head, storage::Reader& storage, WorkspaceId workspace, const SnapshotSettings& settings) {
  if (head.program != program_of(settings)) throw SnapshotRefused("it was written by " + head.program);
  if (head.workspace != workspace.value) throw SnapshotRefused("it is another workspace's");
  if (head.newest > storage.log_sequence(workspace) || head.fingerprint != fingerprint(storage, workspace, head.newest))
    throw SnapshotRefused("it is not of this database's past: the database was replaced by an older or another one");
  if (const std::uint64_t behind = storage.log_sequence(workspace) - head.base; behind > longest_replay(head.records))
    throw SnapshotRefused(fmt::format("it is {} log entries behind", behind));
}

LoadedIndex restore(const SnapshotFile& file, storage::Reader& storage, WorkspaceId workspace, const model::Schema& schema) {
  std::vector<SnapshotPart> parts;
  for (const StoredPart& stored : file.parts()) parts.push_back(stored.part);
  LoadedIndex restored{.index = std::make_shared<index::WorkspaceIndex>(), .base = file.head().base, .replayed = 0};
  restored.index->begin_restoring(schema, file.head().base, parts);
  share_out(std::max(1U, std::thread::hardware_concurrency()), parts.size(), [&](std::size_t, std::size_t i) {
    const StoredPart& stored = file.parts()[i];
    restored.index->restore_part(stored.part, stored.sequence, file.read(stored));
  });
  restored.replayed = replay_log(storage, workspace, schema, *restored.index);
  return restored;
}

}  // namespace

std::string snapshot_path(const SnapshotSettings& settings, WorkspaceId workspace) { return fmt::format("{}/index/{}.snapshot", settings.directory, workspace.value); }

void make_room_for_parts(const index::WorkspaceIndex& index, std::string& buffer) {
  std::size_t largest = 0;
  {
    const auto lock = index.read_lock();
    for (const SnapshotPart& part : index.parts()) largest = std::max(largest, index.part_bytes(part));
  }
  if (buffer.capacity() >= largest + largest / 32) return;  // it may grow until it is saved
  buffer = std::string();                                   // not both at once
  buffer.resize(largest + largest / 8);
}

std::optional<WrittenSnapshot> write_snapshot(storage::Database& database, WorkspaceId workspace, const index::WorkspaceIndex& index, const SnapshotSettings& settings,
                                              std::string& buffer, const std::function<bool()>& abandoned) {
  SnapshotHead head;
  head.program = program_of(settings);
  head.workspace = workspace.value;
  std::vector<SnapshotPart> parts;
  std::size_t memory = 0;
  {
    const auto lock = index.read_lock();
    parts = index.parts();
    memory = index.memory_bytes();
    head.base = head.newest = index.sequence();
    head.records = index.record_count();
  }
  index::SnapshotWriter file(snapshot_path(settings, workspace));  // first: what a crash left of another gives its room back
  require_room(settings.directory, memory);
  make_room_for_parts(index, buffer);
  for (const SnapshotPart& part : parts) {
    if (abandoned()) return std::nullopt;
    buffer.clear();
    {
      const auto lock = index.read_lock();
      index.save_part(part, buffer);
      head.newest = index.sequence();
    }
    file.add(part, head.newest, buffer);
  }
  head.fingerprint = fingerprint(*database.read(), workspace, head.newest);
  file.finish(head);
  return WrittenSnapshot{.base = head.base, .bytes = file.bytes_written()};
}

std::optional<LoadedIndex> restore_index(storage::Reader& storage, WorkspaceId workspace, const model::Schema& schema, const SnapshotSettings& settings) {
  const std::string path = snapshot_path(settings, workspace);
  std::error_code none;
  if (settings.directory.empty() || !std::filesystem::exists(path, none)) return std::nullopt;
  try {
    const SnapshotFile file(path);
    check_head(file.head(), storage, workspace, settings);
    return restore(file, storage, workspace, schema);
  } catch (const storage::StorageError&) {
    throw;
  } catch (const SnapshotRefused&) {
    throw;
  } catch (const std::exception& failure) {
    // It could not be read, or the log says what the index cannot be told.
    throw SnapshotRefused(failure.what());
  }
}

}  // namespace plenoptic::services
