#include "storage/sqlite/end_folder.h"

#include <algorithm>
#include <future>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "storage/change_codec.h"

namespace plenoptic::storage::sqlite {
namespace {

constexpr std::size_t large_slice = 10'000;
constexpr std::chrono::seconds pause_after_failure{1};
constexpr std::size_t most_times_due = 4;
constexpr std::size_t rebuilt_at_once = 1 << 20;

/// Of several ends in the order of records those of one record and type come together.
void write_ends(WriteTransaction& transaction, std::span<const EndChange> ends) {
  const auto is_elsewhere = [](const EndChange& a, const EndChange& b) { return std::tie(a.workspace, a.record, a.type) != std::tie(b.workspace, b.record, b.type); };
  while (!ends.empty()) {
    const auto next = std::find_if(ends.begin(), ends.end(), [&](const EndChange& end) { return is_elsewhere(end, ends.front()); });
    const auto count = static_cast<std::size_t>(next - ends.begin());
    transaction.change_ends(model::Side::destination, ends.first(count));
    ends = ends.subspan(count);
  }
}

/// Notes what the log tells while the log is read on: either takes as long as the other.
class LoadedEnds {
 public:
  LoadedEnds(RecentEnds& recent, WorkspaceId workspace) : recent_(recent), workspace_(workspace) { gathered_.reserve(at_once); }

  void add(const model::LinkChange& link, std::uint64_t sequence) {
    gathered_.emplace_back(EndChange{.record = link.destination, .source = link.source, .workspace = workspace_, .type = link.type, .added = link.added}, sequence);
    if (gathered_.size() == at_once) note();
  }
  void finish() {
    note();
    noting_.get();
  }

 private:
  static constexpr std::size_t at_once = 1 << 14;

  void note() {
    if (noting_.valid()) noting_.get();
    noted_ = std::exchange(gathered_, {});
    gathered_.reserve(at_once);
    // Deferred where there is no thread to be had. What is noted is not the function's own: where a thread could not begin, the library has moved from it.
    noting_ = std::async(std::launch::async | std::launch::deferred, [this] {
      for (const auto& [change, sequence] : noted_) recent_.note(change, sequence);
    });
  }

