// The in-memory index of one workspace: what filters, ordering and counts run in. Derived from storage: built from
// a snapshot, then kept current by the change log in commit order, before the answers of those writes leave.
//
// Threads: `apply` from the write lane only; `query` from any. Lists take `read_lock()`, open their storage snapshot
// under it and compare sequence numbers, so that the rows shown always match the filter.
#pragma once

#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/definitions.h"
#include "model/filter.h"
#include "model/record.h"

namespace plenoptic::index {

using model::RecordId;
using model::TypeNumber;

enum class Life : std::uint8_t { live, trashed };

struct Query {
  TypeNumber type = 0;
  Life life = Life::live;
  const model::Filter* filter = nullptr;  // null: all
  std::size_t offset = 0;
  std::size_t limit = 25;
};

/// Newest first: createdAt descending, then id descending.
struct Page {
  std::vector<RecordId> ids;
  std::uint64_t total_count = 0;
};

/// A piece of an index that a snapshot saves by itself: a type's ids and who of them is live, a column, the links at one end.
struct SnapshotPart {
  enum class Kind : std::uint32_t { ids, column, links };
  Kind kind = Kind::ids;
  TypeNumber type = 0;
  std::uint32_t number = 0;   // of the field or the link type
  std::uint32_t variant = 0;  // the values' type, or the end
  bool operator==(const SnapshotPart&) const = default;
};

class LinkRange;

class WorkspaceIndex {
 public:
  WorkspaceIndex();
  ~WorkspaceIndex();
  WorkspaceIndex(const WorkspaceIndex&) = delete;
  WorkspaceIndex& operator=(const WorkspaceIndex&) = delete;

  // Building, before anyone queries: records of each type in id order, types from several threads if wanted; then all links;
  // then finish.
  /// Makes room for the schema's types.
  void begin_loading(const model::Schema& schema);
  void load_record(const model::ObjectType& type, const model::Record& record);
  /// All records of the type are in.
  void finish_type(TypeNumber type);
  /// All ranges at once, in their order.
  void load_links(const model::Schema& schema, std::span<const LinkRange> ranges);
  /// `sequence`: the log sequence of the snapshot loaded from.
  void finish_loading(std::uint64_t sequence);
  /// Ids that part all records into about `count` equal ranges, ascending. For loading links in ranges.
  std::vector<RecordId> range_borders(std::size_t count) const;

  /// Takes one log entry in. Entries at or below sequence() are passed over; they must not skip. Takes the lock itself
  /// (exclusively); `apply_all` takes it once for several.
  void apply_all(const model::Schema& schema, std::span<const model::Change> changes);

  std::shared_lock<std::shared_mutex> read_lock() const;
  /// The last log entry taken in. Under read_lock().
  std::uint64_t sequence() const;
  /// Under read_lock(). The filter's schema may be older or newer than what was loaded: fields without values match as unset.
  Page query(const Query& query) const;
  /// Under read_lock(): how many bytes the structures hold, about.
  std::size_t memory_bytes() const;
  /// Under read_lock(), trashed ones too.
  std::uint64_t record_count() const;

  // Snapshots. The parts are saved one after another while writes go on, so each is of a moment of its own. An index restored
  // from them is whole once the log was applied again from before the first of these moments to past the last: each part
  // takes in only what it has not.
  /// Under read_lock().
  std::vector<SnapshotPart> parts() const;
  /// Under read_lock(): how many bytes save_part would append.
  std::size_t part_bytes(const SnapshotPart& part) const;
  /// Under read_lock(): appends the part's bytes.
  void save_part(const SnapshotPart& part, std::string& to) const;
  /// Instead of begin_loading. `sequence`: at which the parts were listed. Throws SnapshotRefused where they do not fit the schema.
  void begin_restoring(const model::Schema& schema, std::uint64_t sequence, std::span<const SnapshotPart> parts);
  /// Different parts from several threads. `sequence`: at which it was saved. Throws SnapshotRefused where the bytes are no such part's.
  void restore_part(const SnapshotPart& part, std::uint64_t sequence, std::string_view from);

 private:
  friend class LinkRange;
  struct State;
  std::unique_ptr<State> state_;
};

/// The links of a range of source records, read by one thread while others read other ranges. The records of all types are
/// loaded.
class LinkRange {
 public:
  LinkRange(const WorkspaceIndex& index, const model::Schema& schema);
  ~LinkRange();
  LinkRange(LinkRange&&) noexcept;
  /// Of each link type, sources come in id order, and the destinations of one source in theirs.
  void add(RecordId source, model::LinkTypeNumber type, RecordId destination);

 private:
  friend class WorkspaceIndex;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace plenoptic::index
