#include "base/utf8.h"

#include <cstdint>

#include <unicode/utf8.h>

namespace plenoptic::base {

std::string printable(std::string_view text) {
  const auto size = static_cast<int32_t>(text.size());
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  std::string out;
  out.reserve(text.size());
  for (int32_t at = 0; at < size;) {
    const int32_t begin = at;
    UChar32 c;
    U8_NEXT(bytes, at, size, c);  // NOLINT(bugprone-inc-dec-in-conditions): ICU's macro
    const bool is_control = (c >= 0 && c < 0x20) || (c >= 0x7F && c < 0xA0);
    if (c < 0)
      out += "\xEF\xBF\xBD";
    else if (is_control)
      out += ' ';
    else
      out += text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(at - begin));
  }
  return out;
}

}  // namespace plenoptic::base
