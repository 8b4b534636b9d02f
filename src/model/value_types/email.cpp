// EMAIL: the contract's published pattern, by hand (a regular expression would be slow on hot paths).
#include <algorithm>

#include "model/value_types.h"
#include "model/value_types/families.h"

namespace plenoptic::model::value_types {
namespace {

constexpr std::size_t longest = 320;

bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Dot-separated atoms without the characters that the pattern excludes, or anything but control characters between double quotes.
bool is_local_part(std::string_view text) {
  if (text.size() >= 3 && text.front() == '"' && text.back() == '"') return std::none_of(text.begin(), text.end(), is_control);
  constexpr std::string_view excluded = "<>()[]\\,;:@\"";
  bool atom = false;
  for (char c : text) {
    if (c == '.') {
      if (!atom) return false;
      atom = false;
      continue;
    }
    if (is_control(c) || c == ' ' || excluded.find(c) != std::string_view::npos) return false;
    atom = true;
  }
  return atom && !holds_space(text);
}

bool is_bracketed_address(std::string_view text) {
  if (text.size() < 9 || text.front() != '[' || text.back() != ']') return false;
  int parts = 1, digits = 0;
  for (char c : text.substr(1, text.size() - 2)) {
    if (c == '.') {
      if (digits == 0) return false;
      ++parts;
      digits = 0;
    } else if (!is_digit(c) || ++digits > 3) {
      return false;
    }
  }
  return parts == 4 && digits > 0;
}

bool is_domain(std::string_view text) {
  if (is_bracketed_address(text)) return true;
  const std::size_t dot = text.rfind('.');
  if (dot == std::string_view::npos) return false;
  const std::string_view top = text.substr(dot + 1);
  if (top.size() < 2 || !std::all_of(top.begin(), top.end(), is_alpha)) return false;
  bool label = false;
  for (char c : text.substr(0, dot + 1)) {
    if (c == '.') {
      if (!label) return false;
      label = false;
    } else if (is_alpha(c) || is_digit(c) || c == '-') {
      label = true;
    } else {
      return false;
    }
  }
  return true;
}

ParsedText parse_one(const FieldDefinition& field, std::string_view text) {
  const std::size_t at = text.rfind('@');
  const bool valid = text.size() <= longest && at != std::string_view::npos && is_local_part(text.substr(0, at)) && is_domain(text.substr(at + 1));
  if (!valid) return unacceptable(field, "takes an e-mail address like ada@example.com");
  return std::string(text);
}

}  // namespace

ParsedValue parse_email(const FieldDefinition& field, const base::Json& input) { return parse_texts(field, input, parse_one, lower_text); }

}  // namespace plenoptic::model::value_types
