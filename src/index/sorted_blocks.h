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
  explicit SortedBlocks(std::size_t largest_block = 512) : largest_(largest_block) {}

  /// `less` orders entries strictly; it must be the same at every call.
  template <typename Less>
  void insert(const Entry& entry, Less less) {
    if (blocks_.empty()) blocks_.emplace_back();
    auto block = block_for(entry, less);
    block->insert(std::lower_bound(block->begin(), block->end(), entry, less), entry);
    ++size_;
    if (block->size() <= largest_) return;
    // What comes in ascending order leaves full blocks behind; anything else, halves.
    const std::size_t keep = std::next(block) == blocks_.end() ? largest_ : largest_ / 2;
    std::vector<Entry> rest(block->begin() + static_cast<std::ptrdiff_t>(keep), block->end());
    block->resize(keep);
    blocks_.insert(std::next(block), std::move(rest));
  }

  /// For what comes in order: the entry sorts after all that is there.
  void append(const Entry& entry) {
    if (blocks_.empty() || blocks_.back().size() == largest_) blocks_.emplace_back().reserve(largest_);
    blocks_.back().push_back(entry);
    ++size_;
  }

  void clear() {
    blocks_.clear();
    size_ = 0;
  }

  template <typename Less>
  bool erase(const Entry& entry, Less less) {
    if (blocks_.empty()) return false;
    auto block = block_for(entry, less);
    auto place = std::lower_bound(block->begin(), block->end(), entry, less);
    if (place == block->end() || less(entry, *place)) return false;
    block->erase(place);
    --size_;
    if (block->empty()) blocks_.erase(block);
    return true;
  }

  /// Visits, in order, the entries that are neither `before` the range nor `after` it. Looks at an entry for each block, and at
  /// single ones where the range begins and ends: what lies between costs no comparison.
  template <typename Before, typename After, typename Visit>
  void scan(Before before, After after, Visit visit) const {
    auto block = std::partition_point(blocks_.begin(), blocks_.end(), [&](const std::vector<Entry>& candidate) { return before(candidate.back()); });
    if (block == blocks_.end()) return;
    auto entry = std::partition_point(block->begin(), block->end(), before);
    while (true) {
      const bool ends_here = after(block->back());
      const auto end = ends_here ? std::partition_point(entry, block->end(), [&](const Entry& candidate) { return !after(candidate); }) : block->end();
      for (; entry != end; ++entry) visit(*entry);
      if (ends_here || ++block == blocks_.end()) return;
      entry = block->begin();
    }
  }

  /// How many scan() would visit. Looks at an entry for each block of them, and at single ones at the two ends.
  template <typename Before, typename After>
  std::size_t count(Before before, After after) const {
    const auto first = std::partition_point(blocks_.begin(), blocks_.end(), [&](const std::vector<Entry>& block) { return before(block.back()); });
    const auto end = std::partition_point(first, blocks_.end(), [&](const std::vector<Entry>& block) { return !after(block.front()); });
    if (first == end) return 0;
    std::size_t count = 0;
    for (auto block = first; block != end; ++block) count += block->size();
    const std::vector<Entry>& last = *std::prev(end);
    count -= static_cast<std::size_t>(std::partition_point(first->begin(), first->end(), before) - first->begin());
    return count - static_cast<std::size_t>(last.end() - std::partition_point(last.begin(), last.end(), [&](const Entry& entry) { return !after(entry); }));
  }

  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const {
    std::size_t bytes = blocks_.capacity() * sizeof(std::vector<Entry>);
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
  }

 private:
  /// The last block that begins at or before the entry.
  template <typename Less>
  auto block_for(const Entry& entry, Less less) {
    auto block = std::partition_point(blocks_.begin(), blocks_.end(), [&](const std::vector<Entry>& candidate) { return !candidate.empty() && !less(entry, candidate.front()); });
    return block == blocks_.begin() ? block : std::prev(block);
  }

  std::size_t largest_;
  std::size_t size_ = 0;
  std::vector<std::vector<Entry>> blocks_;
};

}  // namespace plenoptic::index
