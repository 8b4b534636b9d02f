// NUMBER, CURRENCY, CHECKBOX and DATETIME.
#include <array>
#include <charconv>

#include "base/clock.h"
#include "model/value_types/families.h"

namespace plenoptic::model::value_types {
namespace {

constexpr std::int64_t greatest = 9'007'199'254'740'991;  // 2^53 - 1, as the contract bounds numbers
constexpr std::int64_t greatest_hundredths = greatest * 100;

/// A JSON number as digits and the power of ten they are to be multiplied by.
struct Decimal {
  bool negative = false;
  std::string digits;  // no leading or trailing zeros; empty: zero
  std::int64_t exponent = 0;
};

std::optional<Decimal> read_decimal(std::string_view text) {
  Decimal decimal;
  if (text.starts_with('-')) {
    decimal.negative = true;
    text.remove_prefix(1);
  }
  const std::size_t e = text.find_first_of("eE");
  if (e != std::string_view::npos) {
    std::string_view exponent = text.substr(e + 1);
    if (exponent.starts_with('+')) exponent.remove_prefix(1);
    const auto [end, failure] = std::from_chars(exponent.data(), exponent.data() + exponent.size(), decimal.exponent);
    if (end != exponent.data() + exponent.size() || exponent.empty()) return std::nullopt;
    if (failure == std::errc::result_out_of_range || decimal.exponent > 1'000'000'000 || decimal.exponent < -1'000'000'000)
      decimal.exponent = exponent.starts_with('-') ? -1'000'000'000 : 1'000'000'000;
    text = text.substr(0, e);
  }
  bool fraction = false;
  for (char c : text) {
    if (c == '.') {
      if (fraction) return std::nullopt;
      fraction = true;
      continue;
    }
    if (c < '0' || c > '9') return std::nullopt;
    decimal.digits += c;
    if (fraction) --decimal.exponent;
  }
  if (decimal.digits.empty()) return std::nullopt;
  decimal.digits.erase(0, std::min(decimal.digits.find_first_not_of('0'), decimal.digits.size()));
  while (!decimal.digits.empty() && decimal.digits.back() == '0') {
    decimal.digits.pop_back();
    ++decimal.exponent;
  }
  return decimal;
}

void append_hundredths(std::string& out, std::int64_t value) {
  const bool negative = value < 0;
  const auto size = static_cast<std::uint64_t>(negative ? -value : value);
  std::array<char, 24> text;
  char* end = std::to_chars(text.data(), text.data() + text.size(), size / 100).ptr;
  const auto cents = static_cast<int>(size % 100);
  if (cents != 0) {
    *end++ = '.';
    *end++ = static_cast<char>('0' + cents / 10);
    if (cents % 10 != 0) *end++ = static_cast<char>('0' + cents % 10);
  }
  if (negative) out += '-';
  out.append(text.data(), end);
}

}  // namespace

std::optional<std::int64_t> parse_hundredths(std::string_view text) {
  const auto decimal = read_decimal(text);
  if (!decimal) return std::nullopt;
  if (decimal->digits.empty()) return 0;
  const std::int64_t shift = decimal->exponent + 2;
  if (shift < 0 || static_cast<std::int64_t>(decimal->digits.size()) + shift > 18) return std::nullopt;
  std::int64_t value = 0;
  for (char c : decimal->digits) value = value * 10 + (c - '0');
  for (std::int64_t i = 0; i < shift; ++i) value *= 10;
  if (value > greatest_hundredths) return std::nullopt;
  return decimal->negative ? -value : value;
}

ParsedValue parse_number(const FieldDefinition& field, const base::Json& input) {
  if (!input.is_number()) return wrong_type(field, "a number", input);
  const auto value = parse_hundredths(input.number_text());
  if (!value) return unacceptable(field, "takes a number with at most 2 decimals between -9007199254740991 and 9007199254740991");
  return Value(*value);
}

void write_number(const FieldDefinition&, const Value& value, std::string& out) { append_hundredths(out, std::get<std::int64_t>(value)); }

std::string display_number(const FieldDefinition&, const Value& value) {
  std::string out;
  append_hundredths(out, std::get<std::int64_t>(value));
  return out;
}

ParsedValue parse_checkbox(const FieldDefinition& field, const base::Json& input) {
  if (!input.is_boolean()) return wrong_type(field, "true, false or null", input);
  return Value(input.boolean());
}

void write_checkbox(const FieldDefinition&, const Value& value, std::string& out) { out += std::get<bool>(value) ? "true" : "false"; }

std::string display_checkbox(const FieldDefinition&, const Value& value) { return std::get<bool>(value) ? "Yes" : "No"; }

ParsedValue parse_datetime(const FieldDefinition& field, const base::Json& input) {
  if (!input.is_string()) return wrong_type(field, "a date and time as a string", input);
  const std::string_view text = trimmed(input.string());
  const auto value = base::parse_timestamp(text);
  if (!value) return invalid_type(field, value.error());
  return Value(*value);
}

void write_datetime(const FieldDefinition&, const Value& value, std::string& out) {
  out += '"';
  base::append_timestamp(out, std::get<std::int64_t>(value));
  out += '"';
}

std::string display_datetime(const FieldDefinition&, const Value& value) { return base::format_timestamp(std::get<std::int64_t>(value)); }

}  // namespace plenoptic::model::value_types
