// What requests are made of and answers give back. Member names are the contract's, in snake case.
#pragma once

#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace plenoptic::sdk {

using Json = base::Json;

/// Every part may be absent. `country`: ISO 3166-1 alpha-2. An address is replaced as a whole.
struct Address {
  std::optional<std::string> street, street2, city, state, postal_code, country;
  std::optional<double> latitude, longitude;
};

struct FullName {
  std::optional<std::string> first_name, last_name;
};

template <typename Type>
concept WholeNumber = std::integral<Type> && !std::same_as<Type, bool> && !std::same_as<Type, char>;
template <typename Type>
concept Text = std::convertible_to<Type, std::string_view>;

/// A field's value as a request writes it; `nullptr` clears. Select fields take an option's id or label.
/// Numbers keep their digits: give a base::JsonNumber where a double would not be exact.
class FieldValue {
 public:
  FieldValue(std::nullptr_t) {}
  FieldValue(bool value) : json_(value) {}
  template <WholeNumber Number>
  FieldValue(Number value) : json_(base::JsonNumber{std::to_string(value)}) {}
  /// Throws Error where it is no finite number: JSON has no way to write one, and `null` would clear the field.
  FieldValue(double value);
  FieldValue(base::JsonNumber value) : json_(std::move(value)) {}
  FieldValue(const char* value) : json_(value) {}
  FieldValue(std::string value) : json_(std::move(value)) {}
  FieldValue(std::string_view value) : json_(value) {}
  FieldValue(const std::vector<std::string>& values);
  FieldValue(std::initializer_list<const char*> values);
  FieldValue(const Address& value);
  FieldValue(const FullName& value);
  const Json& json() const { return json_; }

 private:
  Json json_;
};

/// One record id as text. A class, so that two texts in braces are two ids and never the two ends of one.
class Id {
 public:
  template <Text Type>
  Id(const Type& id) : text_(std::string_view(id)) {}
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// One record id, or several.
class Ids {
 public:
  template <Text Type>
  Ids(const Type& id) : ids_{std::string(std::string_view(id))} {}
  Ids(std::vector<std::string> ids) : ids_(std::move(ids)) {}
  Ids(std::initializer_list<Id> ids);
  Json json() const;

 private:
  std::vector<std::string> ids_;
};

/// One id, several, or nothing said.
class OptionalIds {
 public:
  OptionalIds() = default;
  template <typename Type>
    requires std::convertible_to<Type, Ids>
  OptionalIds(const Type& ids) : ids_(ids) {}
  OptionalIds(Ids ids) : ids_(std::move(ids)) {}
  OptionalIds(std::initializer_list<Id> ids) : ids_(ids) {}
  explicit operator bool() const { return ids_.has_value(); }
  Json json() const { return ids_ ? ids_->json() : Json(); }

 private:
  std::optional<Ids> ids_;
};

/// What a relationship is to become: one or several ids, `nullptr` to clear it, or nothing said.
class Replacement {
 public:
  Replacement() = default;
  Replacement(std::nullptr_t) : given_(true) {}
  template <typename Type>
    requires std::convertible_to<Type, Ids>
  Replacement(const Type& ids) : given_(true), ids_(ids) {}
  Replacement(Ids ids) : given_(true), ids_(std::move(ids)) {}
  Replacement(std::initializer_list<Id> ids) : given_(true), ids_(ids) {}
  explicit operator bool() const { return given_; }
  Json json() const { return ids_.json(); }

 private:
  bool given_ = false;
  OptionalIds ids_;
};

/// Either `replace` alone, or `add` and `remove`, one or both.
struct RelationshipOperation {
  OptionalIds add = {};
  OptionalIds remove = {};
  Replacement replace = {};
};

using Fields = std::map<std::string, FieldValue>;

struct CreateParams {
  Fields fields;
  std::map<std::string, Ids> relationships = {};
  /// Accounts and contacts only.
  std::optional<bool> skip_enrichment = {};
};

/// Only what is named changes.
struct UpdateParams {
  Fields fields = {};
  std::map<std::string, RelationshipOperation> relationships = {};
};

using OpportunityCreateParams = CreateParams;
using OpportunityUpdateParams = UpdateParams;

struct ListParams {
  std::optional<int> limit = {};           // 1 to 25
  std::optional<int> offset = {};          // from 0
  std::optional<std::string> status = {};  // `active` or `trashed`
  /// `{"$stage[equal]", "Proposal"}`; all must hold, a key may stand twice.
  std::vector<std::pair<std::string, std::string>> filters = {};
};

struct HistoryParams {
  std::optional<int> limit = {};  // 1 to 100
  std::optional<std::string> after = {};
};

struct Field {
  Json value;  // null where unset
  std::string value_type;
};

struct Direction {
  std::string cardinality;
  std::vector<std::string> values;
};

struct Relationship {
  std::string cardinality;
  std::string object_type;
  std::vector<std::string> values;
  /// Of a relationship from a type to itself.
  std::optional<Direction> as_source, as_destination;
};

/// Any record: account, contact, opportunity, task, note, list, member.
struct Record {
  std::string id;
  std::string created_at;  // ISO 8601
  std::optional<std::string> updated_at;
  std::optional<std::string> http_link;
  std::optional<std::string> external_id;
  std::map<std::string, Field> fields;
  std::map<std::string, Relationship> relationships;
  Json raw;  // the whole answer, members that this version does not know included
};
using OpportunityUpdateResponse = Record;

struct Page {
  std::vector<Record> data;
  std::int64_t total_count = 0;
};

struct SelectOption {
  std::string id, label;
  std::optional<std::string> description;
};

struct FieldDefinition {
  std::string id, label, value_type;
  std::optional<std::string> description;
  bool read_only = false;
  std::vector<SelectOption> options;
  Json type_configuration;
};

struct RelationshipDefinition {
  std::string id, label, cardinality, object_type;
  std::optional<std::string> description;
};

struct Definitions {
  std::string object_type;
  std::map<std::string, FieldDefinition> field_definitions;
  std::map<std::string, RelationshipDefinition> relationship_definitions;
};

struct HistoryEntry {
  Json value;
  std::string display_value, value_type, recorded_at;
  bool is_create = false;
};

struct FieldHistory {
  std::vector<HistoryEntry> data;
  bool has_more = false;
  std::optional<std::string> next_cursor;
};

struct AuthValidation {
  bool active = false;
  std::string token_type, subject_type;
  std::vector<std::string> scopes;  // empty: full access
};

}  // namespace plenoptic::sdk
