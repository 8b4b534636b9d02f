// Text in UTF-8: cut without cutting a character, and made fit to be shown.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <unicode/utf8.h>

namespace plenoptic::base {

/// The longest prefix of at most `most` bytes that ends between characters.
inline std::string_view utf8_prefix(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

/// In code points, of which most terminals show each in a column.
inline std::size_t utf8_length(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

/// Visits (code point, its bytes) of each; the code point is negative where the bytes are no character. For texts below 2 GiB.
template <typename Visit>
void for_each_character(std::string_view text, Visit visit) {
  const auto size = static_cast<std::int32_t>(text.size());
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  for (std::int32_t at = 0; at < size;) {
    const std::int32_t begin = at;
    UChar32 c;
    U8_NEXT(bytes, at, size, c);  // NOLINT(bugprone-inc-dec-in-conditions): ICU's macro
    visit(c, text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(at - begin)));
  }
}

/// Spaces for control characters, U+FFFD for what is no character. For texts of a few kilobytes.
std::string printable(std::string_view text);

/// As one word of a command to paste into a shell: between quotes where it needs them.
std::string shell_word(std::string_view text);

}  // namespace plenoptic::base
