#include "services/answer_cache.h"

#include <algorithm>
#include <bit>
#include <new>

#include <lz4.h>

namespace plenoptic::services {
namespace {

constexpr std::size_t largest_answer = 16 << 10;
constexpr std::size_t bytes_for_a_slot = 256;  // of the budget: a little less than an answer takes, so that slots do not run out first
constexpr std::size_t overhead = 16;           // of an allocation

/// Fails (0) where the answer does not shrink; such a one is not worth keeping.
int pack(std::string_view dictionary, std::string_view answer, char* to, std::size_t size) {
  thread_local LZ4_stream_t stream;
  LZ4_initStream(&stream, sizeof stream);
  LZ4_loadDict(&stream, dictionary.data(), static_cast<int>(dictionary.size()));
  return LZ4_compress_fast_continue(&stream, answer.data(), to, static_cast<int>(answer.size()), static_cast<int>(size), 1);
}

}  // namespace

AnswerCache::AnswerCache(std::size_t budget_bytes) {
  if (budget_bytes == 0) return;
  sets_ = std::bit_floor(std::max<std::size_t>(budget_bytes / bytes_for_a_slot / ways, 1));
  budget_bytes_ = budget_bytes;
  table_.reset(static_cast<Slot*>(std::calloc(sets_ * ways, sizeof(Slot))));
  if (!table_) throw std::bad_alloc();
}

AnswerCache::~AnswerCache() {
  for (std::size_t i = 0; i < sets_ * ways; ++i) std::free(table_[i].packed);
}

std::size_t AnswerCache::set_of(model::RecordId record) const { return (std::hash<model::RecordId>()(record) * 0x9e3779b97f4a7c15ULL >> 20) & (sets_ - 1); }

AnswerCache::Slot* AnswerCache::find_slot(std::size_t set, model::WorkspaceId workspace, model::RecordId record) const {
  Slot* const begin = slots(set);
  Slot* const found = std::find_if(begin, begin + ways, [&](const Slot& slot) { return slot.packed && slot.record == record && slot.workspace == workspace; });
  return found == begin + ways ? nullptr : found;
}

bool AnswerCache::find(const Key& key, std::string& out, std::uint64_t newest_sequence) {
  if (sets_ == 0) return false;
  const std::size_t set = set_of(key.record);
  std::lock_guard lock(lock_of(set));
  const Slot* slot = find_slot(set, key.workspace, key.record);
  if (!slot || slot->type != key.type.number || slot->schema_version != key.schema_version || slot->sequence > newest_sequence) return false;
  const std::string& dictionary = key.type.wire_text;
  const std::size_t before = out.size();
  out.resize(before + slot->answer_size);
  const int size = LZ4_decompress_safe_usingDict(slot->packed, out.data() + before, slot->packed_size, slot->answer_size, dictionary.data(), static_cast<int>(dictionary.size()));
  if (size == slot->answer_size) return true;
  out.resize(before);
  return false;
}

void AnswerCache::expect(model::RecordId record) const {
  constexpr std::size_t cache_line = 64;
  if (sets_ == 0) return;
  const auto* set = reinterpret_cast<const char*>(slots(set_of(record)));
  for (std::size_t at = 0; at < ways * sizeof(Slot); at += cache_line) __builtin_prefetch(set + at);
}

void AnswerCache::put(const Key& key, std::uint64_t ticket, std::uint64_t sequence, std::string_view answer) {
  if (sets_ == 0 || answer.size() > largest_answer) return;
  std::array<char, largest_answer> packed;
  const int size = pack(key.type.wire_text, answer, packed.data(), packed.size());
  if (size <= 0) return;
  const auto bytes = static_cast<std::size_t>(size);
  make_room(bytes + overhead);
  const std::size_t set = set_of(key.record);
  std::lock_guard lock(lock_of(set));
  // publish() counts first and empties slots afterwards, under their locks: nothing out of date can stay.
  if (published_.load(std::memory_order_acquire) != ticket) return;
  Slot* slot = find_slot(set, key.workspace, key.record);
  if (!slot) slot = std::find_if(slots(set), slots(set) + ways, [](const Slot& one) { return !one.packed; });
  if (slot == slots(set) + ways) slot = slots(set) + hand_.fetch_add(1, std::memory_order_relaxed) % ways;
  empty(*slot);
  auto* const memory = static_cast<char*>(std::malloc(bytes));
  if (!memory) return;
  std::copy_n(packed.data(), bytes, memory);
  *slot = {key.record, key.schema_version, sequence, memory, key.workspace, static_cast<std::uint16_t>(answer.size()), static_cast<std::uint16_t>(bytes), key.type.number};
  used_bytes_.fetch_add(bytes + overhead, std::memory_order_relaxed);
}

void AnswerCache::publish(model::WorkspaceId workspace, const model::Change& change) {
  published_.fetch_add(1, std::memory_order_acq_rel);
  if (sets_ == 0) return;
  drop(workspace, change.record);
  for (const model::LinkChange& link : change.links) {
    drop(workspace, link.source);
    drop(workspace, link.destination);
  }
  for (model::RecordId neighbour : change.neighbours) drop(workspace, neighbour);
}

void AnswerCache::drop(model::WorkspaceId workspace, model::RecordId record) {
  const std::size_t set = set_of(record);
  std::lock_guard lock(lock_of(set));
  if (Slot* slot = find_slot(set, workspace, record)) empty(*slot);
}

void AnswerCache::empty(Slot& slot) {
  if (!slot.packed) return;
  std::free(slot.packed);
  slot.packed = nullptr;
  used_bytes_.fetch_sub(slot.packed_size + overhead, std::memory_order_relaxed);
}

/// A hand goes round the table and empties what it meets until there is room.
void AnswerCache::make_room(std::size_t bytes) {
  while (used_bytes_.load(std::memory_order_relaxed) + bytes + sets_ * ways * sizeof(Slot) > budget_bytes_ && used_bytes_.load(std::memory_order_relaxed) > 0) {
    const std::size_t set = hand_.fetch_add(1, std::memory_order_relaxed) & (sets_ - 1);
    std::lock_guard lock(lock_of(set));
    for (std::size_t i = 0; i < ways; ++i) empty(slots(set)[i]);
  }
}

}  // namespace plenoptic::services
