// A sorted set in blocks: inserting and erasing move at most one block, scanning runs over plain arrays.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "index/archive.h"

namespace plenoptic::index {

template <typename Entry>
class SortedBlocks {
 public:
  /// `largest_block`: entries, at least 2.
  explicit SortedBlocks(std::size_t largest_block = 256) : largest_(largest_block) {}

  /// `less` orders entries strictly; it must be the same at every call.
  template <typename Less>
  void insert(const Entry& entry, Less less) {
    if (blocks_.empty()) return append(entry);
    std::size_t at = block_for(entry, less);
    if (blocks_[at].size() == largest_) {
      // What comes in ascending order leaves full blocks behind; anything else, halves.
      if (at + 1 == blocks_.size() && less(blocks_[at].back(), entry)) return append(entry);
      split(at);
      if (!less(entry, fronts_[at + 1])) ++at;
    }
    Block& block = blocks_[at];
    make_room(block);
    block.insert(place_in(block, entry, less), entry);
    fronts_[at] = block.front();
    ++size_;
  }

  /// For what comes in order: the entry sorts after all that is there.
  void append(const Entry& entry) {
    if (blocks_.empty() || blocks_.back().size() == largest_) {
      Block& block = blocks_.emplace_back();
      if (blocks_.size() > 1) block.reserve(largest_);  // the first may stay small
      fronts_.push_back(entry);
    }
    make_room(blocks_.back());
    blocks_.back().push_back(entry);
    ++size_;
  }

  void clear() {
    blocks_.clear();
    fronts_.clear();
    size_ = 0;
  }

  template <typename Less>
  bool erase(const Entry& entry, Less less) {
    if (blocks_.empty()) return false;
    const std::size_t at = block_for(entry, less);
    Block& block = blocks_[at];
    const auto place = place_in(block, entry, less);
    if (place == block.end() || less(entry, *place)) return false;
    block.erase(place);
    --size_;
    if (block.empty()) {
      drop(at);
      return true;
    }
    fronts_[at] = block.front();
    if (!join_next(at) && at > 0) join_next(at - 1);
    return true;
  }

  /// Visits, in order, the entries that are neither `before` the range nor `after` it. Looks at an entry for each block, and at
  /// single ones where the range begins and ends: what lies between costs no comparison. `after` is asked of entries only that
  /// are not `before`.
  template <typename Before, typename After, typename Visit>
  void scan(Before before, After after, Visit visit) const {
    std::size_t at = block_where(before);
    if (at == blocks_.size()) return;
    auto entry = std::partition_point(blocks_[at].begin(), blocks_[at].end(), before);
    while (true) {
      const Block& block = blocks_[at];
      const bool ends_here = after(block.back());
      const auto end = ends_here ? std::partition_point(entry, block.end(), [&](const Entry& candidate) { return !after(candidate); }) : block.end();
      for (; entry != end; ++entry) visit(*entry);
      if (ends_here || ++at == blocks_.size()) return;
      entry = blocks_[at].begin();
    }
  }

  /// How many scan() would visit. Looks at an entry for each block of them, and at single ones at the two ends.
  template <typename Before, typename After>
  std::size_t count(Before before, After after) const {
    const std::size_t first = block_where(before);
    if (first == blocks_.size()) return 0;
    const Block& begins = blocks_[first];
    const auto begin = std::partition_point(begins.begin(), begins.end(), before);
    const auto next = fronts_.begin() + static_cast<std::ptrdiff_t>(first) + 1;
    const auto end = std::partition_point(next, fronts_.end(), [&](const Entry& front) { return !after(front); });
    const std::size_t last = first + static_cast<std::size_t>(end - next);
    std::size_t count = 0;
    for (std::size_t at = first; at <= last; ++at) count += blocks_[at].size();
    const Block& ends = blocks_[last];
    const auto from = last == first ? begin : ends.begin();
    count -= static_cast<std::size_t>(begin - begins.begin());
    return count - static_cast<std::size_t>(ends.end() - std::partition_point(from, ends.end(), [&](const Entry& entry) { return !after(entry); }));
  }

  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const {
    std::size_t bytes = blocks_.capacity() * sizeof(Block) + fronts_.capacity() * sizeof(Entry);
    for (const auto& block : blocks_) bytes += block.capacity() * sizeof(Entry);
    return bytes;
  }