  RecentEnds& recent_;
  const WorkspaceId workspace_;
  std::vector<std::pair<EndChange, std::uint64_t>> gathered_, noted_;
  std::future<void> noting_;  // whose end waits for it
};

}  // namespace

bool load_recent_ends(Connection& connection, RecentEnds& recent) {
  Statement behind(connection, "SELECT id, ends_at, log_sequence FROM workspaces WHERE ends_at < log_sequence");
  Statement entries(connection, "SELECT sequence, body FROM change_log WHERE workspace_id = ? AND sequence > ? ORDER BY sequence");
  auto log = behind.use();
  while (log.step()) {
    const WorkspaceId workspace{static_cast<std::uint32_t>(log.integer(0))};
    std::int64_t sequence = log.integer(1);
    recent.reserve(recent.noted() + std::min(2 * static_cast<std::size_t>(log.integer(2) - sequence), most_times_due * recent.most()));
    try {
      LoadedEnds ends(recent, workspace);
      auto entry = entries.use();
      for (entry.bind(workspace.value, sequence); entry.step(); recent.note_log_entry()) {
        if (entry.integer(0) != ++sequence) return false;
        for (const model::LinkChange& link : decode_link_changes(entry.bytes(1))) ends.add(link, static_cast<std::uint64_t>(sequence));
      }
      ends.finish();
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
    transaction.forget_far_ends();
    for (const Workspace& workspace : transaction.workspaces()) {
      std::vector<EndChange> ends;
      const auto write = [&] {
        std::sort(ends.begin(), ends.end());
        write_ends(transaction, ends);
        ends.clear();
      };
      transaction.scan_links(workspace.id, RecordId(), RecordId::greatest(), [&](RecordId source, LinkTypeNumber type, RecordId destination) {
        ends.push_back({.record = destination, .source = source, .workspace = workspace.id, .type = type, .added = true});
        if (ends.size() >= rebuilt_at_once) write();
      });
      write();
    }
    connection.run("UPDATE workspaces SET ends_at = log_sequence");
  });
}

EndFolder::EndFolder(Connection& connection, RecentEnds& recent, std::size_t slice, Failing fails)
    : recent_(recent),
      slice_(slice),
      fails_(std::move(fails)),
      logs_behind_(connection, "SELECT id, log_sequence FROM workspaces WHERE ends_at < log_sequence"),
      store_place_(connection, "UPDATE workspaces SET ends_at = ? WHERE id = ?") {}

void EndFolder::fold_some(WriteTransaction& transaction) {
  forget_slice();
  if (!under_way_ || failure_) return;
  transaction.begin_request();
  try {
    tried_ = next_slice();
    if (recent_.is_sorted()) fold(transaction, tried_);
    transaction.keep_request();
  } catch (const std::exception& failure) {
    note_failure(failure);
    if (failure_->kind == StorageError::Kind::corrupt) throw;  // COMMIT would fail too then, and nobody would know with what outcome
    transaction.undo_request();
  }
}

std::size_t EndFolder::next_slice() const {
  // Twice what came since the last slice, so that what comes during a folding never outgrows it; of a large group's only some, while there is time.
  const std::size_t noted = recent_.noted(), twice = 2 * (noted - std::min(noted, noted_));
  return std::max(slice_, noted < recent_.most() ? std::min(twice, large_slice) : twice);
}

void EndFolder::committed() {
  done_ = folded_;
  noted_ = recent_.noted();
  if (!finishes_) return;
  finishes_ = under_way_ = false;
  recent_.folded();
}

void EndFolder::maintain(WriteTransaction& transaction) {
  const bool begins = !under_way_ && recent_.is_due();
  if ((!begins && (!under_way_ || !failure_)) || std::chrono::steady_clock::now() < try_again_) return;
  try {
    if (begins)
      seal();
    else
      fold_and_commit(transaction, std::max(slice_, tried_));  // all of it, or a smaller one would succeed short of what is at fault
    failure_.reset();
  } catch (const std::exception& failure) {
    note_failure(failure);
    if (failure_->kind == StorageError::Kind::unknown_outcome) throw;
  }
}

void EndFolder::note_failure(const std::exception& failure) {
  forget_slice();
  const auto* of_storage = dynamic_cast<const StorageError*>(&failure);
  if (!failure_)
    fails_(fmt::format("the far ends of links cannot be written into their records' rows, which is tried again each second; writes are refused once {} changes wait: {}",
                       most_times_due * recent_.most(), failure.what()));
  failure_ = of_storage ? *of_storage : StorageError(StorageError::Kind::other, failure.what());
  try_again_ = std::chrono::steady_clock::now() + pause_after_failure;
}

void EndFolder::forget_slice() {
  folded_ = done_;
  finishes_ = false;
}

void EndFolder::require_room() const {
  // Sealed ones too: what a start found in the log is sealed at once.
  const std::size_t unfolded = recent_.noted() + (under_way_ ? recent_.sealed() : 0);
  if (failure_ && unfolded >= most_times_due * recent_.most()) throw StorageError(*failure_);
}

void EndFolder::fold_all(WriteTransaction& transaction) {
  while (under_way_) fold_and_commit(transaction, large_slice);
  if (recent_.log_entries() > 0) seal();
  while (under_way_) fold_and_commit(transaction, large_slice);
}

void EndFolder::fold_and_commit(WriteTransaction& transaction, std::size_t changes) {
  forget_slice();
  transaction.run([&] { fold(transaction, changes); });
  committed();
}

void EndFolder::seal() {
  sealed_at_.clear();
  auto log = logs_behind_.use();
  while (log.step()) sealed_at_.emplace_back(log.integer(0), log.integer(1));
  recent_.seal();
  under_way_ = true;
  done_ = folded_ = noted_ = 0;
}

void EndFolder::fold(WriteTransaction& transaction, std::size_t changes) {
  const std::vector<EndChange> ends = recent_.sorted(done_, changes);
  write_ends(transaction, ends);
  folded_ = done_ + ends.size();
  finishes_ = folded_ == recent_.sealed();
  if (!finishes_) return;
  for (const auto& [workspace, sequence] : sealed_at_) store_place_.use().bind(sequence, workspace).run();
}

}  // namespace plenoptic::storage::sqlite
