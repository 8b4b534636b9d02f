// The data model of a workspace as data: object types, fields, options, link types, and the relationship
// keys that records show. A Schema is immutable; a change of the data model makes a new one.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/id.h"
#include "model/value.h"

namespace plenoptic::model {

using RecordId = base::Cuid;
using TypeNumber = std::uint32_t;
using LinkTypeNumber = std::uint32_t;

/// The number of a workspace: the first part of every stored key.
struct WorkspaceId {
  std::uint32_t value = 0;
  auto operator<=>(const WorkspaceId&) const = default;
};

/// Numbers of the built-in object types. Custom objects count up from 100.
namespace types {
inline constexpr TypeNumber account = 1, contact = 2, opportunity = 3, task = 4, note = 5, meeting = 6, email = 7, list = 8, member = 9, file = 10, first_custom = 100;
}

enum class HandleService : std::uint8_t { twitter, linkedin, facebook, instagram };

struct SelectOption {
  OptionNumber number;
  std::string id;  // `opt_…`, or the constant of a task's status
  std::string label;
  std::optional<std::string> description;
  std::optional<std::string> parent_id;
  bool retired = false;      // readable, no longer writable
  std::string folded_label;  // what labels are compared by; set_label() keeps it

  void set_label(std::string text);
};

struct FieldDefinition {
  FieldNumber number = 0;
  std::string id;   // `ad_…`
  std::string key;  // as records and requests name it: `$stage`, `tier`
  std::string label;
  std::optional<std::string> description;
  ValueType type = ValueType::text;
  bool system = false;
  bool required = false;
  bool read_only = false;
  bool create_only = false;
  bool unique = false;
  bool multiple = false;  // `multipleValues`
  bool history = true;    // has a field history
  std::optional<std::string> currency;
  std::optional<HandleService> handle_service;
  bool names_companies = false;  // a bare LinkedIn handle is a company's; set by Schema for accounts
  std::optional<std::string> parent_field_key;
  std::vector<SelectOption> options;  // in display order

  /// What stands before and after the value in every record: `"$name":{"value":`, `,"valueType":"TEXT"}`. Built by Schema.
  std::string wire_head, wire_tail;

  std::string_view slug() const { return std::string_view(key).substr(key.starts_with('$') ? 1 : 0); }
  const SelectOption* find_option(OptionNumber number) const;
  const SelectOption* find_option_by_id(std::string_view id) const;
  /// Compares labels without case and with white space collapsed. Retired options are found too.
  const SelectOption* find_option_by_label(std::string_view label) const;
};

enum class Cardinality : std::uint8_t { has_one, has_many };

/// One end of a link type. An end without a key shows on no record.
struct LinkTypeEnd {
  TypeNumber type = 0;
  std::string key;
  std::string label;
  Cardinality cardinality = Cardinality::has_many;
  bool required = false;
  bool read_only = false;
  bool create_only = false;
};

/// Which end of a link a record stands at.
enum class Side : std::uint8_t { source = 0, destination = 1 };
inline Side other_side(Side side) { return side == Side::source ? Side::destination : Side::source; }

/// A kind of link between two records.
struct LinkType {
  LinkTypeNumber number = 0;
  std::string id;  // `rd_…`
  std::optional<std::string> description;
  bool system = false;
  std::array<LinkTypeEnd, 2> ends;  // source, destination

  const LinkTypeEnd& end(Side side) const { return ends[static_cast<std::size_t>(side)]; }
  bool self_referential() const { return ends[0].type == ends[1].type; }
};

/// A link type seen from one side.
struct LinkView {
  LinkTypeNumber link_type = 0;
  Side side = Side::source;  // where this record stands
  bool operator==(const LinkView&) const = default;
};

/// A relationship key of an object type: a view over one or more link types (both sides of a self-referential
/// one). What is written through it goes to `links.front()`.
struct RelationshipDefinition {
  std::string id;    // `rd_…`
  std::string key;   // `$account`, `partners`
  std::string slug;  // `$opportunity-account`; a custom one's key
  std::string label;
  std::optional<std::string> description;
  TypeNumber far_type = 0;
  Cardinality cardinality = Cardinality::has_many;
  bool system = false;
  bool required = false;
  bool read_only = false;
  bool create_only = false;
  bool self_referential = false;
  std::vector<LinkView> links;

  /// What stands before the ids in every record: `"$account":{…"values":`. Built by Schema.
  std::string wire_head;
};

/// A way that a list filter may name links: a record key, a pair slug, `key:asSource`, `key:asDestination`.
struct RelationshipFilterKey {
  std::string key;
  TypeNumber far_type = 0;
  std::vector<LinkView> links;
  bool shown = true;  // each of the links, by records of the type
};

struct ObjectType {
  /// A record's JSON without its values: what answers of this type have in common. Built by Schema.
  std::string wire_text;
  TypeNumber number = 0;
  std::string slug;    // `account`
  std::string plural;  // `accounts`: the path segment, and the name in error messages
  std::string label;   // `Account`
  std::string prefix;  // `acc`
  bool custom = false;
  bool custom_fields_allowed = false;
  std::vector<FieldDefinition> fields;  // in display order
  std::vector<RelationshipDefinition> relationships;
  std::vector<RelationshipFilterKey> relationship_filters;

  const FieldDefinition* find_field(std::string_view key) const;
  const FieldDefinition* find_field(FieldNumber number) const;
  const FieldDefinition& field(std::string_view key) const;  // must exist
  const RelationshipDefinition* find_relationship(std::string_view key) const;
  const RelationshipFilterKey* find_relationship_filter(std::string_view key) const;
  /// `CrmAccount`, as messages name it.
  std::string crm_name() const { return "Crm" + label; }

  /// Built by Schema.
  std::unordered_map<std::string, std::size_t> field_by_key;
  std::vector<std::int32_t> field_by_number;  // -1: none
  std::unordered_map<std::string, std::size_t> relationship_by_key;
};

/// The whole data model of one workspace at one version.
class Schema {
 public:
  /// Derives the relationship views and filter keys from the link types. `version` counts changes of the model.
  Schema(std::uint64_t version, std::vector<ObjectType> object_types, std::vector<LinkType> link_types);

  std::uint64_t version() const { return version_; }
  const std::vector<ObjectType>& object_types() const { return object_types_; }
  const std::vector<LinkType>& link_types() const { return link_types_; }
  const ObjectType* find_type(TypeNumber number) const;
  const ObjectType* find_type(std::string_view slug) const;
  const ObjectType& type(TypeNumber number) const;         // must exist
  const LinkType& link_type(LinkTypeNumber number) const;  // must exist
  const LinkType* find_link_type(LinkTypeNumber number) const;
  const ObjectType* find_type_by_prefix(std::string_view prefix) const;

 private:
  void derive_relationships();
  void derive_filter_keys();

  std::uint64_t version_;
  std::vector<ObjectType> object_types_;
  std::vector<LinkType> link_types_;
};

using SchemaPointer = std::shared_ptr<const Schema>;

/// `acc_c…`.
std::string public_id(const ObjectType& type, RecordId id);

}  // namespace plenoptic::model
