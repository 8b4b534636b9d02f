// What a predicate leaves of the records in question. A query works on 65,536 neighbouring ordinals at a time, as bits that
// stay in the first-level cache, and lets each condition take away what does not match: no set of matches is ever made.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "index/bitmap.h"

namespace plenoptic::index {

inline constexpr std::uint32_t chunk_size = 65'536;

/// The bits of one chunk: bit `ordinal % chunk_size` for an ordinal.
using ChunkWords = std::array<std::uint64_t, chunk_size / 64>;

/// A predicate made ready to run, its negation left aside. Valid under the index's lock.
class Condition {
 public:
  virtual ~Condition() = default;
  /// Takes the bits of records that do not match.
  virtual void keep(std::uint32_t chunk, ChunkWords& words) const = 0;
  /// False where no record of the chunk matches.
  virtual bool may_match(std::uint32_t chunk) const = 0;
  /// How many records match, about: the fewest go first.
  virtual std::uint64_t estimate() const = 0;
  virtual bool matches(Ordinal record) const = 0;
  /// All that match, ascending, where they are known and few: a query then looks at them one by one.
  virtual std::optional<std::span<const Ordinal>> few() const { return std::nullopt; }
  /// True where its cost is in the records that are left: it goes after those that cost the same for few and many.
  virtual bool looks_at_values() const { return false; }
};

using ConditionPointer = std::unique_ptr<Condition>;

/// Records of a bitmap that is kept elsewhere, for as long as the lock is held.
ConditionPointer kept_condition(const Bitmap& kept);
/// Records found one by one, in any order, each once.
ConditionPointer found_condition(std::vector<Ordinal> found);
/// No record.
ConditionPointer empty_condition();

/// The bitmap's bits.
void copy_bits(const Bitmap& bitmap, std::uint32_t chunk, ChunkWords& words);
/// Keeps the bits that stand in the bitmap.
void keep_bits(const Bitmap& bitmap, std::uint32_t chunk, ChunkWords& words);
std::uint64_t bits_in_chunk(const Bitmap& bitmap, std::uint32_t chunk);
bool has_chunk(const Bitmap& bitmap, std::uint32_t chunk);

}  // namespace plenoptic::index
