// Time behind an interface, so that tests set it.
#pragma once

#include <atomic>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace plenoptic::base {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Milliseconds since the Unix epoch, UTC.
  virtual std::int64_t now_ms() const = 0;
};

class SystemClock final : public Clock {
 public:
  std::int64_t now_ms() const override;
};

class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t start_ms) : now_ms_(start_ms) {}
  std::int64_t now_ms() const override { return now_ms_.load(); }
  void advance_ms(std::int64_t by) { now_ms_.fetch_add(by); }

 private:
  std::atomic<std::int64_t> now_ms_;
};

/// `2026-05-01T08:30:00.000Z`. Years 0000 to 9999.
std::string format_timestamp(std::int64_t unix_ms);
void append_timestamp(std::string& out, std::int64_t unix_ms);

/// RFC 3339 with `Z` or an offset, or a bare date (midnight UTC), to milliseconds (further digits are cut).
/// The error says what is wrong with it.
std::expected<std::int64_t, std::string> parse_timestamp(std::string_view text);

}  // namespace plenoptic::base
