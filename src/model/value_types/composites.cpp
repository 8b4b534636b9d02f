// ADDRESS and FULL_NAME: objects of named parts, replaced as a whole.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <unicode/uloc.h>

#include "base/utf8.h"
#include "model/value_types/families.h"

namespace plenoptic::model::value_types {
namespace {

constexpr std::size_t longest_part = 500;
constexpr std::size_t longest_name = 200;

struct AddressPart {
  std::string_view key;
  std::optional<std::string> Address::* part;
};
constexpr std::array<AddressPart, 6> text_parts = {{{"street", &Address::street},
                                                    {"street2", &Address::street2},
                                                    {"city", &Address::city},
                                                    {"state", &Address::state},
                                                    {"postalCode", &Address::postal_code},
                                                    {"country", &Address::country}}};
constexpr std::array<AddressPart, 2> number_parts = {{{"latitude", &Address::latitude}, {"longitude", &Address::longitude}}};

struct NamePart {
  std::string_view key;
  std::optional<std::string> FullName::* part;
};
constexpr std::array<NamePart, 2> name_parts = {{{"firstName", &FullName::first_name}, {"lastName", &FullName::last_name}}};

using ParsedPart = std::expected<std::optional<std::string>, Problem>;

ParsedPart parse_part(const FieldDefinition& field, std::string_view key, const base::Json& input, std::size_t longest) {
  if (input.is_null()) return std::nullopt;
  if (!input.is_string()) return invalid_type(field, "takes a string or null for '" + std::string(key) + "'");
  const std::string_view text = trimmed(input.string());
  if (base::utf8_length(text) > longest) return unacceptable(field, "takes at most " + std::to_string(longest) + " characters for '" + std::string(key) + "'");
  return text.empty() ? std::nullopt : std::optional(std::string(text));
}

bool is_country(const std::string& code) {
  for (const char* const* known = uloc_getISOCountries(); *known; ++known)
    if (code == *known) return true;
  return false;
}

ParsedPart parse_coordinate(const FieldDefinition& field, std::string_view key, const base::Json& input) {
  if (input.is_null()) return std::nullopt;
  if (!input.is_number()) return invalid_type(field, "takes a number or null for '" + std::string(key) + "'");
  const double bound = key == "latitude" ? 90 : 180;
  const double value = input.number_as_double();
  if (!(value >= -bound && value <= bound) || input.number_text().size() > 40)
    return unacceptable(field,
                        "takes a number from -" + std::to_string(static_cast<int>(bound)) + " to " + std::to_string(static_cast<int>(bound)) + " for '" + std::string(key) + "'");
  return fmt::format("{}", value + 0.0);  // one text for 52.5, 52.50 and 525e-1, and 0 for -0
}

ParsedPart parse_country(const FieldDefinition& field, const base::Json& input) {
  ParsedPart country = parse_part(field, "country", input, longest_part);
  if (!country || !*country) return country;
  for (char& c : **country)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  if (!is_country(**country)) return unacceptable(field, "takes a country as its two-letter ISO 3166-1 code, like US or DE");
  return country;
}

ParsedPart parse_address_part(const FieldDefinition& field, std::string_view key, const base::Json& input) {
  if (key == "country") return parse_country(field, input);
  if (key == "latitude" || key == "longitude") return parse_coordinate(field, key, input);
  return parse_part(field, key, input, longest_part);
}

std::optional<std::string> Address::* find_address_part(std::string_view key) {
  for (const AddressPart& part : text_parts)
    if (part.key == key) return part.part;
  for (const AddressPart& part : number_parts)
    if (part.key == key) return part.part;
  return nullptr;
}

void append_text_part(std::string& out, std::string_view key, const std::optional<std::string>& part) {
  out += out.back() == '{' ? "\"" : ",\"";
  out += key;
  out += "\":";
  if (part)
    base::append_json_string(out, *part);
  else
    out += "null";
}

}  // namespace

ParsedValue parse_address(const FieldDefinition& field, const base::Json& input) {
  if (!input.is_object()) return wrong_type(field, "an address object", input);
  Address address;
  for (const auto& [key, value] : input.members()) {
    const auto member = find_address_part(key);
    if (!member) return invalid_type(field, "takes an address of 'street', 'street2', 'city', 'state', 'postalCode', 'country', 'latitude' and 'longitude' only");
    auto part = parse_address_part(field, key, value);
    if (!part) return std::unexpected(part.error());
    address.*member = std::move(*part);
  }
  return address == Address{} ? Value() : Value(std::move(address));
}

void write_address(const FieldDefinition&, const Value& value, std::string& out) {
  const auto& address = std::get<Address>(value);
  out += '{';
  for (const AddressPart& part : text_parts) append_text_part(out, part.key, address.*part.part);
  for (const AddressPart& part : number_parts) {
    out += ",\"" + std::string(part.key) + "\":";
    out += (address.*part.part).value_or("null");
  }
  out += '}';
}

std::string display_address(const FieldDefinition&, const Value& value) {
  const auto& address = std::get<Address>(value);
  std::string out;
  for (const AddressPart& part : text_parts)
    if (address.*part.part) out += (out.empty() ? "" : ", ") + *(address.*part.part);
  return out;
}

ParsedValue parse_full_name(const FieldDefinition& field, const base::Json& input) {
  if (!input.is_object()) return wrong_type(field, "a name object like {\"firstName\": \"Ada\", \"lastName\": \"Lovelace\"}", input);
  FullName name;
  for (const auto& [key, value] : input.members()) {
    const auto row = std::find_if(name_parts.begin(), name_parts.end(), [&](const NamePart& part) { return part.key == key; });
    if (row == name_parts.end()) return invalid_type(field, "takes a name of 'firstName' and 'lastName' only");
    auto part = parse_part(field, key, value, longest_name);
    if (!part) return std::unexpected(part.error());
    name.*(row->part) = std::move(*part);
  }
  return name == FullName{} ? Value() : Value(std::move(name));
}

void write_full_name(const FieldDefinition&, const Value& value, std::string& out) {
  const auto& name = std::get<FullName>(value);
  out += '{';
  for (const NamePart& part : name_parts) append_text_part(out, part.key, name.*part.part);
  out += '}';
}

std::string display_full_name(const FieldDefinition&, const Value& value) {
  const auto& name = std::get<FullName>(value);
  std::string out = name.first_name.value_or("");
  if (name.last_name) out += (out.empty() ? "" : " ") + *name.last_name;
  return out;
}

}  // namespace plenoptic::model::value_types
