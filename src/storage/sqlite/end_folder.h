// Brings recent ends of links (recent_ends.h) into their records' rows: a slice with each group of writes, in the order of records.
#pragma once

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/sqlite/transaction.h"

namespace plenoptic::storage::sqlite {

/// What the rows had not got when the database was left, by the log's end. False where that cannot be read or lacks an entry.
bool load_recent_ends(Connection& connection, RecentEnds& recent);

/// Writes all of them anew from the links' other ends, as they are now. Takes a minute for millions.
void rebuild_ends(Connection& connection, WriteTransaction& transaction);

/// Of the writing thread.
class EndFolder {
 public:
  using Failing = std::function<void(const std::string&)>;

  /// `slice`: how many changes a group folds, or more. `fails`: told when folding begins to fail.
  EndFolder(Connection& connection, RecentEnds& recent, std::size_t slice, Failing fails);

  /// A slice of the folding under way, in a group's transaction: it is committed with the group. Where it fails it is undone alone, unless SQLite
  /// rolled the whole group back, or met a damaged page, after which no transaction can be committed: then the group fails with it. No group folds
  /// until maintain() could.
  void fold_some(WriteTransaction& transaction);
  /// The group was committed.
  void committed();
  /// Between groups: begins a folding where one is due, and tries one again that failed.
  void maintain(WriteTransaction& transaction);
  /// Throws what folding failed with where so much has gathered since that no more may be taken in.
  void require_room() const;
  /// All there is. For an orderly end: the next start has nothing to read from the log.
  void fold_all(WriteTransaction& transaction);

 private:
  void seal();
  std::size_t next_slice() const;
  void fold(WriteTransaction& transaction, std::size_t changes);
  void fold_and_commit(WriteTransaction& transaction, std::size_t changes);
  void forget_slice();
  void note_failure(const std::exception& failure);

  RecentEnds& recent_;
  const std::size_t slice_;
  const Failing fails_;
  Statement logs_behind_, store_place_;
  bool under_way_ = false;
  std::size_t done_ = 0;                 // of the sealed changes
  std::size_t folded_ = 0;               // of them, once the transaction is committed
  bool finishes_ = false;                // all of them are, then
  std::size_t tried_ = 0;                // size of the last slice
  std::size_t noted_ = 0;                // when the last group was committed
  std::optional<StorageError> failure_;  // of the last slice
  std::chrono::steady_clock::time_point try_again_ = {};
  std::vector<std::pair<std::int64_t, std::int64_t>> sealed_at_;  // workspaces, and where their logs stood
};

}  // namespace plenoptic::storage::sqlite
