#include "index/hot_ranges.h"

#include <algorithm>

namespace plenoptic::index {
namespace {

constexpr std::uint64_t records_for_a_question = 1000;  // that are gathered and sorted in the time that a question costs otherwise
constexpr std::uint64_t fewest_questions = 3;
constexpr std::size_t most_slots = 64;

}  // namespace

HotRange::HotRange(std::vector<Entry> entries) {
  std::sort(entries.begin(), entries.end());
  for (const Entry& entry : entries) entries_.append(entry);
}

std::uint64_t HotRange::count(ValueRange range) const {
  return entries_.count([&](const Entry& entry) { return entry.value < range.from; }, [&](const Entry& entry) { return entry.value > range.to; });
}

std::optional<std::uint64_t> HotRanges::count(const HotRangeKey& key, ValueRange range, std::uint64_t size, std::uint64_t most_entries, const std::function<HotRange()>& make) {
  std::lock_guard lock(mutex_);
  Slot& slot = slots_[key];
  slot.used = ++questions_;
  if (slot.range) return slot.range->count(range);
  // Making it costs no more than not having it did until now; so does one that is dropped and made again.
  if (++slot.asked >= std::max(fewest_questions, size / records_for_a_question) && size <= most_entries) {
    make_room(size, most_entries);
    slot.range = make();
    slot.asked = 0;
    recount();
    return slot.range->count(range);
  }
  if (slots_.size() > most_slots) forget_oldest_slot();
  return std::nullopt;
}

std::size_t HotRanges::memory_bytes() const {
  std::lock_guard lock(mutex_);
  std::size_t bytes = 0;
  for (const auto& [key, slot] : slots_)
    if (slot.range) bytes += slot.range->memory_bytes();
  return bytes;
}

/// Drops what was asked for longest ago.
void HotRanges::make_room(std::uint64_t entries, std::uint64_t most_entries) {
  for (recount(); made_ > 0 && entries_ + entries > most_entries; recount()) {
    Slot* oldest = nullptr;
    for (auto& [key, slot] : slots_)
      if (slot.range && (!oldest || slot.used < oldest->used)) oldest = &slot;
    oldest->range.reset();
  }
}

void HotRanges::forget_oldest_slot() {
  slots_.erase(std::min_element(slots_.begin(), slots_.end(), [](const auto& a, const auto& b) { return a.second.used < b.second.used; }));
  recount();
}

void HotRanges::recount() {
  made_ = entries_ = 0;
  for (const auto& [key, slot] : slots_) {
    if (!slot.range) continue;
    ++made_;
    entries_ += slot.range->size();
  }
}

}  // namespace plenoptic::index
