// API keys: who may call, and with which scopes. Only a SHA-256 of a key is kept; the key itself is shown once.
// The directory answers from memory; the write lane tells it of every change.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "services/write_context.h"
#include "storage/database.h"

namespace plenoptic::services {

/// A key as requests meet it.
struct KeyEntry {
  storage::ApiKey key;
  /// Milliseconds of the newest use, written back now and then.
  mutable std::atomic<std::int64_t> last_used_ms = 0;

  explicit KeyEntry(storage::ApiKey stored) : key(std::move(stored)), last_used_ms(key.last_used_at_ms.value_or(0)) {}
  bool has_scope(std::string_view scope) const;
  /// Named outright: an empty list, which grants the whole contract, does not grant administration.
  bool names_scope(std::string_view scope) const;
  bool usable(std::int64_t now_ms) const { return !key.revoked_at_ms && (!key.expires_at_ms || *key.expires_at_ms > now_ms); }
};

class ApiKeyDirectory {
 public:
  void load(storage::Reader& storage);
  /// By the key as sent; nothing where unknown, revoked or expired.
  std::shared_ptr<const KeyEntry> find(std::string_view secret, std::int64_t now_ms) const;
  std::vector<std::shared_ptr<const KeyEntry>> of_workspace(model::WorkspaceId workspace) const;
  std::shared_ptr<const KeyEntry> find_by_id(model::WorkspaceId workspace, std::string_view id) const;
  void put(const storage::ApiKey& key);
  /// Keys whose last use is newer than what is stored.
  std::vector<storage::ApiKey> used_since_stored();

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<KeyEntry>> by_hash_;
};

/// The scopes that the contract knows, and `workspace:admin`.
const std::vector<std::string>& known_scopes();
inline constexpr std::string_view admin_scope = "workspace:admin";

struct NewKey {
  std::string name;
  std::vector<std::string> scopes;
  std::optional<model::RecordId> member;
  std::optional<std::int64_t> expires_at_ms;
};
struct CreatedKey {
  storage::ApiKey key;
  std::string secret;
};
/// Stores a key and tells the directory after the commit. Throws 400 for unknown scopes.
CreatedKey create_api_key(WriteContext& context, ApiKeyDirectory& directory, const NewKey& wanted);
/// Throws 404.
storage::ApiKey revoke_api_key(WriteContext& context, ApiKeyDirectory& directory, std::string_view id);

}  // namespace plenoptic::services
