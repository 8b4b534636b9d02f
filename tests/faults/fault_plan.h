// What goes wrong under SQLite, and when: read from the text of PLENOPTIC_FAULTS, for tests only.
#pragma once

#include <cstdint>
#include <string_view>

namespace plenoptic::faults {

/// What SQLite asks of a file; `shm` is the index of the write-ahead log that its connections share.
enum class Operation : std::uint8_t { read, write, sync, truncate, shm };
inline constexpr std::size_t operation_count = 5;

/// From the `at`-th on (counted from 1), `count` of them; 0 as `at`: never, 0 as `count`: from there on for good.
struct Window {
  std::uint64_t at = 0;
  std::uint64_t count = 1;
  bool holds(std::uint64_t number) const { return at != 0 && number >= at && (count == 0 || number - at < count); }
};

struct FaultPlan {
  std::uint64_t seed = 1;
  /// The change of a file (write, truncation, sync) in the midst of which the power goes; 0: it stays.
  std::uint64_t crash_after = 0;
  /// Writes that find no space.
  Window full;
  /// Operations of one kind that fail with an I/O error.
  Window failing;
  Operation failing_on = Operation::write;
  /// Syncs that say they are done and are not: to show that the tests notice.
  bool lying = false;
};

/// `seed=7,crash_after=120,enospc_at=40,enospc_for=10,eio_at=3,eio_for=1,eio_on=sync,lying=1`: any of them, in any order.
/// Throws std::invalid_argument where it reads otherwise.
FaultPlan parse_fault_plan(std::string_view text);

}  // namespace plenoptic::faults
