// Cutting text without cutting a character.
#pragma once

#include <cstddef>
#include <string_view>

namespace plenoptic::base {

/// The longest prefix of at most `most` bytes that ends between characters.
inline std::string_view utf8_prefix(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

}  // namespace plenoptic::base
