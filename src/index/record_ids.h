// The ids of one object type's records, by ordinal: ascending, since ids sort by creation.
#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <vector>

#include "index/archive.h"
#include "index/bitmap.h"
#include "model/definitions.h"

namespace plenoptic::index {

class RecordIds {
 public:
  /// Throws std::logic_error where the id does not follow the last one.
  Ordinal append(model::RecordId id) {
    if (!ids_.empty() && !(ids_.back() < id)) throw std::logic_error("record ids must come in ascending order");
    if (ids_.size() % stride == 0) fences_.push_back(id.high);
    ids_.push_back(id);
    return static_cast<Ordinal>(ids_.size() - 1);
  }

  std::optional<Ordinal> find(model::RecordId id) const {
    // The last stretch that begins below the id; a few with one upper half may follow each other.
    const auto fence = std::lower_bound(fences_.begin(), fences_.end(), id.high);
    const auto first = static_cast<std::size_t>(fence - fences_.begin());
    const std::size_t begin = first == 0 ? 0 : (first - 1) * stride;
    const auto after = std::upper_bound(fence, fences_.end(), id.high) - fences_.begin();
    const std::span<const model::RecordId> ids = std::span(ids_).first(std::min(ids_.size(), static_cast<std::size_t>(after) * stride)).subspan(begin);
    // All of it at once, unless it is more than a stretch: a search alone waits for one cache line after another.
    for (std::size_t at = 0; at < std::min(ids.size(), 2 * stride); at += ids_in_line) __builtin_prefetch(&ids[at]);
    const auto place = std::lower_bound(ids.begin(), ids.end(), id);
    if (place == ids.end() || *place != id) return std::nullopt;
    return static_cast<Ordinal>(begin + static_cast<std::size_t>(place - ids.begin()));
  }

  model::RecordId operator[](Ordinal ordinal) const { return ids_[ordinal]; }
  std::size_t size() const { return ids_.size(); }
  std::size_t memory_bytes() const { return ids_.capacity() * sizeof(model::RecordId) + fences_.capacity() * sizeof(std::uint64_t); }

  void archive(Archive& archive) {
    archive(ids_);
    if (!archive.is_restoring()) return;
    archive.require(std::is_sorted(ids_.begin(), ids_.end(), std::less_equal()));  // no two alike
    for (std::size_t i = 0; i < ids_.size(); i += stride) fences_.push_back(ids_[i].high);
  }

 private:
  static constexpr std::size_t stride = 64;  // ids between fences: what a search reads stays within a few cache lines
  static constexpr std::size_t ids_in_line = 64 / sizeof(model::RecordId);

  std::vector<model::RecordId> ids_;
  std::vector<std::uint64_t> fences_;  // the upper half of every 64th id: small enough to stay in the cache
};

}  // namespace plenoptic::index
