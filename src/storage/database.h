// The storage seam: what the rest of Plenoptic asks of a database. SQL does little here: get by id, put, link,
// append, scan. Nothing above this folder sees a row, a statement or a connection.
//
// One writer and many readers, in types: a Reader is a consistent snapshot and cannot write; the one Writer
// exists only inside Database::write_group, on the write lane's thread.
// Every method throws StorageError where the database fails; `full` says that the disk is full.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "model/record.h"

namespace plenoptic::storage {

using model::LinkTypeNumber;
using model::RecordId;
using model::TypeNumber;
using model::WorkspaceId;

class StorageError : public std::runtime_error {
 public:
  enum class Kind { full, unwritable, corrupt, busy, unknown_outcome, other };
  StorageError(Kind kind, const std::string& message) : std::runtime_error(message), kind(kind) {}
  Kind kind;
};

struct Workspace {
  WorkspaceId id;
  std::string slug;
  std::string name;
  std::int64_t created_at_ms = 0;
  std::string settings;  // JSON object: currency, …
  std::uint64_t schema_version = 0;
  std::uint64_t log_sequence = 0;  // of the newest log entry
};

/// A piece of the data model as a JSON document; `kind` and `number` name it within the workspace.
enum class DefinitionKind : std::uint8_t { object_type = 1, field = 2, link_type = 3 };
struct Definition {
  DefinitionKind kind = DefinitionKind::field;
  TypeNumber object_type = 0;  // 0 for link types
  std::uint32_t number = 0;
  std::string body;
};

struct ApiKey {
  WorkspaceId workspace;
  std::string id;    // `key_…`
  std::string hash;  // SHA-256 of the key, 32 bytes
  std::string name;
  std::string hint;                    // the key's last four characters
  std::vector<std::string> scopes;     // empty: all
  std::optional<RecordId> member;      // the subject; none: the workspace
  std::optional<RecordId> created_by;  // a member
  std::int64_t created_at_ms = 0;
  std::optional<std::int64_t> expires_at_ms;
  std::optional<std::int64_t> revoked_at_ms;
  std::optional<std::int64_t> last_used_at_ms;
};

/// The answer that an idempotency key is bound to.
struct IdempotentAnswer {
  std::string subject;  // who sent it
  int status = 200;
  std::string body;
  std::int64_t created_at_ms = 0;
};

/// Where an idempotency key counts: workspace + operation + record id (empty where there is none).
struct IdempotencySpace {
  WorkspaceId workspace;
  std::string_view operation;
  std::string_view record;
  std::string_view key;
};

/// Which kept answers expired: those made before one time, and, of a clock that was ahead, those that claim to be made after another.
struct IdempotencyExpiry {
  std::int64_t created_before_ms = 0;
  std::int64_t created_after_ms = INT64_MAX;
  std::int64_t now_ms = 0;
};

/// A consistent snapshot, as of its first read. Used by one thread at a time; give it back soon (it holds the
/// write-ahead log).
class Reader {
 public:
  virtual ~Reader() = default;

  virtual std::vector<Workspace> workspaces() = 0;
  virtual std::optional<Workspace> find_workspace(WorkspaceId workspace) = 0;
  virtual std::vector<Definition> definitions(WorkspaceId workspace) = 0;
  virtual std::vector<ApiKey> api_keys() = 0;

  /// Trashed records are found too.
  virtual std::optional<model::Record> find_record(WorkspaceId workspace, TypeNumber type, RecordId id) = 0;
  /// Whether the record is live (false: in the trash); nothing where there is none. Cheaper than the record.
  virtual std::optional<bool> is_live(WorkspaceId workspace, TypeNumber type, RecordId id) = 0;
  /// All records of a type, in id order.
  virtual void scan_records(WorkspaceId workspace, TypeNumber type, const std::function<void(const model::Record&)>& visit) = 0;
  virtual std::uint64_t count_records(WorkspaceId workspace, TypeNumber type) = 0;
  /// Links of one record at both sides, ordered by (type, side, the other's id); those to trashed records included.
  virtual std::vector<model::Link> links(WorkspaceId workspace, RecordId record) = 0;
  /// Those of one link type where the record stands at `side`, same order.
  virtual std::vector<model::Link> links(WorkspaceId workspace, const model::LinkType& type, model::Side side, RecordId record) = 0;
  /// Links whose source is from `first` to `last` (both included); those of one type ordered by source.
  using LinkVisitor = std::function<void(RecordId source, LinkTypeNumber type, RecordId destination)>;
  virtual void scan_links(WorkspaceId workspace, RecordId first, RecordId last, const LinkVisitor& visit) = 0;

