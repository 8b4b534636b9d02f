// The seam's Reader and Writer on one SQLite connection each, with their statements prepared once.
#pragma once

#include <functional>
#include <unordered_map>

#include "storage/database.h"
#include "storage/sqlite/held_links.h"
#include "storage/sqlite/link_pieces.h"
#include "storage/sqlite/recent_ends.h"
#include "storage/sqlite/sqlite.h"

namespace plenoptic::storage::sqlite {

/// What a connection reads with.
struct ReadStatements {
  explicit ReadStatements(Connection& connection);

  Statement begin, end, all_workspaces, one_workspace, definitions, api_keys, find_record, find_place, is_live, scan_records, count_records, held_links, in_trash, links_in_pieces,
      scan_held_links, find_unique, scan_unique, log_sequence, find_change, scan_log, find_idempotent, scan_idempotent, greatest_id;
};

/// Every method of Reader, for snapshots and for the write transaction (whose interface is Writer).
template <typename Interface>
class Reading : public Interface {
 public:
  /// `pin` is from before the snapshot began.
  Reading(ReadStatements& statements, const RecentEnds& recent, RecentEnds::Pin pin) : read_(statements), recent_(recent), pin_(std::move(pin)) {}

  std::vector<Workspace> workspaces() override;
  std::optional<Workspace> find_workspace(WorkspaceId workspace) override;
  std::vector<Definition> definitions(WorkspaceId workspace) override;
  std::vector<ApiKey> api_keys() override;
  std::optional<model::Record> find_record(WorkspaceId workspace, TypeNumber type, RecordId id) override;
  std::optional<bool> is_live(WorkspaceId workspace, TypeNumber type, RecordId id) override;
  void scan_records(WorkspaceId workspace, TypeNumber type, const std::function<void(const model::Record&)>& visit) override;
  std::uint64_t count_records(WorkspaceId workspace, TypeNumber type) override;
  std::vector<model::Link> links(WorkspaceId workspace, RecordId record) override;
  std::vector<model::Link> links(WorkspaceId workspace, const model::LinkType& type, model::Side side, RecordId record) override;
  void scan_links(WorkspaceId workspace, RecordId first, RecordId last, const Reader::LinkVisitor& visit) override;
  void scan_link_ends(WorkspaceId workspace, const Reader::LinkEndVisitor& visit) override;
  std::optional<RecordId> find_unique_holder(WorkspaceId workspace, TypeNumber type, model::FieldNumber field, std::string_view value) override;
  void scan_unique(WorkspaceId workspace, const std::function<void(TypeNumber, model::FieldNumber, std::string_view, RecordId)>& visit) override;
  std::uint64_t log_sequence(WorkspaceId workspace) override;
  std::optional<model::Change> find_change(WorkspaceId workspace, std::uint64_t sequence) override;
  void scan_log(WorkspaceId workspace, std::uint64_t after, const std::function<bool(const model::Change&)>& visit) override;
  std::optional<IdempotentAnswer> find_idempotent(const IdempotencySpace& space) override;
  void scan_idempotent(const std::function<void(const IdempotencySpace&, const IdempotentAnswer&)>& visit) override;
  RecordId greatest_record_id() override;

 protected:
  static constexpr std::int64_t no_place = -1;

  /// The links that a record's row holds. Those of the record that was read last are at hand, since what reads a record asks
  /// for its links next.
  struct Held {
    WorkspaceId workspace;
    RecordId record;
    std::int64_t place = no_place;  // its row's
    HeldLinks links;

    bool is_of(WorkspaceId in, RecordId id) const { return workspace == in && record == id; }
  };
  Held& held(WorkspaceId workspace, RecordId record);
  void hold(WorkspaceId workspace, RecordId record, std::string_view links, std::int64_t place);
  /// Steps a statement (by place; its first columns: workspace_id, id) to a record's row. The row's place, or none.
  std::int64_t step_to(Statement::Use& row, WorkspaceId workspace, RecordId id);
  /// Before others come in their place. Links at hand that were changed are written.
  virtual void let_go() {}
  /// Puts a new record's links at hand, whose row is still to come; false where there are none.
  virtual bool take_up(WorkspaceId, RecordId) { return false; }

  /// How far into a workspace's log this reads.
  virtual std::uint64_t end_of_log(WorkspaceId workspace) { return log_sequence(workspace); }

  ReadStatements& read_;
  const RecentEnds& recent_;
  RecentEnds::Pin pin_;
  Held held_;

