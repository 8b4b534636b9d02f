#include "base/id.h"

#include <algorithm>
#include <stdexcept>

#include <openssl/rand.h>
#include <openssl/sha.h>

namespace plenoptic::base {
namespace {

__extension__ using Wide = unsigned __int128;

constexpr std::string_view digits = "0123456789abcdefghijklmnopqrstuvwxyz";
constexpr int time_digits = 8;
constexpr int tail_digits = 16;

constexpr Wide power36(int exponent) {
  Wide result = 1;
  for (int i = 0; i < exponent; ++i) result *= 36;
  return result;
}
constexpr Wide tail_range = power36(tail_digits);
constexpr Wide all_range = power36(time_digits + tail_digits);

Wide wide(Cuid id) { return (static_cast<Wide>(id.high) << 64) | id.low; }
Cuid narrow(Wide value) { return {static_cast<std::uint64_t>(value >> 64), static_cast<std::uint64_t>(value)}; }

int digit_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  return -1;
}

/// A tail that leaves room to count up within the millisecond.
Wide random_tail() {
  const std::string bytes = random_bytes(16);
  Wide value = 0;
  for (char c : bytes) value = (value << 8) | static_cast<unsigned char>(c);
  return value % (tail_range / 2);
}

}  // namespace

void Cuid::append_to(std::string& out) const {
  constexpr std::uint64_t chunk = 2176782336;  // 36^6: two 64-bit divisions for each six digits
  std::array<char, 25> text;
  text[0] = 'c';
  Wide value = wide(*this);
  for (int group = 3; group >= 0; --group) {
    auto part = static_cast<std::uint64_t>(value % chunk);
    value /= chunk;
    for (int i = 5; i >= 0; --i) {
      text[1 + static_cast<std::size_t>(group) * 6 + static_cast<std::size_t>(i)] = digits[part % 36];
      part /= 36;
    }
  }
  out.append(text.data(), text.size());
}

std::string Cuid::text() const {
  std::string out;
  append_to(out);
  return out;
}

std::optional<Cuid> Cuid::parse(std::string_view text) {
  if (text.size() != 25 || text.front() != 'c') return std::nullopt;
  Wide value = 0;
  for (char c : text.substr(1)) {
    const int digit = digit_value(c);
    if (digit < 0) return std::nullopt;
    value = value * 36 + static_cast<unsigned>(digit);
  }
  return narrow(value);
}

std::array<char, Cuid::byte_count> Cuid::bytes() const {
  std::array<char, byte_count> out;
  for (std::size_t i = 0; i < 8; ++i) {
    out[i] = static_cast<char>(high >> (56 - 8 * i));
    out[8 + i] = static_cast<char>(low >> (56 - 8 * i));
  }
  return out;
}

Cuid Cuid::from_bytes(std::string_view bytes) {
  Cuid id;
  if (bytes.size() != byte_count) return id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.high = (id.high << 8) | static_cast<unsigned char>(bytes[i]);
    id.low = (id.low << 8) | static_cast<unsigned char>(bytes[8 + i]);
  }
  return id;
}

std::int64_t Cuid::milliseconds() const { return static_cast<std::int64_t>(wide(*this) / tail_range); }

Cuid CuidGenerator::next(std::int64_t now_ms) {
  std::lock_guard lock(mutex_);
  const bool same_millisecond = last_.milliseconds() >= now_ms;
  const Wide next = same_millisecond ? wide(last_) + 1 : static_cast<Wide>(std::max<std::int64_t>(0, now_ms)) * tail_range + random_tail();
  if (next >= all_range) throw std::runtime_error("record ids are used up");
  last_ = narrow(next);
  return last_;
}

void CuidGenerator::observe(Cuid id) {
  std::lock_guard lock(mutex_);
  last_ = std::max(last_, id);
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) throw std::runtime_error("the system gives no randomness");
  return bytes;
}

std::string uuid_v4() {
  constexpr std::string_view hex = "0123456789abcdef";
  std::string bytes = random_bytes(16);
  bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
    out += hex[static_cast<unsigned char>(bytes[i]) >> 4];
    out += hex[static_cast<unsigned char>(bytes[i]) & 15];
  }
  return out;
}

std::string random_token(std::size_t count) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const std::string bytes = random_bytes(count);
  std::string out;
  std::uint32_t pending = 0;
  int bits = 0;
  for (char c : bytes) {
    pending = (pending << 8) | static_cast<unsigned char>(c);
    for (bits += 8; bits >= 6; bits -= 6) out += alphabet[(pending >> (bits - 6)) & 63];
  }
  if (bits > 0) out += alphabet[(pending << (6 - bits)) & 63];
  return out;
}

std::string sha256(std::string_view text) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

}  // namespace plenoptic::base
