// JSON as Plenoptic needs it: numbers keep their source text (no binary-float drift), duplicate keys are
// refused, errors name line and column, and every parse has limits. Values own their bytes and copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace plenoptic::base {

class Json;
using JsonMember = std::pair<std::string, Json>;

/// A number as it was written. `text` is a valid JSON number.
struct JsonNumber {
  std::string text;
  bool operator==(const JsonNumber&) const = default;
};

/// One JSON value. Objects keep the order of their members.
class Json {
 public:
  enum class Kind : std::uint8_t { null, boolean, number, string, array, object };
  using Array = std::vector<Json>;
  using Object = std::vector<JsonMember>;

  Json() = default;
  Json(std::nullptr_t) {}
  Json(bool value) : data_(value) {}
  Json(int value) : Json(static_cast<std::int64_t>(value)) {}
  Json(std::int64_t value) : data_(JsonNumber{std::to_string(value)}) {}
  Json(std::uint64_t value) : data_(JsonNumber{std::to_string(value)}) {}
  /// The shortest text that reads back as the same double; not finite becomes null.
  Json(double value);
  Json(JsonNumber value) : data_(std::move(value)) {}
  Json(const char* value) : data_(std::string(value)) {}
  Json(std::string_view value) : data_(std::string(value)) {}
  Json(std::string value) : data_(std::move(value)) {}
  Json(Array value);
  Json(Object value);

  static Json object(std::initializer_list<JsonMember> members = {});
  static Json array(std::initializer_list<Json> items = {});

  Kind kind() const { return static_cast<Kind>(data_.index()); }
  bool is_null() const { return kind() == Kind::null; }
  bool is_boolean() const { return kind() == Kind::boolean; }
  bool is_number() const { return kind() == Kind::number; }
  bool is_string() const { return kind() == Kind::string; }
  bool is_array() const { return kind() == Kind::array; }
  bool is_object() const { return kind() == Kind::object; }

  /// Each accessor requires its kind (asserted).
  bool boolean() const { return std::get<bool>(data_); }
  const std::string& number_text() const { return std::get<JsonNumber>(data_).text; }
  const std::string& string() const { return std::get<std::string>(data_); }
  const Array& items() const { return std::get<Array>(data_); }
  const Object& members() const { return std::get<Object>(data_); }
  Array& items() { return std::get<Array>(data_); }
  Object& members() { return std::get<Object>(data_); }
  double number_as_double() const;
  /// The number when it is an integer that fits, else nothing.
  std::expected<std::int64_t, std::monostate> number_as_int64() const;

  /// The member, or null pointer where this is no object or has no such key.
  const Json* find(std::string_view key) const;
  /// The member of an object, created as null where absent. A null value becomes an object first.
  Json& operator[](std::string_view key);
  /// The member; a shared null where absent, so that lookups chain.
  const Json& at(std::string_view key) const;
  const Json& at(std::size_t index) const;
  void push_back(Json item);

  /// Compact JSON text.
  std::string dump() const;
  void dump_to(std::string& out) const;

  bool operator==(const Json&) const = default;

 private:
  std::variant<std::monostate, bool, JsonNumber, std::string, Array, Object> data_;
};

/// Why a text is no JSON. Line and column count from 1, columns in bytes.
struct JsonError {
  std::string message;
  std::size_t line = 1;
  std::size_t column = 1;
};

struct JsonLimits {
  std::size_t max_depth = 32;
  std::size_t max_values = 200'000;
};

/// Parses one whole text. Refuses invalid UTF-8, duplicate keys, trailing characters, and what exceeds `limits`.
std::expected<Json, JsonError> parse_json(std::string_view text, const JsonLimits& limits = {});

/// Appends `text` as a JSON string, quotes included. `text` is valid UTF-8.
void append_json_string(std::string& out, std::string_view text);

}  // namespace plenoptic::base
