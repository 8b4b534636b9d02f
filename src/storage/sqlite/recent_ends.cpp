#include "storage/sqlite/recent_ends.h"

#include <algorithm>
#include <utility>

#include <boost/unordered/unordered_flat_map.hpp>

namespace plenoptic::storage::sqlite {
namespace {

constexpr std::uint32_t none = UINT32_MAX;
constexpr std::size_t most_reserved = std::size_t{1} << 18;  // untouched, it is no memory yet

/// Of several words about one end the last counts.
void keep_newest_words(std::vector<EndChange>& changes) {
  std::stable_sort(changes.begin(), changes.end());
  const auto same = [](const EndChange& newer, const EndChange& older) { return !(older < newer); };
  const auto first = std::unique(changes.rbegin(), changes.rend(), same).base();
  changes.erase(changes.begin(), first);
}

struct Key {
  std::uint32_t workspace = 0;
  RecordId record;
  bool operator==(const Key&) const = default;
};

std::size_t hash_value(const Key& key) { return std::hash<RecordId>()(key.record) + key.workspace; }

}  // namespace

struct RecentEnds::Batch {
  struct Entry {
    EndChange change;
    std::uint64_t sequence = 0;
    std::uint32_t previous = none;  // the same record's before it
  };
  std::vector<Entry> entries;
  boost::unordered_flat_map<Key, std::uint32_t, boost::hash<Key>> newest;  // a record's, by place in `entries`
  std::shared_ptr<Batch> next;

  std::uint32_t newest_of(WorkspaceId workspace, RecordId record) const {
    const auto found = newest.find({workspace.value, record});
    return found == newest.end() ? none : found->second;
  }
};

RecentEnds::RecentEnds(std::size_t most) : most_(most), oldest_(std::make_shared<Batch>()), newest_(oldest_) {}

RecentEnds::~RecentEnds() = default;

RecentEnds::Pin RecentEnds::pin() const {
  std::lock_guard lock(mutex_);
  return oldest_;
}

bool RecentEnds::has(const Pin& pin, WorkspaceId workspace, RecordId record) const {
  std::lock_guard lock(mutex_);
  for (const Batch* batch = pin.get(); batch; batch = batch->next.get())
    if (batch->newest_of(workspace, record) != none) return true;
  return false;
}

std::vector<EndChange> RecentEnds::changes(const Pin& pin, WorkspaceId workspace, RecordId record, std::uint64_t sequence) const {
  std::vector<EndChange> found;
  {
    std::lock_guard lock(mutex_);
    for (const Batch* batch = pin.get(); batch; batch = batch->next.get()) {
      const auto older = static_cast<std::ptrdiff_t>(found.size());
      for (std::uint32_t at = batch->newest_of(workspace, record); at != none; at = batch->entries[at].previous)
        if (batch->entries[at].sequence <= sequence) found.push_back(batch->entries[at].change);
      std::reverse(found.begin() + older, found.end());
    }
  }
  keep_newest_words(found);
  return found;
}

std::vector<EndChange> RecentEnds::changes(const Pin& pin, WorkspaceId workspace, std::uint64_t sequence) const {
  std::vector<EndChange> found;
  {
    std::lock_guard lock(mutex_);
    for (const Batch* batch = pin.get(); batch; batch = batch->next.get())
      for (const Batch::Entry& entry : batch->entries)
        if (entry.change.workspace == workspace && entry.sequence <= sequence) found.push_back(entry.change);
  }
  keep_newest_words(found);
  return found;
}

void RecentEnds::note(const EndChange& change, std::uint64_t sequence) {
  std::lock_guard lock(mutex_);
  if (newest_->entries.capacity() == 0) newest_->entries.reserve(std::min(most_, most_reserved));
  const auto at = static_cast<std::uint32_t>(newest_->entries.size());
  const auto [newest, is_first] = newest_->newest.try_emplace({change.workspace.value, change.record}, at);
  const std::uint32_t previous = is_first ? none : std::exchange(newest->second, at);
  newest_->entries.push_back({change, sequence, previous});
}

std::size_t RecentEnds::noted() const {
  std::lock_guard lock(mutex_);
  return newest_->entries.size();
}

void RecentEnds::forget_from(std::size_t noted) {
  std::lock_guard lock(mutex_);
  for (; newest_->entries.size() > noted; newest_->entries.pop_back()) {
    const Batch::Entry& entry = newest_->entries.back();
    const Key key{entry.change.workspace.value, entry.change.record};
    if (entry.previous == none)
      newest_->newest.erase(key);
    else
      newest_->newest[key] = entry.previous;
  }
}

bool RecentEnds::is_due() const { return noted() >= most_ || log_entries_ >= most_; }

void RecentEnds::seal() {
  auto next = std::make_shared<Batch>();
  std::vector<EndChange> sealed;
  {
    std::lock_guard lock(mutex_);
    sealed.reserve(newest_->entries.size());
    for (const Batch::Entry& entry : newest_->entries) sealed.push_back(entry.change);
    newest_->next = next;
    newest_ = std::move(next);
  }
  keep_newest_words(sealed);
  to_fold_ = std::move(sealed);
  log_entries_ = 0;
}

void RecentEnds::folded() {
  to_fold_ = {};
  std::shared_ptr<Batch> gone;  // outside the lock
  std::lock_guard lock(mutex_);
  gone = std::exchange(oldest_, newest_);
}

}  // namespace plenoptic::storage::sqlite
