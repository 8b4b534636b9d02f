// Answers of retrieve, kept by record: a bounded table in memory, emptied by the change log. An answer that it gives is
// the one that storage would give: the write lane takes out what a write touches before that write is answered.
//
// Answers of one object type differ in their values only, so each is kept compressed against the type's own text
// (ObjectType::wire_text): a quarter of its size, and quicker to unpack than to read from storage. Safe from any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "model/definitions.h"
#include "model/record.h"

namespace plenoptic::services {

class AnswerCache {
 public:
  /// `budget_bytes` bounds its memory, which it takes as it fills; 0: off.
  explicit AnswerCache(std::size_t budget_bytes);
  ~AnswerCache();
  AnswerCache(const AnswerCache&) = delete;
  AnswerCache& operator=(const AnswerCache&) = delete;

  struct Key {
    model::WorkspaceId workspace;
    const model::ObjectType& type;
    model::RecordId record;
    std::uint64_t schema_version = 0;
  };

  /// Appends the answer to `out` where it is there and was made from a snapshot of at most that log sequence.
  bool find(const Key& key, std::string& out, std::uint64_t newest_sequence = UINT64_MAX);
  /// Asks the memory for where the answers of these records stand: far from each other.
  void expect(std::span<const model::RecordId> records) const;
  /// To be taken before the snapshot that an answer is made from.
  std::uint64_t ticket() const { return published_.load(std::memory_order_acquire); }
  /// Keeps an answer of a live record made from a snapshot of that log sequence, unless anything was published since the
  /// ticket: it may be out of date.
  void put(const Key& key, std::uint64_t ticket, std::uint64_t sequence, std::string_view answer);
  /// To be told before the index is: a list that finds the index at a sequence finds no older answers here.
  /// Takes out what the changes touch: the records, both ends of their links, and who shows a link to one that came or went.
  void publish(model::WorkspaceId workspace, const model::Change& change);
  std::size_t memory_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }

 private:
  /// One allocation; the compressed text follows.
  struct Answer;
  static constexpr std::size_t ways = 6;
  /// A cache line, in which a record is looked for before any answer is looked at. All zero: empty. Plain, so that pages of
  /// the table that were never used cost nothing.
  struct alignas(64) Set {
    Answer* answers[ways];
    std::uint16_t tags[ways];
  };
  static_assert(sizeof(Set) == 64);
  static constexpr std::size_t locks = 256;

  /// Where a record's answer may stand, and what tells it from most others there.
  struct Place {
    std::size_t set;
    std::uint16_t tag;
  };
  Place place_of(model::RecordId record) const;
  std::mutex& lock_of(std::size_t set) { return locks_[set % locks]; }
  /// Its way in the set; `ways` where it is not there.
  std::size_t find_way(Place place, model::WorkspaceId workspace, model::RecordId record) const;
  std::size_t way_for(Place place, const Key& key);
  void empty(std::size_t set, std::size_t way);
  void drop(model::WorkspaceId workspace, model::RecordId record);
  void make_room(std::size_t bytes);

  std::size_t sets_ = 0;
  std::size_t budget_bytes_ = 0;
  std::unique_ptr<void, void (*)(void*)> memory_{nullptr, std::free};
  Set* table_ = nullptr;  // in that memory
  std::array<std::mutex, locks> locks_;
  std::atomic<std::uint64_t> published_ = 0;
  std::atomic<std::size_t> used_bytes_ = 0;
  std::atomic<std::size_t> hand_ = 0;  // where room is made next
};

}  // namespace plenoptic::services
