// TELEPHONE by libphonenumber, whose headers stay in this file.
#include <algorithm>

#include <phonenumbers/phonenumberutil.h>

#include "model/value_types/families.h"

namespace plenoptic::model::value_types {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

constexpr std::size_t longest = 60;

struct Split {
  std::string number;
  std::string extension;
};

/// `+1 202 555 1234 x100`, `… ext:100`, `… #100`, `…;ext=100`.
Split split_extension(std::string_view text) {
  const std::string lower = lower_ascii(text);
  for (std::string_view mark : {";ext=", "extension", "ext.", "ext:", "ext", "x", "#"}) {
    const std::size_t at = lower.rfind(mark);
    if (at == std::string::npos || at == 0) continue;
    std::string digits;
    bool only_digits = true;
    for (char c : std::string_view(lower).substr(at + mark.size())) {
      if (c >= '0' && c <= '9')
        digits += c;
      else if (c != ' ' && c != ':' && c != '.')
        only_digits = false;
    }
    if (only_digits && !digits.empty() && digits.size() <= 11) return {std::string(trimmed(text.substr(0, at))), digits};
  }
  return {std::string(text), ""};
}

/// Digits and the marks that people put between them; a plus only in front.
bool is_telephone_like(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || std::string_view("-. ()/").find(c) != std::string_view::npos; });
}

std::string digits_of(std::string_view text) {
  std::string digits;
  for (char c : text)
    if (c >= '0' && c <= '9') digits += c;
  return digits;
}

std::string e164(const PhoneNumber& number) {
  std::string out;
  PhoneNumberUtil::GetInstance()->Format(number, PhoneNumberUtil::E164, &out);
  return out;
}

ParsedText parse_one(const FieldDefinition& field, std::string_view text) {
  constexpr std::string_view want = "takes a telephone number like +12025551234, with an extension like +12025551234;ext=100";
  if (text.size() > longest) return unacceptable(field, want);
  if (lower_ascii(text).starts_with("tel:")) text.remove_prefix(4);
  const Split split = split_extension(text);
  const std::string suffix = split.extension.empty() ? "" : ";ext=" + split.extension;
  if (!is_telephone_like(split.number)) return unacceptable(field, want);
  const PhoneNumberUtil& util = *PhoneNumberUtil::GetInstance();
  const bool international = split.number.starts_with('+');
  // Parsed without its marks, so that a number kept as digits means the same when it is written again.
  const std::string local = digits_of(split.number);
  PhoneNumber number;
  const bool parsed =
      international ? util.Parse("+" + local, "ZZ", &number) == PhoneNumberUtil::NO_PARSING_ERROR : util.Parse(local, "US", &number) == PhoneNumberUtil::NO_PARSING_ERROR;
  if (parsed && util.IsValidNumber(number)) return e164(number) + suffix;
  if (international) return unacceptable(field, want);
  if (local.size() < 7 || local.size() > 15) return unacceptable(field, want);
  return local + suffix;
}

}  // namespace

ParsedValue parse_telephone(const FieldDefinition& field, const base::Json& input) {
  return parse_texts(field, input, parse_one, [](std::string_view text) { return std::string(text); });
}

}  // namespace plenoptic::model::value_types
