#include "services/api_keys.h"

#include <algorithm>
#include <mutex>

#include "model/errors.h"
#include "services/naming.h"

namespace plenoptic::services {

bool KeyEntry::has_scope(std::string_view scope) const { return key.scopes.empty() || names_scope(scope); }

bool KeyEntry::names_scope(std::string_view scope) const { return std::find(key.scopes.begin(), key.scopes.end(), scope) != key.scopes.end(); }

void ApiKeyDirectory::load(storage::Reader& storage) {
  for (const storage::ApiKey& key : storage.api_keys()) put(key);
}

std::shared_ptr<const KeyEntry> ApiKeyDirectory::find(std::string_view secret, std::int64_t now_ms) const {
  const std::string hash = base::sha256(secret);
  std::shared_lock lock(mutex_);
  auto found = by_hash_.find(hash);
  if (found == by_hash_.end() || !found->second->usable(now_ms)) return nullptr;
  found->second->last_used_ms.store(now_ms, std::memory_order_relaxed);
  return found->second;
}

std::vector<std::shared_ptr<const KeyEntry>> ApiKeyDirectory::of_workspace(model::WorkspaceId workspace) const {
  std::vector<std::shared_ptr<const KeyEntry>> keys;
  {
    std::shared_lock lock(mutex_);
    for (const auto& [hash, entry] : by_hash_)
      if (entry->key.workspace == workspace) keys.push_back(entry);
  }
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return a->key.id > b->key.id; });
  return keys;
}

std::shared_ptr<const KeyEntry> ApiKeyDirectory::find_by_id(model::WorkspaceId workspace, std::string_view id) const {
  std::shared_lock lock(mutex_);
  for (const auto& [hash, entry] : by_hash_)
    if (entry->key.workspace == workspace && entry->key.id == id) return entry;
  return nullptr;
}

void ApiKeyDirectory::put(const storage::ApiKey& key) {
  auto entry = std::make_shared<KeyEntry>(key);
  std::unique_lock lock(mutex_);
  auto& slot = by_hash_[key.hash];
  if (slot) entry->last_used_ms.store(std::max(entry->last_used_ms.load(), slot->last_used_ms.load()));
  slot = std::move(entry);
}

std::vector<storage::ApiKey> ApiKeyDirectory::used_since_stored() {
  std::vector<storage::ApiKey> used;
  std::shared_lock lock(mutex_);
  for (const auto& [hash, entry] : by_hash_) {
    const std::int64_t last = entry->last_used_ms.load(std::memory_order_relaxed);
    if (last <= entry->key.last_used_at_ms.value_or(0)) continue;
    used.push_back(entry->key);
    used.back().last_used_at_ms = last;
  }
  return used;
}

const std::vector<std::string>& known_scopes() {
  static const std::vector<std::string> scopes = [] {
    std::vector<std::string> all;
    for (const char* type : {"accounts", "contacts", "opportunities", "tasks", "notes", "meetings", "custom_objects"})
      for (const char* action : {"create", "read", "update", "delete", "restore"}) all.push_back(std::string(type) + ":" + action);
    for (const char* action : {"create", "read", "update", "delete"}) all.push_back(std::string("lists:") + action);
    for (const char* action : {"create", "read", "delete", "restore"}) all.push_back(std::string("emails:") + action);
    for (const char* scope : {"files:create", "files:read", "members:read", "messages:read", "channels:read", "sequences:create", "sequences:read", "sequences:update",
                              "senders:read", "senders:update"})
      all.push_back(scope);
    all.emplace_back(admin_scope);
    return all;
  }();
  return scopes;
}

CreatedKey create_api_key(WriteContext& context, ApiKeyDirectory& directory, const NewKey& wanted) {
  for (const std::string& scope : wanted.scopes)
    if (std::find(known_scopes().begin(), known_scopes().end(), scope) == known_scopes().end())
      throw model::errors::admin_invalid("There is no scope '" + scope + "'. Scopes read like 'accounts:read' or 'opportunities:update'.", "scopes");
  CreatedKey created;
  created.secret = "sk_lf_" + base::random_token(32);
  storage::ApiKey& key = created.key;
  key.workspace = context.workspace;
  key.id = "key_" + context.ids.next(context.now_ms).text();
  key.hash = base::sha256(created.secret);
  key.name = checked_name(wanted.name, "name");
  key.hint = created.secret.substr(created.secret.size() - 4);
  key.scopes = wanted.scopes;
  key.member = wanted.member;
  key.created_by = context.actor.member;
  key.created_at_ms = context.now_ms;
  key.expires_at_ms = wanted.expires_at_ms;
  context.storage.put_api_key(key);
  context.after_commit.push_back([&directory, key] { directory.put(key); });
  return created;
}

storage::ApiKey revoke_api_key(WriteContext& context, ApiKeyDirectory& directory, std::string_view id) {
  const auto found = directory.find_by_id(context.workspace, id);
  if (!found) throw model::errors::admin_not_found("API key", id);
  storage::ApiKey key = found->key;
  if (!key.revoked_at_ms) {
    key.revoked_at_ms = context.now_ms;
    context.storage.put_api_key(key);
    context.after_commit.push_back([&directory, key] { directory.put(key); });
  }
  return key;
}

}  // namespace plenoptic::services
