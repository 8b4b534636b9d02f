#include "storage/sqlite/end_folder.h"

#include <algorithm>

#include "storage/change_codec.h"

namespace plenoptic::storage::sqlite {
namespace {

constexpr Sql insert_end = "INSERT OR IGNORE INTO links (workspace_id, record_id, type, side, other_id) VALUES (?, ?, ?, 1, ?)";

}  // namespace

bool load_recent_ends(Connection& connection, RecentEnds& recent) {
  Statement entries(connection,
                    "SELECT c.workspace_id, c.sequence, c.body FROM workspaces w JOIN change_log c ON c.workspace_id = w.id AND c.sequence > w.ends_at"
                    " ORDER BY c.workspace_id, c.sequence");
  auto entry = entries.use();
  try {
    while (entry.step()) {
      const WorkspaceId workspace{static_cast<std::uint32_t>(entry.integer(0))};
      recent.note_log_entry();
      for (const model::LinkChange& link : decode_link_changes(entry.bytes(2)))
        recent.note({.record = link.destination, .source = link.source, .workspace = workspace, .type = link.type, .added = link.added},
                    static_cast<std::uint64_t>(entry.integer(1)));
    }
  } catch (const StorageError& failure) {
    if (failure.kind != StorageError::Kind::corrupt) throw;
    return false;
  } catch (const std::runtime_error&) {
    return false;  // an entry that does not decode
  }
  return true;
}

void rebuild_ends(Connection& connection) {
  connection.run("BEGIN IMMEDIATE");
  try {
    connection.run(
        "DELETE FROM links WHERE side = 1;"
        "INSERT INTO links (workspace_id, record_id, type, side, other_id) SELECT workspace_id, other_id, type, 1, record_id FROM links WHERE side = 0");
    Statement sources(connection, "SELECT workspace_id, id, links FROM records WHERE length(links) > 0");
    Statement insert(connection, insert_end);
    HeldLinks links;
    auto source = sources.use();
    while (source.step()) {
      decode_held_links(source.bytes(2), links);
      for (const HeldLink& link : links) {
        const auto record = link.destination.bytes();
        insert.use().bind(source.integer(0), record, link.type, source.bytes(1)).run();
      }
    }
    connection.run("UPDATE workspaces SET ends_at = log_sequence");
    connection.run("COMMIT");
  } catch (...) {
    if (connection.in_transaction()) connection.run("ROLLBACK");
    throw;
  }
}

EndFolder::EndFolder(Connection& connection, RecentEnds& recent)
    : recent_(recent),
      insert_(connection, insert_end),
      erase_(connection, "DELETE FROM links WHERE workspace_id = ? AND record_id = ? AND type = ? AND side = 1 AND other_id = ?"),
      logs_behind_(connection, "SELECT id, log_sequence FROM workspaces WHERE ends_at < log_sequence"),
      store_place_(connection, "UPDATE workspaces SET ends_at = ? WHERE id = ?") {}

void EndFolder::fold_some(WriteTransaction& transaction, std::size_t changes) {
  if (!under_way_ && !recent_.is_due()) return;
  if (!under_way_) seal();
  // Twice what came since the last slice, so that what comes during a folding never outgrows it.
  const std::size_t noted = recent_.noted();
  fold(transaction, std::max(changes, 2 * (noted - std::min(noted, noted_))));
  noted_ = noted;
}

void EndFolder::fold_all(WriteTransaction& transaction) {
  constexpr std::size_t slice = 20'000;
  while (under_way_) fold(transaction, slice);
  if (recent_.noted() > 0 || recent_.log_entries() > 0) seal();
  while (under_way_) fold(transaction, slice);
}

void EndFolder::seal() {
  sealed_at_.clear();
  auto log = logs_behind_.use();
  while (log.step()) sealed_at_.emplace_back(log.integer(0), log.integer(1));
  recent_.seal();
  under_way_ = true;
  done_ = noted_ = 0;
}

void EndFolder::fold(WriteTransaction& transaction, std::size_t changes) {
  const std::vector<EndChange>& all = recent_.to_fold();
  const std::size_t end = std::min(all.size(), done_ + changes);
  transaction.begin();
  try {
    for (std::size_t i = done_; i < end; ++i) {
      const auto record = all[i].record.bytes(), source = all[i].source.bytes();
      (all[i].added ? insert_ : erase_).use().bind(all[i].workspace.value, record, all[i].type, source).run();
    }
    if (end == all.size())
      for (const auto& [workspace, sequence] : sealed_at_) store_place_.use().bind(sequence, workspace).run();
    transaction.commit();
  } catch (...) {
    transaction.rollback();
    throw;
  }
  done_ = end;
  if (done_ < all.size()) return;
  recent_.folded();
  under_way_ = false;
}

}  // namespace plenoptic::storage::sqlite
