#include "base/utf8.h"

namespace plenoptic::base {

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for_each_character(text, [&](UChar32 c, std::string_view bytes) {
    const bool is_control = (c >= 0 && c < 0x20) || (c >= 0x7F && c < 0xA0);
    if (c < 0)
      out += "\xEF\xBF\xBD";
    else if (is_control)
      out += ' ';
    else
      out += bytes;
  });
  return out;
}

}  // namespace plenoptic::base
