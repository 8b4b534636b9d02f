#include "services/workspaces.h"

#include <algorithm>
#include <mutex>
#include <stdexcept>

#include "base/json.h"
#include "model/definition_codec.h"
#include "model/errors.h"
#include "model/system_schema.h"
#include "services/naming.h"

namespace plenoptic::services {
namespace {

using base::Json;
using model::ObjectType;

Json parse_stored(const std::string& text) {
  auto json = base::parse_json(text);
  if (!json) throw storage::StorageError(storage::StorageError::Kind::corrupt, "a stored definition is not valid JSON");
  return std::move(*json);
}

model::SchemaPointer load_schema(storage::Reader& storage, const storage::Workspace& workspace) {
  std::vector<ObjectType> object_types;
  std::vector<model::LinkType> link_types;
  const auto definitions = storage.definitions(workspace.id);
  for (const auto& definition : definitions)
    if (definition.kind == storage::DefinitionKind::object_type) object_types.push_back(model::object_type_from_json(parse_stored(definition.body)));
  for (const auto& definition : definitions) {
    if (definition.kind == storage::DefinitionKind::link_type) link_types.push_back(model::link_type_from_json(parse_stored(definition.body)));
    if (definition.kind != storage::DefinitionKind::field) continue;
    auto owner = std::find_if(object_types.begin(), object_types.end(), [&](const ObjectType& type) { return type.number == definition.object_type; });
    if (owner != object_types.end()) owner->fields.push_back(model::field_from_json(parse_stored(definition.body)));
  }
  for (ObjectType& type : object_types) std::sort(type.fields.begin(), type.fields.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
  return std::make_shared<const model::Schema>(workspace.schema_version, std::move(object_types), std::move(link_types));
}

std::string settings_of(std::string_view currency) { return Json::object({{"currency", currency}}).dump(); }

std::string currency_of(const storage::Workspace& workspace) {
  const Json settings = parse_stored(workspace.settings);
  const Json& currency = settings.at("currency");
  return currency.is_string() ? currency.string() : "USD";
}

bool is_slug(std::string_view text) {
  const auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !text.empty() && text.size() <= 63 && text.front() != '-' && std::all_of(text.begin(), text.end(), allowed);
}

storage::Workspace to_storage(const WorkspaceEntry& entry) {
  storage::Workspace workspace;
  workspace.id = entry.id;
  workspace.slug = entry.slug;
  workspace.name = entry.name;
  workspace.created_at_ms = entry.created_at_ms;
  workspace.settings = settings_of(entry.currency);
  workspace.schema_version = entry.schema->version();
  return workspace;
}

void announce(WriteContext& context, std::shared_ptr<const WorkspaceEntry> entry, const WorkspaceSink& sink) {
  context.after_commit.push_back([entry = std::move(entry), sink] { sink(entry); });
}

}  // namespace

void WorkspaceDirectory::load(storage::Reader& storage) {
  for (const storage::Workspace& workspace : storage.workspaces()) {
    auto entry = std::make_shared<WorkspaceEntry>();
    entry->id = workspace.id;
    entry->slug = workspace.slug;
    entry->name = workspace.name;
    entry->created_at_ms = workspace.created_at_ms;
    entry->currency = currency_of(workspace);
    entry->schema = load_schema(storage, workspace);
    put(std::move(entry));
  }
}

std::shared_ptr<const WorkspaceEntry> WorkspaceDirectory::find(model::WorkspaceId id) const {
  std::shared_lock lock(mutex_);
  auto found = by_id_.find(id.value);
  return found == by_id_.end() ? nullptr : found->second;
}

std::shared_ptr<const WorkspaceEntry> WorkspaceDirectory::find(std::string_view slug) const {
  std::shared_lock lock(mutex_);
  for (const auto& [id, entry] : by_id_)
    if (entry->slug == slug) return entry;
  return nullptr;
}

std::vector<std::shared_ptr<const WorkspaceEntry>> WorkspaceDirectory::all() const {
  std::vector<std::shared_ptr<const WorkspaceEntry>> entries;
  {
    std::shared_lock lock(mutex_);
    for (const auto& [id, entry] : by_id_) entries.push_back(entry);
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a->id < b->id; });
  return entries;
}

void WorkspaceDirectory::put(std::shared_ptr<const WorkspaceEntry> entry) {
  std::unique_lock lock(mutex_);
  by_id_[entry->id.value] = std::move(entry);
}

std::string make_definition_id(WriteContext& context, std::string_view prefix) {
  return std::string(prefix) + "_" + (prefix == "opt" ? base::uuid_v4() : context.ids.next(context.now_ms).text());
}

storage::Definition stored_definition(const ObjectType& type) { return {storage::DefinitionKind::object_type, type.number, 0, model::object_type_to_json(type).dump()}; }

storage::Definition stored_definition(const ObjectType& type, const model::FieldDefinition& field) {
  return {storage::DefinitionKind::field, type.number, field.number, model::field_to_json(field).dump()};
}

storage::Definition stored_definition(const model::LinkType& link) { return {storage::DefinitionKind::link_type, 0, link.number, model::link_type_to_json(link).dump()}; }

std::shared_ptr<const WorkspaceEntry> create_workspace(WriteContext& context, const NewWorkspace& wanted, const WorkspaceSink& sink) {
  if (!is_slug(wanted.slug)) throw model::errors::admin_invalid("'slug' must be 1 to 63 characters of a-z, 0-9 and '-', not beginning with '-'.", "slug");
  auto entry = std::make_shared<WorkspaceEntry>();
  entry->slug = wanted.slug;
  entry->name = checked_name(wanted.name, "name");
  entry->created_at_ms = context.now_ms;
  entry->currency = checked_currency(wanted.currency, "currency");
  auto system = model::system_schema(entry->currency, [&](std::string_view prefix) { return make_definition_id(context, prefix); });
  entry->schema = std::make_shared<const model::Schema>(1, std::move(system.object_types), std::move(system.link_types));
  try {
    entry->id = context.storage.create_workspace(to_storage(*entry));
  } catch (const std::invalid_argument&) {
    throw model::errors::admin_conflict("The slug '" + wanted.slug + "' is taken by another workspace. Choose another.", "slug");
  }
  for (const ObjectType& type : entry->schema->object_types()) {
    context.storage.put_definition(entry->id, stored_definition(type));
    for (const auto& field : type.fields) context.storage.put_definition(entry->id, stored_definition(type, field));
  }
  for (const model::LinkType& link : entry->schema->link_types()) context.storage.put_definition(entry->id, stored_definition(link));
  announce(context, entry, sink);
  return entry;
}

std::shared_ptr<const WorkspaceEntry> update_workspace(WriteContext& context, const WorkspaceEntry& now, std::optional<std::string> name, const WorkspaceSink& sink) {
  auto entry = std::make_shared<WorkspaceEntry>(now);
  if (name) entry->name = checked_name(*name, "name");
  context.storage.update_workspace(to_storage(*entry));
  announce(context, entry, sink);
  return entry;
}

void store_schema(WriteContext& context, const WorkspaceEntry& now, model::SchemaPointer schema, const std::vector<storage::Definition>& changed, const WorkspaceSink& sink) {
  auto entry = std::make_shared<WorkspaceEntry>(now);
  entry->schema = std::move(schema);
  for (const storage::Definition& definition : changed) context.storage.put_definition(now.id, definition);
  context.storage.update_workspace(to_storage(*entry));
  announce(context, entry, sink);
}

}  // namespace plenoptic::services
