// The C++ client of the Lightfield CRM API, for Plenoptic and for Lightfield itself.
//
//   plenoptic::sdk::Client client({.api_key = "sk_lf_…", .base_url = "http://127.0.0.1:8080"});
//   auto updated = client.opportunity().update("opp_…", {.fields = {{"$stage", "Proposal"}, {"$amount", 75000}},
//                                                        .relationships = {{"$owner", {.replace = "mem_…"}}}});
//
// A Client may be used by many threads at once. Every call throws the errors of errors.h.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plenoptic/sdk/errors.h"
#include "plenoptic/sdk/types.h"

namespace plenoptic::sdk {

struct ClientOptions {
  std::string api_key = {};   // else $LIGHTFIELD_API_KEY, else $PLENOPTIC_API_KEY, which needs a base URL
  std::string base_url = {};  // else $LIGHTFIELD_BASE_URL, else https://api.lightfield.app
  std::chrono::milliseconds timeout = std::chrono::seconds(60);
  /// After connection errors, 408, 409, 429 and 5xx, unless the answer says `x-should-retry: false`.
  int max_retries = 2;
  std::string version = "2026-03-01";
  std::vector<std::pair<std::string, std::string>> headers = {};
  /// A Unix socket to speak through instead of the network.
  std::string unix_socket = {};
  /// For tests: how waiting between tries is done.
  std::function<void(std::chrono::milliseconds)> sleep = {};
};

/// For one call; what is left out comes from the client.
struct RequestOptions {
  std::string idempotency_key = {};
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::vector<std::pair<std::string, std::string>> query = {};
  std::optional<std::chrono::milliseconds> timeout = {};
  std::optional<int> max_retries = {};
};

class Client;

/// What every resource shares.
class Resource {
 public:
  Resource(const Client& client, std::string path) : client_(&client), path_(std::move(path)) {}

 protected:
  const Client* client_;
  std::string path_;  // `/v1/opportunities`
};

/// Accounts, contacts, opportunities, tasks, notes.
class RecordResource : public Resource {
 public:
  using Resource::Resource;
  Definitions definitions(const RequestOptions& options = {}) const;
  Record create(const CreateParams& params, const RequestOptions& options = {}) const;
  Page list(const ListParams& params = {}, const RequestOptions& options = {}) const;
  Record retrieve(std::string_view id, const RequestOptions& options = {}) const;
  Record update(std::string_view id, const UpdateParams& params = {}, const RequestOptions& options = {}) const;
  /// Moves the record to the trash.
  Record delete_(std::string_view id, const RequestOptions& options = {}) const;
  Record restore(std::string_view id, const RequestOptions& options = {}) const;
  /// Accounts, contacts and opportunities: the values that a field has had, newest first.
  FieldHistory field_history(std::string_view id, std::string_view field_key, const HistoryParams& params = {}, const RequestOptions& options = {}) const;
};

class ListResource : public Resource {
 public:
  using Resource::Resource;
  Record create(const CreateParams& params, const RequestOptions& options = {}) const;
  Page list(const ListParams& params = {}, const RequestOptions& options = {}) const;
  Record retrieve(std::string_view id, const RequestOptions& options = {}) const;
  Record update(std::string_view id, const UpdateParams& params, const RequestOptions& options = {}) const;
  Record delete_(std::string_view id, const RequestOptions& options = {}) const;
  Page list_accounts(std::string_view list_id, const ListParams& params = {}, const RequestOptions& options = {}) const;
  Page list_contacts(std::string_view list_id, const ListParams& params = {}, const RequestOptions& options = {}) const;
  Page list_opportunities(std::string_view list_id, const ListParams& params = {}, const RequestOptions& options = {}) const;
};

class MemberResource : public Resource {
 public:
  using Resource::Resource;
  Page list(const ListParams& params = {}, const RequestOptions& options = {}) const;
  Record retrieve(std::string_view id, const RequestOptions& options = {}) const;
};

class AuthResource : public Resource {
 public:
  using Resource::Resource;
  AuthValidation validate(const RequestOptions& options = {}) const;
};

class Client {
 public:
  /// Throws Error where there is no API key (and no Unix socket).
  explicit Client(ClientOptions options = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  RecordResource account() const { return {*this, "/v1/accounts"}; }
  RecordResource contact() const { return {*this, "/v1/contacts"}; }
  RecordResource opportunity() const { return {*this, "/v1/opportunities"}; }
  RecordResource task() const { return {*this, "/v1/tasks"}; }
  RecordResource note() const { return {*this, "/v1/notes"}; }
  ListResource list() const { return {*this, "/v1/lists"}; }
  MemberResource member() const { return {*this, "/v1/members"}; }
  AuthResource auth() const { return {*this, "/v1/auth"}; }

  /// Any operation by its path (percent-encoded by the caller). `body`: null sends none.
  Json request(std::string_view method, std::string_view path, const Json& body = {}, const RequestOptions& options = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Percent-encodes everything but letters, digits and `-._~`.
std::string percent_encode(std::string_view text);

}  // namespace plenoptic::sdk
