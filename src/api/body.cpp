#include "api/body.h"

#include <algorithm>

#include "model/errors.h"

namespace plenoptic::api {
namespace {

using base::Json;
namespace errors = model::errors;

/// Five hundred fields with a hundred values each are no more. While a request waits each value takes some 40 bytes, and what is counted against it is the body as it came.
constexpr std::size_t most_values = 60'000;

bool is_json_type(std::string_view content_type) {
  std::string lower(content_type.substr(0, content_type.find(';')));
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  while (!lower.empty() && (lower.back() == ' ' || lower.back() == '\t')) lower.pop_back();
  return lower == "application/json";
}

bool holds_nul(const Json& value) {
  if (value.is_string()) return value.string().find('\0') != std::string::npos;
  if (value.is_array()) return std::any_of(value.items().begin(), value.items().end(), holds_nul);
  if (value.is_object())
    return std::any_of(value.members().begin(), value.members().end(), [](const auto& member) { return member.first.find('\0') != std::string::npos || holds_nul(member.second); });
  return false;
}

bool is_string_list(const Json& value) {
  return value.is_array() && std::all_of(value.items().begin(), value.items().end(), [](const Json& item) { return item.is_string(); });
}

bool fits(Shape shape, const Json& value) {
  switch (shape) {
    case Shape::object: return value.is_object();
    case Shape::boolean: return value.is_boolean();
    case Shape::string: return value.is_string();
    case Shape::nullable_string: return value.is_string() || value.is_null();
    case Shape::string_list: return is_string_list(value);
    case Shape::integer: return value.is_number() && value.number_as_int64();
  }
  return false;
}

std::string_view shape_name(Shape shape) {
  switch (shape) {
    case Shape::object: return "an object";
    case Shape::boolean: return "true or false";
    case Shape::string: return "a string";
    case Shape::nullable_string: return "a string or null";
    case Shape::string_list: return "a list of strings";
    case Shape::integer: return "an integer";
  }
  return "";
}

void check_shape(const Operation& operation, const Json& body) {
  for (const auto& [key, value] : body.members()) {
    const auto row = std::find_if(operation.body.begin(), operation.body.end(), [&](const BodyKey& known) { return known.name == key; });
    if (row == operation.body.end()) {
      std::vector<std::string> known;
      known.reserve(operation.body.size());
      for (const BodyKey& entry : operation.body) known.emplace_back(entry.name);
      throw errors::unknown_body_key(key, known);
    }
    if (!fits(row->shape, value)) throw errors::wrong_shape(key, shape_name(row->shape));
  }
  for (const BodyKey& row : operation.body)
    if (row.required && !body.find(row.name)) throw errors::parameter_missing(row.name, "it takes " + std::string(shape_name(row.shape)));
}

Json parse(std::string_view bytes) {
  auto json = base::parse_json(bytes, {.max_values = most_values});
  if (!json) throw errors::malformed_json(json.error().message, json.error().line, json.error().column);
  return std::move(*json);
}

}  // namespace

Json parse_body(const Operation& operation, const RawBody& raw) {
  const bool needed = operation.body_rule == BodyRule::object;
  const bool sent = raw.too_large || !raw.bytes.empty();
  if (sent && !is_json_type(raw.content_type)) throw errors::unsupported_media_type(raw.content_type);
  if (raw.too_large) throw errors::body_too_large(raw.limit);
  if (!sent) {
    if (!needed || operation.body.empty()) return Json::object();
    throw errors::body_required();
  }
  Json body = parse(raw.bytes);
  if (body.is_null() && !needed) return Json::object();
  if (!body.is_object()) throw errors::body_not_object();
  if (holds_nul(body)) throw errors::nul_in_body();
  check_shape(operation, body);
  return body;
}

}  // namespace plenoptic::api
