#include "services/answer_cache.h"

#include <algorithm>
#include <iterator>
#include <new>

#include <lz4.h>

namespace plenoptic::services {
namespace {

constexpr std::size_t largest_answer = 16 << 10;
constexpr std::size_t bytes_for_a_slot = 256;  // of the budget: less than an answer takes, so that slots do not run out first
constexpr std::size_t overhead = 16;           // of an allocation
constexpr std::size_t cache_line = 64;

/// Fails (0) where the answer does not shrink; such a one is not worth keeping.
int pack(std::string_view dictionary, std::string_view answer, char* to, std::size_t size) {
  thread_local LZ4_stream_t stream;
  LZ4_initStream(&stream, sizeof stream);
  LZ4_loadDict(&stream, dictionary.data(), static_cast<int>(dictionary.size()));
  return LZ4_compress_fast_continue(&stream, answer.data(), to, static_cast<int>(answer.size()), static_cast<int>(size), 1);
}

}  // namespace

struct AnswerCache::Answer {
  model::RecordId record;
  std::uint64_t schema_version;
  std::uint64_t sequence;
  model::WorkspaceId workspace;
  model::TypeNumber type;
  std::uint16_t size;
  std::uint16_t packed_size;

  char* text() { return reinterpret_cast<char*>(this + 1); }
  std::size_t bytes() const { return sizeof(Answer) + packed_size + overhead; }
};

AnswerCache::AnswerCache(std::size_t budget_bytes) {
  if (budget_bytes == 0) return;
  sets_ = std::max<std::size_t>(budget_bytes / bytes_for_a_slot / ways, 1);
  budget_bytes_ = budget_bytes;
  std::size_t room = (sets_ + 1) * sizeof(Set);
  memory_.reset(std::calloc(1, room));
  if (!memory_) throw std::bad_alloc();
  void* begin = memory_.get();
  table_ = static_cast<Set*>(std::align(alignof(Set), sets_ * sizeof(Set), begin, room));
}

AnswerCache::~AnswerCache() {
  for (std::size_t set = 0; set < sets_; ++set)
    for (Answer* answer : table_[set].answers) std::free(answer);
}

AnswerCache::Place AnswerCache::place_of(model::RecordId record) const {
  const std::uint64_t hash = std::hash<model::RecordId>()(record) * 0x9e3779b97f4a7c15ULL;
  return {.set = (hash >> 32) * sets_ >> 32, .tag = static_cast<std::uint16_t>(hash)};
}

std::size_t AnswerCache::find_way(Place place, model::WorkspaceId workspace, model::RecordId record) const {
  const Set& set = table_[place.set];
  for (std::size_t way = 0; way < ways; ++way) {
    const Answer* answer = set.answers[way];
    if (answer && set.tags[way] == place.tag && answer->record == record && answer->workspace == workspace) return way;
  }
  return ways;
}

bool AnswerCache::find(const Key& key, std::string& out, std::uint64_t newest_sequence) {
  if (sets_ == 0) return false;
  const Place place = place_of(key.record);
  std::lock_guard lock(lock_of(place.set));
  const std::size_t way = find_way(place, key.workspace, key.record);
  if (way == ways) return false;
  Answer& answer = *table_[place.set].answers[way];
  if (answer.type != key.type.number || answer.schema_version != key.schema_version || answer.sequence > newest_sequence) return false;
  const std::string& dictionary = key.type.wire_text;
  const std::size_t before = out.size();
  out.resize(before + answer.size);
  const int size = LZ4_decompress_safe_usingDict(answer.text(), out.data() + before, answer.packed_size, answer.size, dictionary.data(), static_cast<int>(dictionary.size()));
  if (size == answer.size) return true;
  out.resize(before);
  return false;
}

/// Without a lock: what is found may be gone, and is only asked for.
void AnswerCache::expect(std::span<const model::RecordId> records) const {
  constexpr std::size_t most_of_an_answer = 512;
  if (sets_ == 0) return;
  for (const model::RecordId record : records) __builtin_prefetch(&table_[place_of(record).set]);
  for (const model::RecordId record : records) {
    const Place place = place_of(record);
    Set& set = table_[place.set];
    for (std::size_t way = 0; way < ways; ++way) {
      if (std::atomic_ref(set.tags[way]).load(std::memory_order_relaxed) != place.tag) continue;
      const auto* answer = reinterpret_cast<const char*>(std::atomic_ref(set.answers[way]).load(std::memory_order_relaxed));
      if (!answer) continue;
      for (std::size_t at = 0; at < most_of_an_answer; at += cache_line) __builtin_prefetch(answer + at);
    }
  }
}

void AnswerCache::put(const Key& key, std::uint64_t ticket, std::uint64_t sequence, std::string_view answer) {
  if (sets_ == 0 || answer.size() > largest_answer) return;
  std::array<char, largest_answer> packed;
  const int size = pack(key.type.wire_text, answer, packed.data(), packed.size());
  if (size <= 0) return;
  const auto bytes = static_cast<std::size_t>(size);
  make_room(sizeof(Answer) + bytes + overhead);
  const Place place = place_of(key.record);
  std::lock_guard lock(lock_of(place.set));
  // publish() counts first and empties slots afterwards, under their locks: nothing out of date can stay.
  if (published_.load(std::memory_order_acquire) != ticket) return;
  const std::size_t way = way_for(place, key);
  empty(place.set, way);
  void* const memory = std::malloc(sizeof(Answer) + bytes);
  if (!memory) return;
  auto* const kept = new (memory) Answer{.record = key.record,
                                         .schema_version = key.schema_version,
                                         .sequence = sequence,
                                         .workspace = key.workspace,
                                         .type = key.type.number,
                                         .size = static_cast<std::uint16_t>(answer.size()),
                                         .packed_size = static_cast<std::uint16_t>(bytes)};
  std::copy_n(packed.data(), bytes, kept->text());
  std::atomic_ref(table_[place.set].tags[way]).store(place.tag, std::memory_order_relaxed);
  std::atomic_ref(table_[place.set].answers[way]).store(kept, std::memory_order_relaxed);
  used_bytes_.fetch_add(kept->bytes(), std::memory_order_relaxed);
}

/// The one that it has, an empty one, or another's.
std::size_t AnswerCache::way_for(Place place, const Key& key) {
  if (const std::size_t way = find_way(place, key.workspace, key.record); way != ways) return way;
  const auto& answers = table_[place.set].answers;
  const auto* const vacant = std::find(std::begin(answers), std::end(answers), nullptr);
  if (vacant != std::end(answers)) return static_cast<std::size_t>(vacant - std::begin(answers));
  return hand_.fetch_add(1, std::memory_order_relaxed) % ways;
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
  const Place place = place_of(record);
  std::lock_guard lock(lock_of(place.set));
  if (const std::size_t way = find_way(place, workspace, record); way != ways) empty(place.set, way);
}

void AnswerCache::empty(std::size_t set, std::size_t way) {
  Answer* const answer = table_[set].answers[way];
  if (!answer) return;
  std::atomic_ref(table_[set].answers[way]).store(nullptr, std::memory_order_relaxed);
  used_bytes_.fetch_sub(answer->bytes(), std::memory_order_relaxed);
  std::free(answer);
}

/// A hand goes round the table and empties what it meets until there is room.
void AnswerCache::make_room(std::size_t bytes) {
  while (used_bytes_.load(std::memory_order_relaxed) + bytes + sets_ * sizeof(Set) > budget_bytes_ && used_bytes_.load(std::memory_order_relaxed) > 0) {
    const std::size_t set = hand_.fetch_add(1, std::memory_order_relaxed) % sets_;
    std::lock_guard lock(lock_of(set));
    for (std::size_t way = 0; way < ways; ++way) empty(set, way);
  }
}

}  // namespace plenoptic::services
