// One file as a disk with a volatile cache holds it: what was written since the last sync stands in memory, sector by
// sector, and reaches the real file at the next sync, or in part when the power goes.
//
// Shared by all handles of a path within the process; its owner locks. A sector is written whole or not at all; anything larger may tear.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

#include <sqlite3.h>

namespace plenoptic::faults {

using Random = std::mt19937_64;

class UnsyncedFile {
 public:
  static constexpr std::int64_t sector_bytes = 512;

  /// `real`: a handle of the file below; any of a path's handles will do, at every call.
  explicit UnsyncedFile(sqlite3_file* real);

  /// The newest bytes, zeros past the end; returns how many there were.
  std::int64_t read(sqlite3_file* real, char* out, std::int64_t amount, std::int64_t offset) const;
  void write(sqlite3_file* real, const char* data, std::int64_t amount, std::int64_t offset);
  void truncate(std::int64_t size);
  std::int64_t size() const { return size_; }

  /// What a sync does: everything goes down. Returns SQLite's code.
  int apply_all(sqlite3_file* real);
  /// What is left when the power goes: nothing, everything, the oldest writes, or any of them.
  void apply_some(sqlite3_file* real, Random& random);

 private:
  using Sector = std::array<char, sector_bytes>;

  Sector current(sqlite3_file* real, std::int64_t number) const;
  int apply_sector(sqlite3_file* real, std::int64_t number) const;
  int apply_truncation(sqlite3_file* real) const;

  std::map<std::int64_t, Sector> sectors_;  // unsynced, by number
  std::vector<std::int64_t> order_;         // their numbers, the first written first
  std::int64_t size_ = 0;                   // as its users see it
  std::int64_t kept_ = 0;                   // how much of the real file still counts: less than it has after a truncation
};

}  // namespace plenoptic::faults
