// A field's value, typed and normalised. Pure data; copies freely.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace plenoptic::model {

/// The contract's value types, in its alphabetical order; the names are in value_types.h.
enum class ValueType : std::uint8_t {
  address,
  checkbox,
  currency,
  datetime,
  email,
  full_name,
  html,
  markdown,
  multi_select,
  number,
  single_select,
  social_handle,
  telephone,
  text,
  url,
};

/// The number of a select option within its field; stored instead of the option's id.
struct OptionNumber {
  std::uint32_t value = 0;
  auto operator<=>(const OptionNumber&) const = default;
};

struct FullName {
  std::optional<std::string> first_name;
  std::optional<std::string> last_name;
  bool operator==(const FullName&) const = default;
};

/// `latitude` and `longitude` are JSON number texts, one for each number (double precision).
struct Address {
  std::optional<std::string> street, street2, city, state, postal_code, country;
  std::optional<std::string> latitude, longitude;
  bool operator==(const Address&) const = default;
};

/// What a field holds, by value type:
///   unset                                                    monostate
///   CHECKBOX                                                 bool
///   NUMBER, CURRENCY (hundredths), DATETIME (unix ms, UTC)   int64
///   TEXT, MARKDOWN, HTML, SOCIAL_HANDLE, and EMAIL, URL, TELEPHONE with one value   string
///   EMAIL, URL, TELEPHONE with multipleValues                vector<string>, never empty
///   SINGLE_SELECT                                            OptionNumber
///   MULTI_SELECT                                             vector<OptionNumber>, never empty, in the order written
///   FULL_NAME, ADDRESS                                       their struct, with at least one part
using Value = std::variant<std::monostate, bool, std::int64_t, std::string, std::vector<std::string>, OptionNumber, std::vector<OptionNumber>, FullName, Address>;

inline bool is_unset(const Value& value) { return std::holds_alternative<std::monostate>(value); }

/// The number of a field definition within its object type: what stored values are keyed by. Never reused.
using FieldNumber = std::uint32_t;

/// Values by field number, ascending. Unset values stand only in change sets (they mean "cleared").
class FieldValues {
 public:
  using Entry = std::pair<FieldNumber, Value>;
  const std::vector<Entry>& entries() const { return entries_; }
  /// Null pointer where the field is not in the set.
  const Value* find(FieldNumber number) const;
  /// The value, unset where absent.
  const Value& get(FieldNumber number) const;
  /// Puts or replaces; an unset value is kept as an entry.
  void set(FieldNumber number, Value value);
  /// Puts it at the end: its number is greater than all that are there.
  void append(FieldNumber number, Value value) { entries_.emplace_back(number, std::move(value)); }
  void reserve(std::size_t count) { entries_.reserve(count); }
  /// Takes the entry away.
  void erase(FieldNumber number);
  bool empty() const { return entries_.empty(); }
  bool operator==(const FieldValues&) const = default;

 private:
  std::vector<Entry> entries_;
};

/// The stored form: compact, self-delimiting, independent of the schema's version. Unset entries are kept.
std::string encode_fields(const FieldValues& values);
/// Throws std::runtime_error on bytes that no encode_fields made (corruption).
FieldValues decode_fields(std::string_view bytes);

}  // namespace plenoptic::model
