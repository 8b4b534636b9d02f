// Brings recent ends of links (recent_ends.h) into their table: a slice between two groups, in the table's order.
#pragma once

#include <utility>
#include <vector>

#include "storage/sqlite/transaction.h"

namespace plenoptic::storage::sqlite {

/// What the table had not got when the database was left, by the log's end. False where that cannot be read.
bool load_recent_ends(Connection& connection, RecentEnds& recent);

/// Writes all of them anew from the links' other ends, as they are now. Takes a minute for millions.
void rebuild_ends(Connection& connection);

/// Of the writing thread.
class EndFolder {
 public:
  EndFolder(Connection& connection, RecentEnds& recent);

  /// Where folding is due or under way, so many changes or somewhat more, in a transaction of their own.
  void fold_some(WriteTransaction& transaction, std::size_t changes);
  /// All there is. For an orderly end: the next start has nothing to read from the log.
  void fold_all(WriteTransaction& transaction);

 private:
  void seal();
  void fold(WriteTransaction& transaction, std::size_t changes);

  RecentEnds& recent_;
  Statement insert_, erase_, logs_behind_, store_place_;
  bool under_way_ = false;
  std::size_t done_ = 0;                                          // of the sealed changes
  std::size_t noted_ = 0;                                         // when the last slice was folded
  std::vector<std::pair<std::int64_t, std::int64_t>> sealed_at_;  // workspaces, and where their logs stood
};

}  // namespace plenoptic::storage::sqlite