 private:
  /// Puts right, by what was changed lately, where its row says that the record is a destination. `links`: of all types or of one, in order.
  void bring_up_to_date(WorkspaceId workspace, RecordId record, std::optional<LinkTypeNumber> type, std::vector<model::Link>& links);
  bool is_in_trash(WorkspaceId workspace, RecordId record);
  model::Link link_to(WorkspaceId workspace, LinkTypeNumber type, model::Side side, RecordId other) { return {type, side, other, !is_in_trash(workspace, other)}; }
  /// Those of a set that the record's row says stands in pieces, in order.
  template <typename Visit>
  void for_each_in_pieces(WorkspaceId workspace, RecordId record, HeldLinks::Set set, const Visit& visit);
  /// As the tables have them, at both sides or at one; by object type, then by record.
  template <typename Visit>
  void scan_stored_links(WorkspaceId workspace, RecordId first, RecordId last, std::optional<model::Side> only, const Visit& visit);
  std::vector<TypeNumber> object_types(WorkspaceId workspace);
};

/// What the one writing connection writes with.
struct WriteStatements {
  explicit WriteStatements(Connection& connection);

  Statement begin, commit, rollback, savepoint, release, rollback_to, insert_workspace, update_workspace, put_definition, put_key, insert_record, update_record, all_held_links,
      update_held_links, put_trash, drop_trash, put_unique, drop_unique, insert_change, store_sequence, put_idempotent, oldest_idempotent, drop_idempotent;
};

class WriteTransaction final : public Reading<Writer> {
 public:
  WriteTransaction(Connection& connection, ReadStatements& read, WriteStatements& write, RecentEnds& recent)
      : Reading(read, recent, nullptr), connection_(connection), write_(write), pieces_(connection), noting_(recent) {}

  /// Commits what `work` does; an exception of either rolls all back and comes through.
  void run(const std::function<void()>& work);
  /// Writes what `changes` say of a record's links: all of one workspace and type and, at `side`, of one record; by the other's id, ascending.
  /// Whether anything is now otherwise.
  bool change_ends(model::Side side, std::span<const EndChange> changes);
  /// No record is the destination of a link any more, until what is to be told so again.
  void forget_far_ends();

  WorkspaceId create_workspace(const Workspace& workspace) override;
  void update_workspace(const Workspace& workspace) override;
  void put_definition(WorkspaceId workspace, const Definition& definition) override;
  void put_api_key(const ApiKey& key) override;
  void insert_record(WorkspaceId workspace, const model::Record& record) override;
  void update_record(WorkspaceId workspace, const model::Record& record) override;
  void set_trashed(WorkspaceId workspace, RecordId record, bool trashed) override;
  bool add_link(WorkspaceId workspace, const model::LinkType& type, RecordId source, RecordId destination) override;
  bool remove_link(WorkspaceId workspace, const model::LinkType& type, RecordId source, RecordId destination) override;
  void put_unique(WorkspaceId workspace, TypeNumber type, model::FieldNumber field, std::string_view value, RecordId holder) override;
  void remove_unique(WorkspaceId workspace, TypeNumber type, model::FieldNumber field, std::string_view value, RecordId holder) override;
  std::uint64_t log_sequence(WorkspaceId workspace) override;
  std::uint64_t append_change(model::Change& change) override;
  void put_idempotent(const IdempotencySpace& space, const IdempotentAnswer& answer) override;
  bool expire_idempotent(const IdempotencyExpiry& expiry, std::size_t limit) override;
  void begin_request() override;
  void keep_request() override;
  void undo_request() override;

 private:
  /// A workspace's newest sequence, in memory while the group runs and stored once at its end.
  struct Counter {
    std::uint64_t stored = 0;
    std::uint64_t now = 0;
    std::uint64_t at_request = 0;  // where undo_request goes back to
    std::uint64_t promised = 0;    // the entry that link changes were noted for
  };
  Counter& counter(WorkspaceId workspace);
  void require_transaction() const;
  std::uint64_t end_of_log(WorkspaceId) override { return UINT64_MAX; }
  void note_end(const EndChange& change);
  void begin();
  void commit();
  void rollback() noexcept;
  bool change_link(const EndChange& change);
  void let_go() override;
  bool take_up(WorkspaceId workspace, RecordId record) override;
  /// Forgets links at hand and those that wait: their rows are not as they are any more.
  void drop_held();
  /// At the end of a request: writes what is at hand, and sees that each record with links was made and that the log, which is
  /// asked at opening, knows of each change.
  void settle_links();

  Connection& connection_;
  WriteStatements& write_;
  LinkPieces pieces_;
  RecentEnds& noting_;
  std::size_t noted_at_begin_ = 0, noted_at_request_ = 0;  // in it
  std::unordered_map<std::uint32_t, Counter> counters_;
  bool held_changed_ = false;  // since their row was written
  std::vector<Held> waiting_;  // for the row of a new record
};

}  // namespace plenoptic::storage::sqlite
