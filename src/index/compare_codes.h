// Small codes, one byte a record, compared 64 at a time: the coarse half of a number column.
#pragma once

#include <cstdint>

namespace plenoptic::index {

/// The bits of those of 64 codes that lie within `least` and `most`, both included.
using CompareCodes = std::uint64_t (*)(const std::uint8_t* codes, std::uint8_t least, std::uint8_t most);

/// The quickest way that this processor has.
CompareCodes compare_codes();

}  // namespace plenoptic::index
