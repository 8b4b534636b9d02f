// Where a record's row stands in `records`. A record's id tells it, so that a row is found by one number in one tree: the key's
// index, which tells it too, is one more, and its pages are seldom in the cache.
#pragma once

#include <cstdint>

#include "model/definitions.h"
#include "storage/sqlite/sqlite.h"

namespace plenoptic::storage::sqlite {

/// In the order of creation, and never negative: the id's millisecond (42 bits) and what its tail counts up (21). Two ids name one
/// place only where a clock that went back kept ids at one millisecond for two million of them. A record whose place is taken, by
/// such an id or by another that strayed, stands after the last row, and its key tells where. A place that was taken stays taken,
/// so that a record whose place is free is not there: rows go only with all that came later (an undone request, a group rolled
/// back), and whoever deletes one must first move what strayed from its place.
inline std::int64_t place_of(model::RecordId id) {
  constexpr int counted_bits = 21;
  return id.milliseconds() << counted_bits | static_cast<std::int64_t>(id.low & ((std::uint64_t{1} << counted_bits) - 1));
}

/// `place_of(id)` in SQL; NULL for what is no id.
void define_place_of(Connection& connection);

}  // namespace plenoptic::storage::sqlite
