#include "storage/sqlite/end_folder.h"

#include <algorithm>

#include "storage/change_codec.h"

namespace plenoptic::storage::sqlite {
namespace {

constexpr std::size_t large_slice = 20'000;
constexpr std::chrono::seconds pause_after_failure{1};
constexpr std::size_t most_times_due = 4;

}  // namespace

bool load_recent_ends(Connection& connection, RecentEnds& recent) {
  Statement behind(connection, "SELECT id, ends_at, log_sequence FROM workspaces WHERE ends_at < log_sequence");
  Statement entries(connection, "SELECT sequence, body FROM change_log WHERE workspace_id = ? AND sequence > ? ORDER BY sequence");
  auto log = behind.use();
  while (log.step()) {
    const WorkspaceId workspace{static_cast<std::uint32_t>(log.integer(0))};
    std::int64_t sequence = log.integer(1);
    try {
      auto entry = entries.use();
      for (entry.bind(workspace.value, sequence); entry.step(); recent.note_log_entry()) {
        if (entry.integer(0) != ++sequence) return false;
        for (const model::LinkChange& link : decode_link_changes(entry.bytes(1)))
          recent.note({.record = link.destination, .source = link.source, .workspace = workspace, .type = link.type, .added = link.added}, static_cast<std::uint64_t>(sequence));
      }
    } catch (const StorageError& failure) {
      if (failure.kind != StorageError::Kind::corrupt) throw;
      return false;
    } catch (const std::runtime_error&) {
      return false;  // an entry that does not decode
    }
    if (sequence != log.integer(2)) return false;
  }
  return true;
}

void rebuild_ends(Connection& connection, WriteTransaction& transaction) {
  transaction.run([&] {
    connection.run(
        "DELETE FROM links WHERE side = 1;"
        "INSERT INTO links (workspace_id, record_id, type, side, other_id) SELECT workspace_id, other_id, type, 1, record_id FROM links WHERE side = 0");
    Statement sources(connection, "SELECT workspace_id, id, links FROM records WHERE length(links) > 0");
    HeldLinks links;
    auto source = sources.use();
    while (source.step()) {
      decode_held_links(source.bytes(2), links);
      for (const HeldLink& link : links)
        transaction.change_row(model::Side::destination, {.record = link.destination,
                                                          .source = RecordId::from_bytes(source.bytes(1)),
                                                          .workspace = {static_cast<std::uint32_t>(source.integer(0))},
                                                          .type = link.type,
                                                          .added = true});
    }
    connection.run("UPDATE workspaces SET ends_at = log_sequence");
  });
}

EndFolder::EndFolder(Connection& connection, RecentEnds& recent, std::size_t slice)
    : recent_(recent),
      slice_(slice),
      logs_behind_(connection, "SELECT id, log_sequence FROM workspaces WHERE ends_at < log_sequence"),
      store_place_(connection, "UPDATE workspaces SET ends_at = ? WHERE id = ?") {}

void EndFolder::fold_some(WriteTransaction& transaction) {
  if (!under_way_) {
    if (recent_.is_due()) seal();
    return;
  }
  if (!recent_.find_sorted() || (failure_ && std::chrono::steady_clock::now() < try_again_)) return;
  // Twice what came since the last slice, so that what comes during a folding never outgrows it.
  const std::size_t noted = recent_.noted(), came = noted - noted_;
  noted_ = noted;
  try {
    fold(transaction, failure_ ? slice_ : std::max(slice_, 2 * came));
    failure_.reset();
  } catch (const StorageError& failure) {
    failure_ = failure;
    try_again_ = std::chrono::steady_clock::now() + pause_after_failure;
    throw;
  }
}

void EndFolder::require_room() const {
  if (failure_ && recent_.noted() >= most_times_due * recent_.most()) throw StorageError(*failure_);
}

void EndFolder::fold_all(WriteTransaction& transaction) {
  while (under_way_) fold(transaction, large_slice);
  if (recent_.log_entries() > 0) seal();
  while (under_way_) fold(transaction, large_slice);
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
  const std::vector<EndChange>& all = recent_.get_sorted();
  const std::size_t end = std::min(all.size(), done_ + changes);
  transaction.run([&] {
    for (std::size_t i = done_; i < end; ++i) transaction.change_row(model::Side::destination, all[i]);
    if (end == all.size())
      for (const auto& [workspace, sequence] : sealed_at_) store_place_.use().bind(sequence, workspace).run();
  });
  done_ = end;
  if (done_ < all.size()) return;
  recent_.folded();
  under_way_ = false;
}

}  // namespace plenoptic::storage::sqlite
