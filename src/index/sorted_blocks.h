// A sorted set in blocks: inserting and erasing move at most one block, scanning runs over plain arrays.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

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

  /// Visits entries from the first that is not `before`, in order, while `visit` returns true.
  template <typename Before, typename Visit>
  void scan(Before before, Visit visit) const {
    auto block = std::partition_point(blocks_.begin(), blocks_.end(), [&](const std::vector<Entry>& candidate) { return before(candidate.back()); });
    if (block == blocks_.end()) return;
    auto entry = std::partition_point(block->begin(), block->end(), before);
    for (; block != blocks_.end(); ++block, entry = block == blocks_.end() ? entry : block->begin())
      for (; entry != block->end(); ++entry)
        if (!visit(*entry)) return;
  }

  std::size_t size() const { return size_; }
  std::size_t memory_bytes() const {
    std::size_t bytes = blocks_.capacity() * sizeof(std::vector<Entry>);
    for (const auto& block : blocks_) bytes += block.capacity() * sizeof(Entry);
    return bytes;
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
