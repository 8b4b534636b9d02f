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

std::string shell_word(std::string_view text) {
  constexpr std::string_view plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:@%+=,";
  if (!text.empty() && text.find_first_not_of(plain) == std::string_view::npos) return std::string(text);
  std::string word = "'";
  for (char c : text) c == '\'' ? word += "'\\''" : word += c;
  return word + "'";
}

}  // namespace plenoptic::base
