// How long the write lane takes: a fixed cost per group (the commit), and a cost per request in it. Tells how long a request
// that comes now would wait. The lane notes, any thread asks.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace plenoptic::services {

class LanePace {
 public:
  using Duration = std::chrono::nanoseconds;

  /// A group of so many requests took so long.
  void note(std::size_t requests, Duration took);
  /// Until a request behind so many would be committed, with groups of `largest_group`. Zero where they are few: those that
  /// a handful of clients have under way are no overload, however slow the disk is.
  Duration expected_wait(std::size_t ahead, std::size_t largest_group) const;

 private:
  std::atomic<std::int64_t> per_group_ns_ = 0;
  std::atomic<std::int64_t> per_request_ns_ = 0;
};

}  // namespace plenoptic::services
