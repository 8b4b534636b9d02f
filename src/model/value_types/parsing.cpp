#include "model/value_types/parsing.h"

#include <algorithm>

#include <fmt/format.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

namespace plenoptic::model::value_types {
namespace {

constexpr std::size_t most_values = 100;

std::string_view kind_name(const base::Json& input) {
  switch (input.kind()) {
    case base::Json::Kind::null: return "null";
    case base::Json::Kind::boolean: return "a boolean";
    case base::Json::Kind::number: return "a number";
    case base::Json::Kind::string: return "a string";
    case base::Json::Kind::array: return "a list";
    case base::Json::Kind::object: return "an object";
  }
  return "";
}

bool is_space(UChar32 c) { return u_isUWhiteSpace(c) || c == 0xFEFF; }

}  // namespace

std::unexpected<Problem> wrong_type(const FieldDefinition& field, std::string_view takes, const base::Json& input) {
  return std::unexpected(Problem{ErrorKind::bad_request, "invalid_type", fmt::format("Field '{}' takes {}, but {} was sent.", field.key, takes, kind_name(input))});
}

std::unexpected<Problem> invalid_type(const FieldDefinition& field, std::string_view why) {
  return std::unexpected(Problem{ErrorKind::bad_request, "invalid_type", fmt::format("Field '{}' {}.", field.key, why)});
}

std::unexpected<Problem> unacceptable(const FieldDefinition& field, std::string_view why) {
  return std::unexpected(Problem{ErrorKind::unprocessable_content, "", fmt::format("Field '{}' {}.", field.key, why)});
}

std::string_view trimmed(std::string_view text) {
  const auto size = static_cast<int32_t>(text.size());
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  int32_t begin = 0, end = size;
  while (begin < end) {
    int32_t next = begin;
    UChar32 c;
    U8_NEXT(bytes, next, end, c);
    if (c < 0 || !is_space(c)) break;
    begin = next;
  }
  while (end > begin) {
    int32_t previous = end;
    UChar32 c;
    U8_PREV(bytes, begin, previous, c);
    if (c < 0 || !is_space(c)) break;
    end = previous;
  }
  return text.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(end - begin));
}

bool holds_space(std::string_view text) {
  const auto size = static_cast<int32_t>(text.size());
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  for (int32_t at = 0; at < size;) {
    UChar32 c;
    U8_NEXT(bytes, at, size, c);
    if (c >= 0 && is_space(c)) return true;
  }
  return false;
}

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

bool same_letters(std::string_view a, std::string_view b) { return a.size() == b.size() && lower_ascii(a) == lower_ascii(b); }

ParsedValue parse_texts(const FieldDefinition& field, const base::Json& input, ParsedText (*one)(const FieldDefinition&, std::string_view),
                        std::string (*compare)(std::string_view)) {
  const base::Json::Array single = input.is_string() ? base::Json::Array{input} : base::Json::Array{};
  if (!input.is_string() && !input.is_array()) return wrong_type(field, field.multiple ? "a string or a list of strings" : "a string", input);
  const base::Json::Array& items = input.is_array() ? input.items() : single;
  if (items.size() > most_values) return unacceptable(field, "takes at most 100 values");
  std::vector<std::string> texts, forms;
  for (const base::Json& item : items) {
    if (!item.is_string()) return wrong_type(field, "a list of strings", item);
    const std::string_view sent = trimmed(item.string());
    if (sent.empty()) return unacceptable(field, "takes no blank value. Send null to clear it");
    auto text = one(field, sent);
    if (!text) return std::unexpected(text.error());
    std::string form = compare(*text);
    if (std::find(forms.begin(), forms.end(), form) != forms.end()) continue;
    forms.push_back(std::move(form));
    texts.push_back(std::move(*text));
  }
  if (texts.empty()) return Value();
  if (field.multiple) return Value(std::move(texts));
  if (texts.size() > 1) return unacceptable(field, "takes one value, and several were sent");
  return Value(std::move(texts.front()));
}

void write_text(const FieldDefinition&, const Value& value, std::string& out) {
  if (const auto* text = std::get_if<std::string>(&value)) return base::append_json_string(out, *text);
  const auto& texts = std::get<std::vector<std::string>>(value);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    out += i == 0 ? '[' : ',';
    base::append_json_string(out, texts[i]);
  }
  out += ']';
}

std::string display_text(const FieldDefinition&, const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  std::string out;
  for (const std::string& text : std::get<std::vector<std::string>>(value)) {
    if (!out.empty()) out += ", ";
    out += text;
  }
  return out;
}

}  // namespace plenoptic::model::value_types
