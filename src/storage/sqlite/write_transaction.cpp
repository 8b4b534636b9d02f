#include <algorithm>
#include <stdexcept>
#include <utility>

#include "storage/change_codec.h"
#include "storage/sqlite/record_place.h"
#include "storage/sqlite/transaction.h"

namespace plenoptic::storage::sqlite {
namespace {

using model::Side;

std::string joined(const std::vector<std::string>& scopes) {
  std::string text;
  for (const std::string& scope : scopes) text += scope + "\n";
  return text;
}

std::optional<std::array<char, RecordId::byte_count>> optional_bytes(const std::optional<RecordId>& id) { return id ? std::optional(id->bytes()) : std::nullopt; }

}  // namespace

WriteStatements::WriteStatements(Connection& connection)
    : begin(connection, "BEGIN IMMEDIATE"),
      commit(connection, "COMMIT"),
      rollback(connection, "ROLLBACK"),
      savepoint(connection, "SAVEPOINT request"),
      release(connection, "RELEASE request"),
      rollback_to(connection, "ROLLBACK TO request"),
      insert_workspace(connection, "INSERT OR IGNORE INTO workspaces (slug, name, created_at, settings, schema_version, log_sequence) VALUES (?, ?, ?, ?, ?, 0)"),
      update_workspace(connection, "UPDATE workspaces SET slug = ?, name = ?, settings = ?, schema_version = ? WHERE id = ?"),
      put_definition(connection, "INSERT OR REPLACE INTO definitions (workspace_id, kind, object_type, number, body) VALUES (?, ?, ?, ?, ?)"),
      put_key(connection,
              "INSERT OR REPLACE INTO api_keys (workspace_id, id, hash, name, hint, scopes, member, created_by, created_at, expires_at, revoked_at, last_used_at)"
              " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      insert_record(connection,
                    "INSERT INTO records (place, workspace_id, type, id, created_at, updated_at, deleted_at, version, external_id, links, fields)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (place) DO NOTHING"),
      update_record(connection, "UPDATE records SET updated_at = ?, deleted_at = ?, version = ?, external_id = ?, links = ?, fields = ? WHERE place = ?"),
      all_held_links(connection, "SELECT place, links FROM records ORDER BY place"),
      update_held_links(connection, "UPDATE records SET links = ? WHERE place = ?"),
      put_trash(connection, "INSERT OR IGNORE INTO trash (workspace_id, record_id) VALUES (?, ?)"),
      drop_trash(connection, "DELETE FROM trash WHERE workspace_id = ? AND record_id = ?"),
      put_unique(connection, "INSERT OR REPLACE INTO unique_values (workspace_id, type, field, value, holder) VALUES (?, ?, ?, ?, ?)"),
      drop_unique(connection, "DELETE FROM unique_values WHERE workspace_id = ? AND type = ? AND field = ? AND value = ? AND holder = ?"),
      insert_change(connection,
                    "INSERT INTO change_log (workspace_id, sequence, previous_sequence, at, kind, type, record_id, actor, operation, request_id, idempotency_key, body)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      store_sequence(connection, "UPDATE workspaces SET log_sequence = ? WHERE id = ?"),
      put_idempotent(connection, "INSERT OR REPLACE INTO idempotency (workspace_id, operation, record, key, subject, status, body, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
      oldest_idempotent(connection, "SELECT rowid, created_at, length(body) FROM idempotency ORDER BY rowid LIMIT ?"),
      drop_idempotent(connection, "DELETE FROM idempotency WHERE rowid <= ? AND (created_at < ? OR created_at > ?)") {}

void WriteTransaction::run(const std::function<void()>& work) {
  begin();
  try {
    work();
    commit();
  } catch (...) {
    rollback();
    throw;
  }
}

void WriteTransaction::begin() {
  counters_.clear();
  drop_held();
  pin_ = noting_.pin();
  noted_at_begin_ = noted_at_request_ = noting_.noted();
  write_.begin.use().run();
}

void WriteTransaction::commit() {
  require_transaction();
  settle_links();
  for (auto& [workspace, counter] : counters_)
    if (counter.now != counter.stored) write_.store_sequence.use().bind(counter.now, workspace).run();
  try {
    write_.commit.use().run();
    pin_.reset();
  } catch (const StorageError& failure) {
    // Still open: it can be rolled back, and nothing was stored. Closed by a full disk: SQLite rolled it back, since the
    // log has no room for its last page. Closed by anything else: nobody knows.
    if (failure.kind != StorageError::Kind::full && !connection_.in_transaction()) throw StorageError(StorageError::Kind::unknown_outcome, failure.what());
    throw;
  }
}

void WriteTransaction::rollback() noexcept {
  pin_.reset();
  noting_.forget_from(noted_at_begin_);
  if (!connection_.in_transaction()) return;
  try {
    write_.rollback.use().run();
  } catch (const StorageError&) {
    // SQLite rolled back by itself, or the connection is beyond use and the next BEGIN says so.
  }
}

/// A full disk or an I/O error may make SQLite roll back the whole group in the midst of it.
void WriteTransaction::require_transaction() const {
  if (!connection_.in_transaction()) throw StorageError(StorageError::Kind::full, "the database rolled the transaction back");
}

WorkspaceId WriteTransaction::create_workspace(const Workspace& workspace) {
  write_.insert_workspace.use().bind(workspace.slug, workspace.name, workspace.created_at_ms, workspace.settings, workspace.schema_version).run();
  if (sqlite3_changes(connection_.handle()) == 0) throw std::invalid_argument("the slug is taken");
  return {static_cast<std::uint32_t>(sqlite3_last_insert_rowid(connection_.handle()))};
}

void WriteTransaction::update_workspace(const Workspace& workspace) {
  write_.update_workspace.use().bind(workspace.slug, workspace.name, workspace.settings, workspace.schema_version, workspace.id.value).run();
}

void WriteTransaction::put_definition(WorkspaceId workspace, const Definition& definition) {
  write_.put_definition.use().bind(workspace.value, static_cast<int>(definition.kind), definition.object_type, definition.number, definition.body).run();
}

void WriteTransaction::put_api_key(const ApiKey& key) {
  const std::string scopes = joined(key.scopes);
  const auto member = optional_bytes(key.member), created_by = optional_bytes(key.created_by);
  write_.put_key.use()
      .bind(key.workspace.value, key.id, key.hash, key.name, key.hint, scopes, member, created_by, key.created_at_ms, key.expires_at_ms, key.revoked_at_ms, key.last_used_at_ms)
      .run();
}

void WriteTransaction::insert_record(WorkspaceId workspace, const model::Record& record) {
  if (!held_.is_of(workspace, record.id)) {
    let_go();
    if (!take_up(workspace, record.id)) held_ = {.workspace = workspace, .record = record.id, .links = {}};
  }
  const auto id = record.id.bytes();
  const std::string links = held_.links.encode();
  const auto insert_at = [&](std::optional<std::int64_t> place) {
    write_.insert_record.use()
        .bind(place, workspace.value, record.type, id, record.created_at_ms, record.updated_at_ms, record.deleted_at_ms, record.version, record.external_id, links, record.fields)
        .run();
    return sqlite3_changes(connection_.handle()) > 0;
  };
  if (!insert_at(place_of(record.id))) insert_at(std::nullopt);
  held_.place = sqlite3_last_insert_rowid(connection_.handle());
  held_changed_ = false;
}

void WriteTransaction::update_record(WorkspaceId workspace, const model::Record& record) {
  const Held& at_hand = held(workspace, record.id);
  if (at_hand.place == no_place) throw std::logic_error("a record that was not made is updated");
  const std::string links = at_hand.links.encode();
  write_.update_record.use().bind(record.updated_at_ms, record.deleted_at_ms, record.version, record.external_id, links, record.fields, at_hand.place).run();
  held_changed_ = false;
}

void WriteTransaction::set_trashed(WorkspaceId workspace, RecordId record, bool trashed) {
  const auto id = record.bytes();
  (trashed ? write_.put_trash : write_.drop_trash).use().bind(workspace.value, id).run();
}

bool WriteTransaction::add_link(WorkspaceId workspace, const model::LinkType& type, RecordId source, RecordId destination) {
  return change_link({.record = destination, .source = source, .workspace = workspace, .type = type.number, .added = true});
}

bool WriteTransaction::remove_link(WorkspaceId workspace, const model::LinkType& type, RecordId source, RecordId destination) {
  return change_link({.record = destination, .source = source, .workspace = workspace, .type = type.number, .added = false});
}

bool WriteTransaction::change_link(const EndChange& change) {
  const bool changed = change_ends(Side::source, {&change, 1});
  if (changed) note_end(change);
  return changed;
}

bool WriteTransaction::change_ends(Side side, std::span<const EndChange> changes) {
  const EndChange& first = changes.front();
  Held& at_hand = held(first.workspace, side == Side::source ? first.source : first.record);
  // A destination without a row is damage that verify tells of, and need not keep others' ends from being folded. A row that does not decode must:
  // passed over, its ends would be lost.
  const bool has_no_row = at_hand.place == no_place && side == Side::destination;
  if (has_no_row || at_hand.links.are_in_pieces({first.type, side})) return pieces_.change(side, changes);
  bool changed = false;
  for (const EndChange& change : changes) changed |= at_hand.links.change({change.type, side, side == Side::source ? change.record : change.source}, change.added);
  while (at_hand.links.are_too_many()) pieces_.add(at_hand.workspace, at_hand.record, at_hand.links.move_largest_out());
  held_changed_ |= changed;
  return changed;
}

void WriteTransaction::forget_far_ends() {
  connection_.run("DELETE FROM links WHERE side = 1");
  drop_held();
  HeldLinks links;
  auto rows = write_.all_held_links.use();
  while (rows.step()) {
    links.decode(rows.bytes(1));
    links.forget(Side::destination);
    if (const std::string column = links.encode(); column != rows.bytes(1)) write_.update_held_links.use().bind(column, rows.integer(0)).run();
  }
}

void WriteTransaction::note_end(const EndChange& change) {
  Counter& counter = this->counter(change.workspace);
  counter.promised = counter.now + 1;
  noting_.note(change, counter.promised);
}

void WriteTransaction::let_go() {
  if (!held_changed_) return;
  held_changed_ = false;
  if (held_.place == no_place) {
    waiting_.push_back(std::exchange(held_, {}));
    return;
  }
  const std::string links = held_.links.encode();
  write_.update_held_links.use().bind(links, held_.place).run();
}

bool WriteTransaction::take_up(WorkspaceId workspace, RecordId record) {
  const auto place = std::find_if(waiting_.begin(), waiting_.end(), [&](const Held& held) { return held.is_of(workspace, record); });
  if (place == waiting_.end()) return false;
  held_ = std::move(*place);
  held_changed_ = true;
  waiting_.erase(place);
  return true;
}

void WriteTransaction::settle_links() {
  let_go();
  if (!waiting_.empty()) throw std::logic_error("links were added to a record that was not made");
  for (const auto& [workspace, counter] : counters_)
    if (counter.promised > counter.now) throw std::logic_error("links were changed and the log does not say so");
}

void WriteTransaction::drop_held() {
  held_ = {};
  held_changed_ = false;
  waiting_.clear();
}

void WriteTransaction::put_unique(WorkspaceId workspace, TypeNumber type, model::FieldNumber field, std::string_view value, RecordId holder) {
  const auto id = holder.bytes();
  write_.put_unique.use().bind(workspace.value, type, field, value, id).run();
}

void WriteTransaction::remove_unique(WorkspaceId workspace, TypeNumber type, model::FieldNumber field, std::string_view value, RecordId holder) {
  const auto id = holder.bytes();
  write_.drop_unique.use().bind(workspace.value, type, field, value, id).run();
}

WriteTransaction::Counter& WriteTransaction::counter(WorkspaceId workspace) {
  const auto [place, is_new] = counters_.try_emplace(workspace.value);
  if (is_new) {
    const std::uint64_t stored = Reading::log_sequence(workspace);
    place->second = {.stored = stored, .now = stored, .at_request = stored, .promised = 0};
  }
  return place->second;
}

std::uint64_t WriteTransaction::log_sequence(WorkspaceId workspace) { return counter(workspace).now; }

std::uint64_t WriteTransaction::append_change(model::Change& change) {
  change.sequence = ++counter(change.workspace).now;
  noting_.note_log_entry();
  const auto id = change.record.bytes();
  const std::string body = encode_change_body(change);
  write_.insert_change.use()
      .bind(change.workspace.value, change.sequence, change.previous_sequence, change.at_ms, static_cast<int>(change.kind), change.type, id, change.actor, change.operation,
            change.request_id, change.idempotency_key, body)
      .run();
  return change.sequence;
}

void WriteTransaction::put_idempotent(const IdempotencySpace& space, const IdempotentAnswer& answer) {
  write_.put_idempotent.use().bind(space.workspace.value, space.operation, space.record, space.key, answer.subject, answer.status, answer.body, answer.created_at_ms).run();
}

bool WriteTransaction::expire_idempotent(const IdempotencyExpiry& expiry, std::size_t limit) {
  // Each is bound once, so they stand in the order in which they expire, but for those of a clock that was ahead. Behind a long answer its time
  // costs as much as it to read: the first that stays is the last that is looked at.
  constexpr std::int64_t most_bytes = 16 << 20;
  std::int64_t last = 0, bytes = 0;
  bool more = false;
  {
    std::size_t expired = 0;
    auto oldest = write_.oldest_idempotent.use();
    for (oldest.bind(static_cast<std::uint64_t>(2 * limit)); !more && oldest.step();) {
      const std::int64_t created_ms = oldest.integer(1);
      if (created_ms > expiry.now_ms && created_ms <= expiry.created_after_ms) continue;
      if (created_ms >= expiry.created_before_ms && created_ms <= expiry.now_ms) break;
      last = oldest.integer(0);
      bytes += oldest.integer(2);
      more = ++expired == limit || bytes >= most_bytes;
    }
  }
  if (last > 0) write_.drop_idempotent.use().bind(last, expiry.created_before_ms, expiry.created_after_ms).run();
  return more;
}

void WriteTransaction::begin_request() {
  require_transaction();
  // What came before is not undone with the request.
  settle_links();
  noted_at_request_ = noting_.noted();
  write_.savepoint.use().run();
  for (auto& [workspace, counter] : counters_) counter.at_request = counter.now;
}

void WriteTransaction::keep_request() {
  require_transaction();
  settle_links();
  write_.release.use().run();
}

void WriteTransaction::undo_request() {
  require_transaction();
  drop_held();
  noting_.forget_from(noted_at_request_);
  write_.rollback_to.use().run();
  write_.release.use().run();
  for (auto& [workspace, counter] : counters_) {
    counter.now = counter.at_request;
    counter.promised = std::min(counter.promised, counter.now);
  }
}

}  // namespace plenoptic::storage::sqlite
