#include "storage/sqlite/recent_ends.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

namespace plenoptic::storage::sqlite {
namespace {

using Place = std::uint32_t;
constexpr Place none = UINT32_MAX;
constexpr std::size_t most_reserved = std::size_t{1} << 18;  // memory that is not touched yet is none

/// Of several words about one end the last counts.
void keep_newest_words(std::vector<EndChange>& changes) {
  std::stable_sort(changes.begin(), changes.end());
  std::reverse(changes.begin(), changes.end());
  changes.erase(std::unique(changes.begin(), changes.end(), [](const EndChange& a, const EndChange& b) { return a.end() == b.end(); }), changes.end());
  std::reverse(changes.begin(), changes.end());
}

struct RecordKey {
  std::uint32_t workspace = 0;
  RecordId record;
  bool operator==(const RecordKey&) const = default;
};

std::size_t hash_value(const RecordKey& key) { return std::hash<RecordId>()(key.record) + key.workspace; }

std::size_t hash_of(const EndChange& change) {
  std::size_t hash = std::hash<RecordId>()(change.record);
  boost::hash_combine(hash, std::hash<RecordId>()(change.source));
  boost::hash_combine(hash, change.type);
  return hash;
}

}  // namespace

/// Changes from one sealing to the next, as they came. Words about one end hang together, and so do a record's ends: a record that changes its
/// mind about an end a thousand times is read as quickly as one that does not.
struct RecentEnds::Batch {
  struct Word {
    EndChange change;
    std::uint64_t sequence = 0;
    Place older = none;  // the word before about the same end
    Place end = 0;
  };
  struct End {
    Place newest = none;   // word
    Place sibling = none;  // another end of the same record
  };
  struct HashOfEnd {
    using is_transparent = void;
    const Batch* batch;
    std::size_t operator()(const EndChange& change) const { return hash_of(change); }
    std::size_t operator()(Place end) const { return hash_of(batch->change_of(end)); }
  };
  struct SameEnd {
    using is_transparent = void;
    const Batch* batch;
    bool operator()(Place a, Place b) const { return a == b; }
    bool operator()(const EndChange& change, Place end) const { return change.end() == batch->change_of(end).end(); }
    bool operator()(Place end, const EndChange& change) const { return (*this)(change, end); }
  };

  std::vector<Word> words;
  std::vector<End> ends;
  boost::unordered_flat_set<Place, HashOfEnd, SameEnd> places{0, HashOfEnd{this}, SameEnd{this}};  // of `ends`
  boost::unordered_flat_map<RecordKey, Place, boost::hash<RecordKey>> of_record;                   // its newest end
  std::shared_ptr<Batch> next;

  Batch() = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  void reserve(std::size_t for_ends, std::size_t for_records) {
    places.reserve(for_ends);
    of_record.reserve(for_records);
  }

  const EndChange& change_of(Place end) const { return words[ends[end].newest].change; }

  Place find_end_of(WorkspaceId workspace, RecordId record) const {
    const auto found = of_record.find({workspace.value, record});
    return found == of_record.end() ? none : found->second;
  }

  /// The newest word up to a log entry; none where the first is later.
  Place word_at(Place end, std::uint64_t sequence) const {
    Place word = ends[end].newest;
    while (word != none && words[word].sequence > sequence) word = words[word].older;
    return word;
  }

  void add(const EndChange& change, std::uint64_t sequence) {
    const auto word = static_cast<Place>(words.size());
    if (const auto known = places.find(change); known != places.end()) {
      words.push_back({change, sequence, ends[*known].newest, *known});
      ends[*known].newest = word;
      return;
    }
    const auto end = static_cast<Place>(ends.size());
    words.push_back({change, sequence, none, end});
    ends.push_back({.newest = word, .sibling = none});
    places.insert(end);
    const auto [newest, is_first] = of_record.try_emplace({change.workspace.value, change.record}, end);
    if (!is_first) ends[end].sibling = std::exchange(newest->second, end);
  }

