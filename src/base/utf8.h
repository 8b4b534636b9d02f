// Text in UTF-8: cut without cutting a character, and made fit to be shown.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace plenoptic::base {

/// The longest prefix of at most `most` bytes that ends between characters.
inline std::string_view utf8_prefix(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

/// Spaces for control characters, U+FFFD for what is no character. For texts of a few kilobytes.
std::string printable(std::string_view text);

}  // namespace plenoptic::base
