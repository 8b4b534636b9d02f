// Administration of a workspace's data model: custom fields, their options, custom relationships.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/workspaces.h"
#include "services/write_context.h"

namespace plenoptic::services {

struct NewField {
  std::string object_type;  // slug
  std::string key;
  std::string label;
  std::optional<std::string> description = {};
  std::string value_type;                 // contract name
  std::vector<std::string> options = {};  // labels
  bool unique = false;
  bool multiple = false;
  bool required = false;
  std::optional<std::string> currency = {};
  std::optional<std::string> handle_service = {};
};

struct FieldUpdate {
  std::optional<std::string> label = {};
  std::optional<std::optional<std::string>> description = {};  // null clears
  std::optional<bool> unique = {};
  std::optional<bool> required = {};
};

struct OptionUpdate {
  std::optional<std::string> label = {};
  std::optional<std::optional<std::string>> description = {};  // null clears
  std::optional<bool> retired = {};
  std::optional<std::size_t> position = {};  // from 0
};

struct NewRelationship {
  std::string key;
  std::string label;
  std::optional<std::string> description = {};
  std::string source;  // object type slugs
  std::string destination;
  std::string cardinality = "HAS_MANY";
  std::optional<std::string> inverse_key = {};  // absent: the destination shows nothing
  std::optional<std::string> inverse_label = {};
  std::string inverse_cardinality = "HAS_MANY";
};

struct RelationshipUpdate {
  std::optional<std::string> label = {};
  std::optional<std::optional<std::string>> description = {};  // null clears
  std::optional<std::string> inverse_label = {};
};

/// All throw 400 for what cannot be, 404 for what is not there, 409 for keys in use.
class DataModel {
 public:
  DataModel(WriteContext& context, const WorkspaceEntry& workspace, WorkspaceSink sink) : context_(context), workspace_(workspace), sink_(std::move(sink)) {}

  model::FieldDefinition create_field(const NewField& wanted);
  model::FieldDefinition update_field(std::string_view object_type, std::string_view field, const FieldUpdate& wanted);
  model::SelectOption create_option(std::string_view object_type, std::string_view field, const std::string& label, const std::optional<std::string>& description);
  model::SelectOption update_option(std::string_view object_type, std::string_view field, std::string_view option, const OptionUpdate& wanted);
  model::LinkType create_relationship(const NewRelationship& wanted);
  model::LinkType update_relationship(std::string_view id_or_key, const RelationshipUpdate& wanted);

 private:
  const model::Schema& schema() const { return *workspace_.schema; }
  const model::ObjectType& get_type(std::string_view slug, std::string_view param) const;
  std::pair<const model::ObjectType*, model::FieldDefinition> get_field(std::string_view object_type, std::string_view key_or_id) const;
  const model::LinkType& get_relationship(std::string_view id_or_key) const;
  void require_free_key(const model::ObjectType& type, std::string_view key, std::string_view param) const;
  /// Stores the field in place of the one with its number, or as a new one.
  void put_field(const model::ObjectType& type, const model::FieldDefinition& field);
  void put_link_type(const model::LinkType& link);
  void fill_unique_values(const model::ObjectType& type, const model::FieldDefinition& field);
  void drop_unique_values(const model::ObjectType& type, const model::FieldDefinition& field);

  WriteContext& context_;
  const WorkspaceEntry& workspace_;
  WorkspaceSink sink_;
};

}  // namespace plenoptic::services