  /// Each end of every link, in any order.
  using LinkEndVisitor = std::function<void(RecordId record, LinkTypeNumber type, model::Side side, RecordId other)>;
  virtual void scan_link_ends(WorkspaceId workspace, const LinkEndVisitor& visit) = 0;

  /// Who holds a unique value.
  virtual std::optional<RecordId> find_unique_holder(WorkspaceId workspace, TypeNumber type, model::FieldNumber field, std::string_view value) = 0;

  /// Every unique value of a workspace and who holds it, in key order.
  virtual void scan_unique(WorkspaceId workspace, const std::function<void(TypeNumber, model::FieldNumber, std::string_view value, RecordId holder)>& visit) = 0;

  virtual std::uint64_t log_sequence(WorkspaceId workspace) = 0;
  virtual std::optional<model::Change> find_change(WorkspaceId workspace, std::uint64_t sequence) = 0;
  /// Log entries with a greater sequence, ascending, until `visit` returns false.
  virtual void scan_log(WorkspaceId workspace, std::uint64_t after, const std::function<bool(const model::Change&)>& visit) = 0;

  virtual std::optional<IdempotentAnswer> find_idempotent(const IdempotencySpace& space) = 0;
  /// Every answer that is kept, of all workspaces.
  virtual void scan_idempotent(const std::function<void(const IdempotencySpace&, const IdempotentAnswer&)>& visit) = 0;
  /// The greatest record id of any workspace, the floor for new ones.
  virtual RecordId greatest_record_id() = 0;
};

/// The write lane's transaction. Reads see its own writes.
class Writer : public Reader {
 public:
  /// Creates with `id` 0 replaced by the next number. Throws std::invalid_argument where the slug is taken.
  virtual WorkspaceId create_workspace(const Workspace& workspace) = 0;
  virtual void update_workspace(const Workspace& workspace) = 0;  // slug, name, settings, schema_version
  virtual void put_definition(WorkspaceId workspace, const Definition& definition) = 0;
  virtual void put_api_key(const ApiKey& key) = 0;  // by id

  /// Links that it is the source of may have been added before, in the same request.
  virtual void insert_record(WorkspaceId workspace, const model::Record& record) = 0;
  /// Replaces the row. Whether the record is in the trash changes by set_trashed only, which goes with it.
  virtual void update_record(WorkspaceId workspace, const model::Record& record) = 0;
  virtual void set_trashed(WorkspaceId workspace, RecordId record, bool trashed) = 0;
  /// Both are idempotent; they return whether anything changed. The request's log entry, appended after them, tells of each change.
  virtual bool add_link(WorkspaceId workspace, const model::LinkType& type, RecordId source, RecordId destination) = 0;
  virtual bool remove_link(WorkspaceId workspace, const model::LinkType& type, RecordId source, RecordId destination) = 0;
  virtual void put_unique(WorkspaceId workspace, TypeNumber type, model::FieldNumber field, std::string_view value, RecordId holder) = 0;
  virtual void remove_unique(WorkspaceId workspace, TypeNumber type, model::FieldNumber field, std::string_view value, RecordId holder) = 0;

  /// Takes the workspace's next sequence, writes it into `change.sequence`, and appends. For ChangeKind::created
  /// the stored entry leaves the values out (the record has them, minus later changes).
  virtual std::uint64_t append_change(model::Change& change) = 0;
  virtual void put_idempotent(const IdempotencySpace& space, const IdempotentAnswer& answer) = 0;
  /// Deletes up to `limit` answers that expired; whether there may be more.
  virtual bool expire_idempotent(const IdempotencyExpiry& expiry, std::size_t limit) = 0;

  /// A savepoint of one request within the group; they do not nest.
  virtual void begin_request() = 0;
  virtual void keep_request() = 0;
  virtual void undo_request() = 0;
};

class Database {
 public:
  virtual ~Database() = default;
  /// A snapshot. The handle gives its connection back when it goes. Safe from any thread.
  virtual std::unique_ptr<Reader> read() = 0;
  /// Runs `work` in one transaction and commits it durably before it returns. An exception of `work` rolls all
  /// back and comes through. StorageError::unknown_outcome from COMMIT means: exit and recover.
  virtual void write_group(const std::function<void(Writer&)>& work) = 0;
  /// Bounds the write-ahead log and what was left for later; called by the lane between groups. Cheap when there is little to do.
  /// StorageError::unknown_outcome means: exit and recover.
  virtual void maintain() = 0;
  /// Checks the files; an empty list means sound.
  virtual std::vector<std::string> verify() = 0;
  virtual std::string describe() const = 0;
};

}  // namespace plenoptic::storage
