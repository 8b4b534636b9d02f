// A text for each ordinal, packed into one array. Replaced texts leave holes, which are squeezed out when they are many. A text that
// others have too (a next step that was picked from four) is kept once, mostly: that spares memory, and whoever compares many such
// texts finds them in the cache.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/archive.h"
#include "index/bitmap.h"

namespace plenoptic::index {

class TextStore {
 public:
  /// Empty where there is none.
  std::string_view get(Ordinal ordinal) const;
  /// Visits (ordinal, text) of each. The texts lie all over memory: some are asked for before the first is looked at.
  template <typename Visit>
  void visit(std::span<const Ordinal> ordinals, Visit visit) const {
    constexpr std::size_t batch = 32;
    while (!ordinals.empty()) {
      const auto some = ordinals.first(std::min(batch, ordinals.size()));
      ordinals = ordinals.subspan(some.size());
      for (Ordinal ordinal : some) __builtin_prefetch(places_.data() + ordinal);
      for (Ordinal ordinal : some) __builtin_prefetch(get(ordinal).data());
      for (Ordinal ordinal : some) visit(ordinal, get(ordinal));
    }
  }
  void set(Ordinal ordinal, std::string_view text);
  std::size_t memory_bytes() const { return bytes_.capacity() + (places_.capacity() + recent_.capacity()) * sizeof(Place); }
  void archive(Archive& archive);

 private:
  struct Place {
    std::uint32_t offset_low = 0;
    std::uint32_t size = 0;
    std::uint32_t offset_high = 0;
    std::uint64_t offset() const { return std::uint64_t{offset_high} << 32 | offset_low; }
  };
  /// The place of such a text that was set lately, or a new one at the end of `bytes_`.
  Place place_for(std::string_view text);
  void squeeze();

  std::string bytes_;
  std::vector<Place> places_;
  std::vector<Place> recent_;  // by the texts' hash; empty until a text is set
  std::size_t holes_ = 0;      // at most: others may have what was replaced
  std::size_t squeezed_ = 0;   // bytes there were after the last time
};

}  // namespace plenoptic::index
