// Workspaces as the running server knows them: name, settings, data model. Entries are immutable; a change puts a
// new one, after its commit.
#pragma once

#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "model/definitions.h"
#include "services/write_context.h"
#include "storage/database.h"

namespace plenoptic::services {

struct WorkspaceEntry {
  model::WorkspaceId id;
  std::string slug;
  std::string name;
  std::int64_t created_at_ms = 0;
  std::string currency;
  model::SchemaPointer schema;
};

class WorkspaceDirectory {
 public:
  void load(storage::Reader& storage);
  std::shared_ptr<const WorkspaceEntry> find(model::WorkspaceId id) const;
  std::shared_ptr<const WorkspaceEntry> find(std::string_view slug) const;
  std::vector<std::shared_ptr<const WorkspaceEntry>> all() const;  // by id
  void put(std::shared_ptr<const WorkspaceEntry> entry);

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::uint32_t, std::shared_ptr<const WorkspaceEntry>> by_id_;
};

/// Called with the new entry after a commit: directory and indexes take it in.
using WorkspaceSink = std::function<void(std::shared_ptr<const WorkspaceEntry>)>;

struct NewWorkspace {
  std::string slug;
  std::string name;
  std::string currency = "USD";
};

/// Stores a workspace with the system's data model. Throws 409 where the slug is taken, 400 where it is no slug.
std::shared_ptr<const WorkspaceEntry> create_workspace(WriteContext& context, const NewWorkspace& wanted, const WorkspaceSink& sink);
/// Changes name and currency.
std::shared_ptr<const WorkspaceEntry> update_workspace(WriteContext& context, const WorkspaceEntry& now, std::optional<std::string> name, const WorkspaceSink& sink);

/// Writes a changed data model: raises the schema version, stores `changed`, and hands the new entry to `sink`.
void store_schema(WriteContext& context, const WorkspaceEntry& now, model::SchemaPointer schema, const std::vector<storage::Definition>& changed, const WorkspaceSink& sink);

storage::Definition stored_definition(const model::ObjectType& type);
storage::Definition stored_definition(const model::ObjectType& type, const model::FieldDefinition& field);
storage::Definition stored_definition(const model::LinkType& link);

/// `ad_…`, `rd_…`, `opt_` + UUID.
std::string make_definition_id(WriteContext& context, std::string_view prefix);

}  // namespace plenoptic::services
