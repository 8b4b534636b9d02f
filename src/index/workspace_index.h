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

class WorkspaceIndex {
 public:
  WorkspaceIndex();
  ~WorkspaceIndex();
  WorkspaceIndex(const WorkspaceIndex&) = delete;
  WorkspaceIndex& operator=(const WorkspaceIndex&) = delete;

  // Building: by one thread, before anyone queries. Records of a type in id order, then links, then finish.
  void load_record(const model::Schema& schema, const model::Record& record);
  void load_link(const model::LinkType& type, RecordId source, RecordId destination);
  /// `sequence`: the log sequence of the snapshot loaded from.
  void finish_loading(std::uint64_t sequence);

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

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plenoptic::index
