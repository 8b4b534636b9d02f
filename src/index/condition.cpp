#include "index/condition.h"

#include <algorithm>

#include <roaring/containers/containers.h>

namespace plenoptic::index {
namespace {

constexpr std::size_t few = 4096;  // below, a bitmap of what was found is quicker than bits for every record

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

void keep_array(const array_container_t& array, ChunkWords& words) {
  ChunkWords kept{};
  for (std::int32_t i = 0; i < array.cardinality; ++i) {
    const std::uint16_t bit = array.array[i];
    kept[bit / 64] |= words[bit / 64] & (std::uint64_t{1} << bit % 64);
  }
  words = kept;
}

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

 private:
  const Bitmap& kept_;
};

/// A few records, as a bitmap of its own.
class FewCondition final : public Condition {
 public:
  explicit FewCondition(std::vector<Ordinal> found) {
    std::sort(found.begin(), found.end());
    records_.addMany(found.size(), found.data());
  }
  void keep(std::uint32_t chunk, ChunkWords& words) const override { keep_bits(records_, chunk, words); }
  bool may_match(std::uint32_t chunk) const override { return has_chunk(records_, chunk); }
  std::uint64_t estimate() const override { return records_.cardinality(); }

 private:
  Bitmap records_;
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

 private:
  std::vector<ChunkWords> chunks_;
  std::uint64_t count_;
};

}  // namespace

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
    case ARRAY_CONTAINER_TYPE_CODE: return keep_array(*static_cast<const array_container_t*>(container.content), words);
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
  if (found.size() < few) return std::make_unique<FewCondition>(std::move(found));
  return std::make_unique<ManyCondition>(found);
}

ConditionPointer empty_condition() { return found_condition({}); }

}  // namespace plenoptic::index