  void archive(Archive& archive) {
    archive(blocks_, size_);
    std::size_t size = 0;
    for (const auto& block : blocks_) {
      archive.require(!block.empty() && block.size() <= largest_);
      size += block.size();
    }
    archive.require(size == size_);
    if (!archive.is_restoring()) return;
    fronts_.clear();
    for (const Block& block : blocks_) fronts_.push_back(block.front());
  }

 private:
  using Block = std::vector<Entry>;

  /// The last block that begins at or before the entry; the first where none does.
  template <typename Less>
  std::size_t block_for(const Entry& entry, Less less) const {
    const auto after = std::partition_point(fronts_.begin(), fronts_.end(), [&](const Entry& front) { return !less(entry, front); });
    return after == fronts_.begin() ? 0 : static_cast<std::size_t>(after - fronts_.begin()) - 1;
  }

  /// The first entry that does not sort before it. The whole block is asked for at once: a search alone waits for one cache line
  /// after another, and what is inserted or erased moves half of them. Where the order can tell that the entry and a whole block differ
  /// in nothing but what `<` compares, it is not asked further.
  template <typename Less>
  static Block::iterator place_in(Block& block, const Entry& entry, Less less) {
    constexpr std::size_t entries_in_line = std::max<std::size_t>(1, 64 / sizeof(Entry));
    for (std::size_t i = 0; i < block.size(); i += entries_in_line) __builtin_prefetch(&block[i]);
    if constexpr (requires { less.are_alike(entry, block.front(), block.back()); })
      if (less.are_alike(entry, block.front(), block.back())) return std::lower_bound(block.begin(), block.end(), entry);
    return std::lower_bound(block.begin(), block.end(), entry, less);
  }

  /// The block of the first entry that is not `before`; past all where there is none.
  template <typename Before>
  std::size_t block_where(Before before) const {
    const auto later = std::partition_point(fronts_.begin(), fronts_.end(), before) - fronts_.begin();
    const auto at = static_cast<std::size_t>(later);
    return at > 0 && !before(blocks_[at - 1].back()) ? at - 1 : at;
  }

  void drop(std::size_t at) {
    blocks_.erase(blocks_.begin() + static_cast<std::ptrdiff_t>(at));
    fronts_.erase(fronts_.begin() + static_cast<std::ptrdiff_t>(at));
  }

  /// For one more, and never for more than it may hold: a restored block has as much as it needs, of which the double may be more.
  void make_room(Block& block) const {
    if (block.size() == block.capacity()) block.reserve(std::min(largest_, std::max<std::size_t>(1, 2 * block.size())));
  }

  /// Where both have few entries left.
  bool join_next(std::size_t at) {
    if (at + 1 == blocks_.size() || blocks_[at].size() + blocks_[at + 1].size() > largest_ / 4) return false;
    blocks_[at].insert(blocks_[at].end(), blocks_[at + 1].begin(), blocks_[at + 1].end());
    drop(at + 1);
    return true;
  }

  /// Before one more would make it larger than its memory.
  void split(std::size_t at) {
    Block& block = blocks_[at];
    const std::size_t keep = largest_ / 2;
    Block rest(block.begin() + static_cast<std::ptrdiff_t>(keep), block.end());
    block.resize(keep);
    fronts_.insert(fronts_.begin() + static_cast<std::ptrdiff_t>(at) + 1, rest.front());
    blocks_.insert(blocks_.begin() + static_cast<std::ptrdiff_t>(at) + 1, std::move(rest));
  }

  std::size_t largest_;
  std::size_t size_ = 0;
  std::vector<Block> blocks_;
  std::vector<Entry> fronts_;  // the first entry of each block, close together: where to look is found without a look at the blocks
};

}  // namespace plenoptic::index
