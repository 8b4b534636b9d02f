// Answers of retrieve, kept by record: a bounded table in memory, emptied by the change log. An answer that it gives is
// the one that storage would give: the write lane takes out what a write touches before that write is answered.
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "model/record.h"

namespace plenoptic::services {

class AnswerCache {
 public:
  /// `slots` is rounded up to a power of two; 0: off. Each slot holds one answer of at most largest_answer bytes.
  explicit AnswerCache(std::size_t slots);
  static constexpr std::size_t largest_answer = 8 << 10;

  /// Appends the answer to `out` where it is there.
  bool find(model::WorkspaceId workspace, model::RecordId record, std::uint64_t schema_version, std::string& out);
  /// To be taken before the snapshot that an answer is made from.
  std::uint64_t ticket() const { return published_.load(std::memory_order_acquire); }
  /// Keeps an answer, unless anything was published since the ticket: it may be out of date.
  void put(model::WorkspaceId workspace, model::RecordId record, std::uint64_t schema_version, std::uint64_t ticket, const std::string& answer);
  /// Takes out what the changes touch: the records, both ends of their links, and who shows a link to one that came or went.
  void publish(model::WorkspaceId workspace, const model::Change& change);

 private:
  struct Slot {
    std::mutex mutex;
    model::WorkspaceId workspace;
    model::RecordId record;
    std::uint64_t schema_version = 0;
    std::string answer;
  };
  Slot& slot(model::RecordId record);
  void drop(model::WorkspaceId workspace, model::RecordId record);

  std::vector<Slot> slots_;
  std::size_t mask_ = 0;
  std::atomic<std::uint64_t> published_ = 0;
};

}  // namespace plenoptic::services
