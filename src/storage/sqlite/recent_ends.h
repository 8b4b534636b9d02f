// Ends of links that were changed lately at their destinations, in memory until they are folded into table `links`. A deal that moves
// from one account to another changes a row among the one's and a row among the other's, on two pages that nothing else in
// its group touches. Gathered and then written in the table's order, a hundred thousand of them share pages.
//
// Nothing can be lost by it: the source's end and the log are written at once, and the log tells at opening what was not folded.
// One thread notes and folds, any may ask.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <tuple>
#include <vector>

#include "model/definitions.h"

namespace plenoptic::storage::sqlite {

using model::LinkTypeNumber;
using model::RecordId;
using model::WorkspaceId;

/// That a record is, or is no longer, the destination of a link.
struct EndChange {
  RecordId record;
  RecordId source;
  WorkspaceId workspace;
  LinkTypeNumber type = 0;
  bool added = true;

  /// Which end, whatever is said of it.
  friend bool operator<(const EndChange& a, const EndChange& b) { return std::tie(a.workspace, a.record, a.type, a.source) < std::tie(b.workspace, b.record, b.type, b.source); }
};

class RecentEnds {
 public:
  struct Batch;
  using Pin = std::shared_ptr<const Batch>;

  /// Due to be folded from so many changes on, or so many log entries.
  explicit RecentEnds(std::size_t most);
  ~RecentEnds();

  /// Before a snapshot begins: from then on what its table may lack stays here for it.
  Pin pin() const;
  /// Whether there is anything of the record. To be asked after the snapshot's first read.
  bool has(const Pin& pin, WorkspaceId workspace, RecordId record) const;
  /// What the log says up to `sequence` of each end of a record's, the newest word of each; ordered by (type, source).
  std::vector<EndChange> changes(const Pin& pin, WorkspaceId workspace, RecordId record, std::uint64_t sequence) const;
  /// The same of a workspace's records, ordered by (record, type, source).
  std::vector<EndChange> changes(const Pin& pin, WorkspaceId workspace, std::uint64_t sequence) const;

  /// `sequence`: of the log entry that says so.
  void note(const EndChange& change, std::uint64_t sequence);
  void note_log_entry() { ++log_entries_; }
  /// To go back to what was noted before: a request or a group that is undone.
  std::size_t noted() const;
  void forget_from(std::size_t noted);

  /// Since the last sealing.
  std::size_t log_entries() const { return log_entries_; }
  bool is_due() const;
  /// Between groups. What was noted is to be folded, and what comes begins anew. Only where nothing is left to fold.
  void seal();
  /// Sealed changes that are not folded yet, in the table's order, each end once.
  const std::vector<EndChange>& to_fold() const { return to_fold_; }
  /// All of them are in the table and committed.
  void folded();

 private:
  const std::size_t most_;
  mutable std::mutex mutex_;
  std::shared_ptr<Batch> oldest_;   // the sealed one, or the newest
  std::shared_ptr<Batch> newest_;   // where changes are noted
  std::vector<EndChange> to_fold_;  // of the one thread, as is what follows
  std::size_t log_entries_ = 0;
};

}  // namespace plenoptic::storage::sqlite