  void drop_last() {
    const Word& word = words.back();
    if (word.older != none) {
      ends[word.end].newest = word.older;
    } else {
      const RecordKey key{word.change.workspace.value, word.change.record};
      if (ends.back().sibling == none)
        of_record.erase(key);
      else
        of_record[key] = ends.back().sibling;
      places.erase(word.end);
      ends.pop_back();
    }
    words.pop_back();
  }
};

namespace {

/// The places of a batch's ends, in the order of records. What comes first in it stands beside each place, so that the changes themselves, which
/// lie all over memory, are looked at where that is equal.
std::vector<Place> order_of(const RecentEnds::Batch& batch) {
  struct Entry {
    std::uint64_t id_begin;
    std::uint32_t workspace;
    Place end;
  };
  std::vector<Entry> entries;
  entries.reserve(batch.ends.size());
  for (Place end = 0; end < batch.ends.size(); ++end) {
    const EndChange& change = batch.change_of(end);
    entries.push_back({change.record.high, change.workspace.value, end});
  }
  std::sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
    if (const auto order = std::tie(a.workspace, a.id_begin) <=> std::tie(b.workspace, b.id_begin); order != 0) return order < 0;
    return batch.change_of(a.end) < batch.change_of(b.end);
  });
  std::vector<Place> order;
  order.reserve(entries.size());
  for (const Entry& entry : entries) order.push_back(entry.end);
  return order;
}

}  // namespace

RecentEnds::RecentEnds(std::size_t most) : most_(most), oldest_(std::make_shared<Batch>()), newest_(oldest_) {}

RecentEnds::~RecentEnds() = default;

RecentEnds::Pin RecentEnds::pin() const {
  std::lock_guard lock(mutex_);
  return oldest_;
}

bool RecentEnds::has(const Pin& pin, WorkspaceId workspace, RecordId record) const {
  std::lock_guard lock(mutex_);
  for (const Batch* batch = pin.get(); batch; batch = batch->next.get())
    if (batch->find_end_of(workspace, record) != none) return true;
  return false;
}

std::vector<EndChange> RecentEnds::changes(const Pin& pin, WorkspaceId workspace, RecordId record, std::uint64_t sequence) const {
  std::vector<EndChange> found;
  {
    std::lock_guard lock(mutex_);
    for (const Batch* batch = pin.get(); batch; batch = batch->next.get())
      for (Place end = batch->find_end_of(workspace, record); end != none; end = batch->ends[end].sibling)
        if (const Place word = batch->word_at(end, sequence); word != none) found.push_back(batch->words[word].change);
  }
  keep_newest_words(found);
  return found;
}

std::vector<EndChange> RecentEnds::changes(const Pin& pin, WorkspaceId workspace, std::uint64_t sequence) const {
  std::vector<EndChange> found;
  {
    std::lock_guard lock(mutex_);
    for (const Batch* batch = pin.get(); batch; batch = batch->next.get())
      for (const Batch::Word& word : batch->words)
        if (word.change.workspace == workspace && word.sequence <= sequence) found.push_back(word.change);
  }
  keep_newest_words(found);
  return found;
}

void RecentEnds::reserve(std::size_t changes) {
  std::lock_guard lock(mutex_);
  newest_->reserve(changes, changes);
}

void RecentEnds::note(const EndChange& change, std::uint64_t sequence) {
  std::lock_guard lock(mutex_);
  if (newest_->words.capacity() == 0) newest_->words.reserve(std::min(most_, most_reserved));
  newest_->add(change, sequence);
}

std::size_t RecentEnds::noted() const { return newest_->words.size(); }

void RecentEnds::forget_from(std::size_t noted) {
  std::lock_guard lock(mutex_);
  while (newest_->words.size() > noted) newest_->drop_last();
}

void RecentEnds::seal() {
  auto next = std::make_shared<Batch>();
  next->reserve(newest_->places.size(), newest_->of_record.size());
  sorting_ = std::async(std::launch::async, [sealed = newest_] { return order_of(*sealed); }).share();
  log_entries_ = 0;
  std::lock_guard lock(mutex_);
  newest_->next = next;
  newest_ = std::move(next);
}

std::size_t RecentEnds::sealed() const { return oldest_->ends.size(); }

bool RecentEnds::is_sorted() const { return sorting_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }

std::vector<EndChange> RecentEnds::sorted(std::size_t from, std::size_t most) const {
  const Order& order = sorting_.get();
  const std::size_t end = from + std::min(most, order.size() - from);
  std::vector<EndChange> changes;
  changes.reserve(end - from);
  for (std::size_t at = from; at < end; ++at) changes.push_back(oldest_->change_of(order[at]));
  return changes;
}

void RecentEnds::folded() {
  sorting_ = {};
  std::shared_ptr<Batch> gone;  // not while others wait
  std::lock_guard lock(mutex_);
  gone = std::exchange(oldest_, newest_);
}

}  // namespace plenoptic::storage::sqlite
