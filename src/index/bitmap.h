// Sets of ordinals. CRoaring 0.2.66's class is ::Roaring; copy-on-write stays off (its 0.2.66 frees twice across threads).
#pragma once

#include <cstdint>

#include <roaring/roaring.hh>

namespace plenoptic::index {

/// A record's place among those of its type, in creation order.
using Ordinal = std::uint32_t;
using Bitmap = ::Roaring;

}  // namespace plenoptic::index
