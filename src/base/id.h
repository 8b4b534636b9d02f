// Record ids: `c` and 24 base-36 digits, held as one 128-bit number whose order is the order of creation
// (8 digits of milliseconds, 16 random ones whose tail counts up within a millisecond).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace plenoptic::base {

/// 24 base-36 digits as an unsigned 128-bit number. Zero is "no id".
struct Cuid {
  static constexpr std::size_t byte_count = 16;

  std::uint64_t high = 0;
  std::uint64_t low = 0;

  auto operator<=>(const Cuid&) const = default;
  explicit operator bool() const { return high != 0 || low != 0; }

  /// 25 characters: `c` and the digits.
  std::string text() const;
  void append_to(std::string& out) const;
  /// Nothing unless `text` is exactly such an id.
  static std::optional<Cuid> parse(std::string_view text);

  /// Not before any id.
  static constexpr Cuid greatest() { return {UINT64_MAX, UINT64_MAX}; }

  /// Big endian, so that bytes sort as ids do.
  std::array<char, byte_count> bytes() const;
  static Cuid from_bytes(std::string_view bytes);
  /// The millisecond in the leading 8 digits.
  std::int64_t milliseconds() const;
};

/// Makes ids that only ever grow, even when the clock goes back. Safe from any thread.
class CuidGenerator {
 public:
  /// `floor` is the greatest id known from before (restart), so that new ids sort after it.
  explicit CuidGenerator(Cuid floor = {}) : last_(floor) {}
  Cuid next(std::int64_t now_ms);
  /// Raises the floor.
  void observe(Cuid id);

 private:
  std::mutex mutex_;
  Cuid last_;
};

/// Cryptographic randomness: `count` bytes.
std::string random_bytes(std::size_t count);
/// A random UUID of version 4, lower case with hyphens.
std::string uuid_v4();
/// `count` random bytes as unpadded base-64url.
std::string random_token(std::size_t count);
/// SHA-256, 32 raw bytes.
std::string sha256(std::string_view text);

}  // namespace plenoptic::base

template <>
struct std::hash<plenoptic::base::Cuid> {
  std::size_t operator()(const plenoptic::base::Cuid& id) const noexcept { return static_cast<std::size_t>(id.low ^ (id.high * 0x9e3779b97f4a7c15ULL)); }
};
