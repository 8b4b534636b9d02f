// A record as it is stored, and what a write changes: the log's entries, which keep the index current too.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "model/definitions.h"
#include "model/value.h"

namespace plenoptic::model {

struct Record {
  TypeNumber type = 0;
  RecordId id;
  std::int64_t created_at_ms = 0;
  std::int64_t updated_at_ms = 0;
  std::optional<std::int64_t> deleted_at_ms;
  /// Sequence of the newest log entry of this record; grows with every change of its own row.
  std::uint64_t version = 0;
  std::optional<std::string> external_id;
  std::string fields;  // encode_fields()

  bool live() const { return !deleted_at_ms; }
};

/// One link, seen from one of its ends.
struct Link {
  LinkTypeNumber type = 0;
  Side side = Side::source;  // where the record asked about stands
  RecordId other;
  bool other_live = true;
};

enum class ChangeKind : std::uint8_t { created = 1, updated = 2, trashed = 3, restored = 4 };

struct LinkChange {
  LinkTypeNumber type = 0;
  RecordId source;
  RecordId destination;
  bool added = true;
  bool operator==(const LinkChange&) const = default;
};

/// One entry of a workspace's change log: what one write did to one record.
struct Change {
  WorkspaceId workspace;
  std::uint64_t sequence = 0;           // per workspace: 1, 2, 3 … without gaps, in commit order
  std::uint64_t previous_sequence = 0;  // this record's entry before this one; 0: none
  std::int64_t at_ms = 0;
  ChangeKind kind = ChangeKind::updated;
  TypeNumber type = 0;
  RecordId record;
  std::string actor;      // who: a member's or key's public id, or `operator`
  std::string operation;  // `opportunity.update`
  std::string request_id;
  std::string idempotency_key;  // empty: none
  /// The changed fields only, unset where a side has no value. A created record's stand in memory in `after`
  /// (index upkeep); the stored log keeps creates by reference.
  FieldValues before;
  FieldValues after;
  std::vector<LinkChange> links;
  /// Of a record that came or went: those that show a link to it. In memory only, for caches.
  std::vector<RecordId> neighbours;
};

}  // namespace plenoptic::model
