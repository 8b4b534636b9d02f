// Ends of links that were changed lately at their destinations, in memory until they are folded into their records' rows. A deal that moves
// from one account to another changes the one's row and the other's, on two pages that nothing else in
// its group touches. Gathered and then written in the order of records, hundreds of thousands of them share pages.
//
// Nothing can be lost by it: the source's end and the log are written at once, and the log tells at opening what was not folded
// (docs/decisions/0013-links.md). One thread notes and folds, any may ask.
#pragma once

#include <cstdint>
#include <future>
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

  /// Which end, whatever is said of it; in the order of records.
  auto end() const { return std::tie(workspace, record, type, source); }
  friend bool operator<(const EndChange& a, const EndChange& b) { return a.end() < b.end(); }
};

class RecentEnds {
 public:
  struct Batch;
  using Pin = std::shared_ptr<const Batch>;

  /// Due to be folded from so many changes on, or so many log entries.
  explicit RecentEnds(std::size_t most);
  ~RecentEnds();

  /// Before a snapshot begins: from then on what its rows may lack stays here for it.
  Pin pin() const;
  /// Whether there is anything of the record. To be asked after the snapshot's first read.
  bool has(const Pin& pin, WorkspaceId workspace, RecordId record) const;
  /// What the log says up to `sequence` of each of a record's ends, the newest word of each; in the order of records.
  std::vector<EndChange> changes(const Pin& pin, WorkspaceId workspace, RecordId record, std::uint64_t sequence) const;
  /// The same of all of a workspace's records.
  std::vector<EndChange> changes(const Pin& pin, WorkspaceId workspace, std::uint64_t sequence) const;

  /// `sequence`: of the log entry that says so.
  void note(const EndChange& change, std::uint64_t sequence);
  /// Room for so many changes: to grow costs as much as to note them.
  void reserve(std::size_t changes);
  void note_log_entry() { ++log_entries_; }
  /// How many changes, since the last sealing; to go back to where a request or a group is undone.
  std::size_t noted() const;
  void forget_from(std::size_t noted);

  /// Since the last sealing.
  std::size_t log_entries() const { return log_entries_; }
  std::size_t most() const { return most_; }
  bool is_due() const { return noted() >= most_ || log_entries_ >= most_; }
  /// Between groups. What was noted is to be folded, and what comes begins anew. Only where nothing is left to fold.
  void seal();
  /// How many ends were sealed.
  std::size_t sealed() const;
  /// Whether a thread of its own is done with sorting them.
  bool is_sorted() const;
  /// The sealed changes in the order of records, each end once: from one place on, so many at most. Waits until they are sorted.
  std::vector<EndChange> sorted(std::size_t from, std::size_t most) const;
  /// All of them are in the rows and committed.
  void folded();

 private:
  using Order = std::vector<std::uint32_t>;  // of a batch's ends

  const std::size_t most_;
  mutable std::mutex mutex_;           // of what is in the batches and of the chain; only the noting thread changes either
  std::shared_ptr<Batch> oldest_;      // the sealed one, or the newest
  std::shared_ptr<Batch> newest_;      // where changes are noted
  std::shared_future<Order> sorting_;  // of the noting thread, as is what follows
  std::size_t log_entries_ = 0;
};

}  // namespace plenoptic::storage::sqlite
