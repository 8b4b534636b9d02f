// A text for each ordinal, packed into one array. Replaced texts leave holes, which are squeezed out when they are many.
#pragma once

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
  void set(Ordinal ordinal, std::string_view text);
  std::size_t memory_bytes() const { return bytes_.capacity() + places_.capacity() * sizeof(Place); }
  void archive(Archive& archive);

 private:
  struct Place {
    std::uint32_t offset_low = 0;
    std::uint32_t size = 0;
    std::uint32_t offset_high = 0;
    std::uint64_t offset() const { return std::uint64_t{offset_high} << 32 | offset_low; }
  };
  void squeeze();

  std::string bytes_;
  std::vector<Place> places_;
  std::size_t holes_ = 0;
};

}  // namespace plenoptic::index
