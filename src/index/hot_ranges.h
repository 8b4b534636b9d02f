// How many records lie in a range of one number field, among all live ones or those of one option, for ranges that are asked
// for again and again. A query has to look at every record to count them; here the records of the key stand sorted by value, in
// blocks, and a count looks at the blocks. Made once asking has cost as much as making will, then kept by the log like the rest
// of the index, and dropped when others are asked for more.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "index/column.h"
#include "index/sorted_blocks.h"

namespace plenoptic::index {

struct HotRangeKey {
  model::FieldNumber number = 0;              // the field of the range
  std::optional<model::FieldNumber> chooser;  // a field of few values; none: all live records
  std::int64_t choice = 0;                    // the chooser's value
  auto operator<=>(const HotRangeKey&) const = default;
};

class HotRange {
 public:
  struct Entry {
    std::int64_t value;
    Ordinal ordinal;
    auto operator<=>(const Entry&) const = default;
  };

  /// In any order, each once.
  explicit HotRange(std::vector<Entry> entries);
  void insert(const Entry& entry) { entries_.insert(entry, std::less<>()); }
  void erase(const Entry& entry) { entries_.erase(entry, std::less<>()); }
  std::uint64_t count(ValueRange range) const;
  std::size_t size() const { return entries_.size(); }
  std::size_t memory_bytes() const { return entries_.memory_bytes(); }

 private:
  SortedBlocks<Entry> entries_;
};

/// Those of one object type.
class HotRanges {
 public:
  /// How many records lie in the range; nothing while the key is not hot. Under the index's shared lock, from any thread.
  /// `size`: how many records the key has, about; `make` gathers them. All of them together hold at most `most_entries`.
  std::optional<std::uint64_t> count(const HotRangeKey& key, ValueRange range, std::uint64_t size, std::uint64_t most_entries, const std::function<HotRange()>& make);

  /// Under the index's exclusive lock, or where nobody else asks.
  template <typename Visit>
  void visit(Visit visit) {
    if (made_ == 0) return;
    for (auto& [key, slot] : slots_)
      if (slot.range) visit(key, *slot.range);
  }
  std::size_t memory_bytes() const;

 private:
  struct Slot {
    std::uint64_t asked = 0;  // since it came here or was dropped
    std::uint64_t used = 0;   // when last, in questions
    std::optional<HotRange> range;
  };
  void make_room(std::uint64_t entries, std::uint64_t most_entries);
  void forget_oldest_slot();
  void recount();

  mutable std::mutex mutex_;  // readers make and drop ranges beside each other
  std::map<HotRangeKey, Slot> slots_;
  std::size_t made_ = 0;       // slots with a range
  std::uint64_t entries_ = 0;  // of all of them, when one was made or dropped last
  std::uint64_t questions_ = 0;
};

}  // namespace plenoptic::index
