#include "storage/sqlite/recent_ends.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include <boost/container_hash/hash.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

namespace plenoptic::storage::sqlite {
namespace {

using Place = std::uint32_t;
constexpr Place none = UINT32_MAX;
constexpr std::size_t most_reserved = std::size_t{1} << 21;  // memory that is not touched yet is none

/// Of several words about one end the last counts.
void keep_newest_words(std::vector<EndChange>& changes) {
  std::stable_sort(changes.begin(), changes.end());
  std::reverse(changes.begin(), changes.end());
  changes.erase(std::unique(changes.begin(), changes.end(), [](const EndChange& a, const EndChange& b) { return a.end() == b.end(); }), changes.end());
  std::reverse(changes.begin(), changes.end());
}

struct RecordKey {
  WorkspaceId workspace;
  RecordId record;
  bool operator==(const RecordKey&) const = default;
};

std::size_t hash_of(const RecordKey& key) { return std::hash<RecordId>()(key.record) + key.workspace.value; }

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
    std::uint64_t sequence : 63;
    std::uint64_t added : 1;
    Place older;  // the word before about the same end
    Place end;
  };
  struct End {
    RecordId source;
    Place record;
    LinkTypeNumber type = 0;
    Place newest = none;   // word
    Place sibling = none;  // another end of the same record
  };
  struct Record {
    RecordId id;
    WorkspaceId workspace;
    Place newest = none;  // end
  };
  static_assert(sizeof(Word) == 16 && sizeof(End) == 32 && sizeof(Record) == 24, "there are hundreds of thousands");

  /// A set of places, which are found by what stands there.
  template <typename Key, Key (Batch::*key_at)(Place) const>
  struct Hash {
    using is_transparent = void;
    const Batch* batch;
    std::size_t operator()(const Key& key) const { return hash_of(key); }
    std::size_t operator()(Place place) const { return hash_of((batch->*key_at)(place)); }
  };
  template <typename Key, Key (Batch::*key_at)(Place) const>
  struct Same {
    using is_transparent = void;
    const Batch* batch;
    static bool are_same(const EndChange& a, const EndChange& b) { return a.end() == b.end(); }
    static bool are_same(const RecordKey& a, const RecordKey& b) { return a == b; }
    bool operator()(Place a, Place b) const { return a == b; }
    bool operator()(const Key& key, Place place) const { return are_same(key, (batch->*key_at)(place)); }
    bool operator()(Place place, const Key& key) const { return (*this)(key, place); }
  };

  EndChange change_of(Place end) const { return change_of(ends[end], words[ends[end].newest]); }
  EndChange change_of(const End& end, const Word& word) const {
    const Record& record = records[end.record];
    return {.record = record.id, .source = end.source, .workspace = record.workspace, .type = end.type, .added = word.added != 0};
  }
  EndChange change_of(const Word& word) const { return change_of(ends[word.end], word); }
  RecordKey key_of(Place record) const { return {records[record].workspace, records[record].id}; }

  template <typename Key, Key (Batch::*key_at)(Place) const>
  using Places = boost::unordered_flat_set<Place, Hash<Key, key_at>, Same<Key, key_at>>;
  using PlacesOfEnds = Places<EndChange, &Batch::change_of>;
  using PlacesOfRecords = Places<RecordKey, &Batch::key_of>;

  std::vector<Word> words;
  std::vector<End> ends;
  std::vector<Record> records;
  PlacesOfEnds places_of_ends{0, PlacesOfEnds::hasher{this}, PlacesOfEnds::key_equal{this}};
  PlacesOfRecords places_of_records{0, PlacesOfRecords::hasher{this}, PlacesOfRecords::key_equal{this}};
  std::shared_ptr<Batch> next;

  Batch() = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  void reserve_words(std::size_t count) {
    words.reserve(count);
    ends.reserve(count);
  }
  void reserve(std::size_t for_ends, std::size_t for_records) {
    places_of_ends.reserve(for_ends);
    places_of_records.reserve(for_records);
  }

  Place find_end_of(WorkspaceId workspace, RecordId record) const {
    const auto found = places_of_records.find(RecordKey{workspace, record});
    return found == places_of_records.end() ? none : records[*found].newest;
  }

