#include "index/condition.h"

#include <algorithm>

#include <roaring/containers/containers.h>

namespace plenoptic::index {
namespace {

constexpr std::size_t most_few = 4096;  // above, bits for every record are quicker

/// CRoaring's container of a chunk: its key is an ordinal's upper half, as ours.
struct Container {
  const void* content = nullptr;  // null: none
  std::uint8_t type = 0;
};

Container container_of(const Bitmap& bitmap, std::uint32_t chunk) {
  const roaring_array_t& array = bitmap.roaring.high_low_container;
  const std::int32_t place = ra_get_index(&array, static_cast<std::uint16_t>(chunk));
  if (place < 0) return {};
  return {array.containers[place], array.typecodes[place]};
}

/// Keeps the bits of ordinals, or of their lower halves.
template <typename Place>
void keep_places(std::span<const Place> places, ChunkWords& words) {
  ChunkWords kept{};
  for (const Place place : places) {
    const std::uint32_t bit = place % chunk_size;
    kept[bit / 64] |= words[bit / 64] & (std::uint64_t{1} << bit % 64);
  }
  words = kept;
}

std::span<const std::uint16_t> places_of(const array_container_t& array) { return {array.array, static_cast<std::size_t>(array.cardinality)}; }

void keep_runs(const run_container_t& runs, ChunkWords& words) {
  ChunkWords kept{};
  for (std::int32_t i = 0; i < runs.n_runs; ++i) bitset_set_lenrange(kept.data(), runs.runs[i].value, runs.runs[i].length);
  for (std::size_t i = 0; i < words.size(); ++i) words[i] &= kept[i];
}

class KeptCondition : public Condition {
 public:
  explicit KeptCondition(const Bitmap& kept) : kept_(kept) {}
  void keep(std::uint32_t chunk, ChunkWords& words) const override { keep_bits(kept_, chunk, words); }
  bool may_match(std::uint32_t chunk) const override { return has_chunk(kept_, chunk); }
  std::uint64_t estimate() const override { return kept_.cardinality(); }
  bool matches(Ordinal record) const override { return kept_.contains(record); }

 private:
  const Bitmap& kept_;
};

/// A few records, one by one.
class FewCondition final : public Condition {
 public:
  explicit FewCondition(std::vector<Ordinal> found) : records_(std::move(found)) { std::sort(records_.begin(), records_.end()); }
  void keep(std::uint32_t chunk, ChunkWords& words) const override { keep_places(in_chunk(chunk), words); }
  bool may_match(std::uint32_t chunk) const override { return !in_chunk(chunk).empty(); }
  std::uint64_t estimate() const override { return records_.size(); }
  bool matches(Ordinal record) const override { return std::binary_search(records_.begin(), records_.end(), record); }
  std::optional<std::span<const Ordinal>> few() const override { return records_; }

 private:
  std::span<const Ordinal> in_chunk(std::uint32_t chunk) const {
    const auto begin = std::lower_bound(records_.begin(), records_.end(), chunk * chunk_size);
    return {begin, std::find_if(begin, records_.end(), [&](Ordinal record) { return record / chunk_size != chunk; })};
  }

  std::vector<Ordinal> records_;
};

/// Many records, as bits.
class ManyCondition final : public Condition {
 public:
  explicit ManyCondition(const std::vector<Ordinal>& found) : count_(found.size()) {
    const Ordinal greatest = *std::max_element(found.begin(), found.end());
    chunks_.resize(greatest / chunk_size + 1);
    for (Ordinal ordinal : found) chunks_[ordinal / chunk_size][ordinal % chunk_size / 64] |= std::uint64_t{1} << ordinal % 64;
  }
  void keep(std::uint32_t chunk, ChunkWords& words) const override {
    for (std::size_t i = 0; i < words.size(); ++i) words[i] &= chunks_[chunk][i];
  }
  bool may_match(std::uint32_t chunk) const override { return chunk < chunks_.size(); }
  std::uint64_t estimate() const override { return count_; }
  bool matches(Ordinal record) const override { return record / chunk_size < chunks_.size() && (chunks_[record / chunk_size][record % chunk_size / 64] >> record % 64 & 1) != 0; }

 private:
  std::vector<ChunkWords> chunks_;
  std::uint64_t count_;
};

}  // namespace

void copy_bits(const Bitmap& bitmap, std::uint32_t chunk, ChunkWords& words) {
  const Container container = container_of(bitmap, chunk);
  if (container.content && container.type == BITSET_CONTAINER_TYPE_CODE) {
    std::copy_n(static_cast<const bitset_container_t*>(container.content)->array, words.size(), words.begin());
    return;
  }
  words.fill(~std::uint64_t{0});
  keep_bits(bitmap, chunk, words);
}

void keep_bits(const Bitmap& bitmap, std::uint32_t chunk, ChunkWords& words) {
  const Container container = container_of(bitmap, chunk);
  if (!container.content) {
    words.fill(0);
    return;
  }
  switch (container.type) {
    case BITSET_CONTAINER_TYPE_CODE: {
      const std::uint64_t* bits = static_cast<const bitset_container_t*>(container.content)->array;
      for (std::size_t i = 0; i < words.size(); ++i) words[i] &= bits[i];
      return;
    }
    case ARRAY_CONTAINER_TYPE_CODE: return keep_places(places_of(*static_cast<const array_container_t*>(container.content)), words);
    default: return keep_runs(*static_cast<const run_container_t*>(container.content), words);
  }
}

std::uint64_t bits_in_chunk(const Bitmap& bitmap, std::uint32_t chunk) {
  const Container container = container_of(bitmap, chunk);
  return container.content ? static_cast<std::uint64_t>(container_get_cardinality(container.content, container.type)) : 0;
}

bool has_chunk(const Bitmap& bitmap, std::uint32_t chunk) { return container_of(bitmap, chunk).content != nullptr; }

ConditionPointer kept_condition(const Bitmap& kept) { return std::make_unique<KeptCondition>(kept); }

ConditionPointer found_condition(std::vector<Ordinal> found) {
  if (found.size() <= most_few) return std::make_unique<FewCondition>(std::move(found));
  return std::make_unique<ManyCondition>(found);
}

ConditionPointer empty_condition() { return found_condition({}); }

}  // namespace plenoptic::index
