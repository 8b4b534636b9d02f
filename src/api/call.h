// One request on its way through a handler, and what a handler gives back.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "api/operation.h"
#include "base/clock.h"
#include "base/json.h"
#include "model/filter.h"
#include "services/answer_cache.h"
#include "services/api_keys.h"
#include "services/index_directory.h"
#include "services/workspaces.h"
#include "services/write_context.h"

namespace plenoptic::api {

/// What the handlers share; owned by server/app.
struct Services {
  storage::Database& database;
  services::WorkspaceDirectory& workspaces;
  services::ApiKeyDirectory& keys;
  services::IndexDirectory& indexes;
  services::AnswerCache& answers;
  const base::Clock& clock;
  services::WorkspaceSink workspace_sink;  // tells everyone of a workspace whose entry changed
  std::string public_url;                  // without a trailing slash; empty where nobody can reach it
  std::string version;
};

/// Who calls.
struct Principal {
  std::shared_ptr<const services::KeyEntry> key;  // null: the operator
  services::Actor actor;

  bool is_operator() const { return key == nullptr; }
  bool has_scope(std::string_view scope) const { return is_operator() || key->has_scope(scope); }
  /// `user` or `workspace`, as auth.validate says.
  std::string_view subject_type() const { return key && key->key.member ? "user" : "workspace"; }
};

struct Answer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::string kept_body = {};  // what an idempotency key is bound to, where `body` holds a secret; empty: the body
  std::string failure = {};    // of a 5xx: what went wrong inside; for the log only
};

/// What a handler gets. In the read lane it reads a snapshot of its own; in the write lane through its transaction.
struct Call {
  Call(const Operation& row, const Services& shared, const Principal& caller) : operation(row), services(shared), principal(caller) {}

  const Operation& operation;
  const Services& services;
  const Principal& principal;
  std::shared_ptr<const services::WorkspaceEntry> workspace;  // null for operations outside any workspace
  std::vector<std::pair<std::string_view, std::string>> path_parameters;
  std::vector<model::QueryParameter> query;
  base::Json body;
  services::WriteContext* write = nullptr;  // in the write lane

  const std::string& path_parameter(std::string_view name) const;
  const std::string* find_query(std::string_view name) const;  // the last one of that name
  /// The snapshot (opened at first use), or the transaction.
  storage::Reader& storage();
  void use_snapshot(std::unique_ptr<storage::Reader> snapshot) { snapshot_ = std::move(snapshot); }
  const model::Schema& schema() const { return *workspace->schema; }
  /// The row's object type in the caller's workspace.
  const model::ObjectType& type() const { return schema().type(operation.type); }

 private:
  std::unique_ptr<storage::Reader> snapshot_;
};

/// The integer in a query parameter: absent or empty gives `fallback`; out of range or no integer gives nothing.
std::optional<std::int64_t> query_integer(const Call& call, std::string_view name, std::int64_t fallback, std::int64_t least, std::int64_t most);

}  // namespace plenoptic::api