  /// The newest word up to a log entry; none where the first is later.
  Place word_at(Place end, std::uint64_t sequence) const {
    Place word = ends[end].newest;
    while (word != none && words[word].sequence > sequence) word = words[word].older;
    return word;
  }

  /// Out of memory ends the process: half of a change would stay, and the log has it all.
  void add(const EndChange& change, std::uint64_t sequence) noexcept {
    const auto word = static_cast<Place>(words.size());
    if (const auto known = places_of_ends.find(change); known != places_of_ends.end()) {
      words.push_back({sequence, change.added, std::exchange(ends[*known].newest, word), *known});
      return;
    }
    const auto end = static_cast<Place>(ends.size());
    const Place record = place_of(RecordKey{change.workspace, change.record});
    words.push_back({sequence, change.added, none, end});
    ends.push_back({change.source, record, change.type, word, std::exchange(records[record].newest, end)});
    places_of_ends.insert(end);
  }

  /// The record's, which has one from now on.
  Place place_of(const RecordKey& key) {
    if (const auto known = places_of_records.find(key); known != places_of_records.end()) return *known;
    const auto record = static_cast<Place>(records.size());
    records.push_back({.id = key.record, .workspace = key.workspace, .newest = none});
    places_of_records.insert(record);
    return record;
  }

  void drop_last() {
    const Word& word = words.back();
    if (word.older != none) {
      ends[word.end].newest = word.older;
    } else {
      const End& end = ends.back();
      places_of_ends.erase(word.end);
      records[end.record].newest = end.sibling;
      if (end.sibling == none) {  // and so the record came last, too
        places_of_records.erase(end.record);
        records.pop_back();
      }
      ends.pop_back();
    }
    words.pop_back();
  }
};

namespace {

/// The places of a batch's ends, in the order of records. Records are sorted, of which there are fewer, then each one's ends. What comes first in a
/// record's id stands beside its place, so that the records themselves, which lie all over memory, are looked at where that is equal.
std::vector<Place> order_of(const RecentEnds::Batch& batch) {
  struct Entry {
    std::uint64_t id_begin;
    std::uint32_t workspace;
    Place record;
  };
  std::vector<Entry> entries;
  entries.reserve(batch.records.size());
  for (Place record = 0; record < batch.records.size(); ++record) entries.push_back({batch.records[record].id.high, batch.records[record].workspace.value, record});
  std::sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
    if (const auto order = std::tie(a.workspace, a.id_begin) <=> std::tie(b.workspace, b.id_begin); order != 0) return order < 0;
    return batch.records[a.record].id < batch.records[b.record].id;
  });
  std::vector<Place> order;
  order.reserve(batch.ends.size());
  for (const Entry& entry : entries) {
    const auto before = static_cast<std::ptrdiff_t>(order.size());
    for (Place end = batch.records[entry.record].newest; end != none; end = batch.ends[end].sibling) order.push_back(end);
    std::sort(order.begin() + before, order.end(), [&](Place a, Place b) { return batch.change_of(a) < batch.change_of(b); });
  }
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
        if (const Place word = batch->word_at(end, sequence); word != none) found.push_back(batch->change_of(batch->words[word]));
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
        if (word.sequence <= sequence && batch->records[batch->ends[word.end].record].workspace == workspace) found.push_back(batch->change_of(word));
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
  if (newest_->words.capacity() == 0) newest_->reserve_words(std::min(most_ + most_ / 8, most_reserved));
  newest_->add(change, sequence);
}

std::size_t RecentEnds::noted() const { return newest_->words.size(); }

void RecentEnds::forget_from(std::size_t noted) {
  std::lock_guard lock(mutex_);
  while (newest_->words.size() > noted) newest_->drop_last();
}

void RecentEnds::seal() {
  auto next = std::make_shared<Batch>();
  next->reserve(newest_->places_of_ends.size(), newest_->places_of_records.size());
  sorting_ = std::async(std::launch::async, [sealed = newest_]() noexcept { return order_of(*sealed); }).share();
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
