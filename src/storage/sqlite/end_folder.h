// Brings recent ends of links (recent_ends.h) into their table: a slice between two groups, in the table's order.
#pragma once

#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "storage/sqlite/transaction.h"

namespace plenoptic::storage::sqlite {

/// What the table had not got when the database was left, by the log's end. False where that cannot be read or lacks an entry.
bool load_recent_ends(Connection& connection, RecentEnds& recent);

/// Writes all of them anew from the links' other ends, as they are now. Takes a minute for millions.
void rebuild_ends(Connection& connection, WriteTransaction& transaction);

/// Of the writing thread.
class EndFolder {
 public:
  /// `slice`: how many changes a transaction folds, or somewhat more.
  EndFolder(Connection& connection, RecentEnds& recent, std::size_t slice);

  /// A slice, where folding is due or under way.
  void fold_some(WriteTransaction& transaction);
  /// Throws what folding failed with where so much has gathered since that no more may be taken in.
  void require_room() const;
  /// All there is. For an orderly end: the next start has nothing to read from the log.
  void fold_all(WriteTransaction& transaction);

 private:
  void seal();
  void fold(WriteTransaction& transaction, std::size_t changes);

  RecentEnds& recent_;
  const std::size_t slice_;
  Statement logs_behind_, store_place_;
  bool under_way_ = false;
  std::size_t done_ = 0;                 // of the sealed changes
  std::size_t noted_ = 0;                // when the last slice was begun
  std::optional<StorageError> failure_;  // of it
  std::chrono::steady_clock::time_point try_again_ = {};
  std::vector<std::pair<std::int64_t, std::int64_t>> sealed_at_;  // workspaces, and where their logs stood
};

}  // namespace plenoptic::storage::sqlite
