#include "api/pipeline.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "api/body.h"
#include "api/envelope.h"
#include "api/openapi.h"
#include "api/openapi_types.h"
#include "api/query_string.h"
#include "services/members.h"

namespace plenoptic::api {
namespace {

namespace errors = model::errors;

constexpr std::string_view supported_version = "2026-03-01";
constexpr std::size_t few_bytes = 4 << 10;             // of an answer: there is room for it in any case
constexpr std::size_t most_waiting_bytes = 256 << 20;  // of answers that wait for their writes to be committed, or to be read

std::string_view bearer_token(const http::Request& request) {
  const std::string_view header = request.header("Authorization");
  constexpr std::string_view scheme = "bearer ";
  if (header.size() <= scheme.size()) return {};
  for (std::size_t i = 0; i < scheme.size(); ++i)
    if ((header[i] | 0x20) != (scheme[i] | 0x20)) return {};
  return header.substr(scheme.size());
}

/// Elsewhere nothing needs a key, so that an unknown path is told as that.
bool is_api_path(std::string_view path) { return path.starts_with("/v1/") || path == "/v1" || path.starts_with("/admin/"); }

int protocol_status(http::ProtocolError error) {
  switch (error) {
    case http::ProtocolError::bad_request: return 400;
    case http::ProtocolError::timeout: return 408;
    case http::ProtocolError::uri_too_long: return 414;
    case http::ProtocolError::headers_too_large: return 431;
    case http::ProtocolError::not_implemented: return 501;
    case http::ProtocolError::too_many_connections:
    case http::ProtocolError::too_much_held: return 503;
    case http::ProtocolError::version_not_supported: return 505;
    case http::ProtocolError::internal: break;
  }
  return 500;
}

model::Error as_error(const std::exception_ptr& failure, bool only_reads, std::string& inside) {
  try {
    std::rethrow_exception(failure);
  } catch (const model::Error& error) {
    return error;
  } catch (const storage::StorageError& error) {
    inside = error.what();
    return only_reads || error.kind == storage::StorageError::Kind::corrupt ? errors::unreadable() : errors::unavailable();
  } catch (const std::exception& error) {
    inside = error.what();
    return errors::internal();
  } catch (...) {
    inside = "an exception of unknown type";
    return errors::internal();
  }
}

}  // namespace

/// One request under way. Lives until its answer is sent, across lanes.
struct Pipeline::Exchange {
  http::Request request;
  http::Responder responder;
  std::string request_id;
  std::chrono::steady_clock::time_point arrived;
  std::int64_t now_ms = 0;
  RouteMatch route;
  Principal principal;
  std::shared_ptr<const services::WorkspaceEntry> workspace;
  std::optional<RateDecision> rate;
  std::string idempotency_key;
  std::string idempotency_record;
  InFlightKeys::Hold idempotency_hold;
  base::Json body;
  std::optional<Answer> answer;
  std::size_t waiting_bytes = 0;  // of the answer, until it is handed over
  bool shed = false;

  Exchange(const http::Request& incoming, http::Responder&& reply) : request(incoming), responder(std::move(reply)), arrived(std::chrono::steady_clock::now() - incoming.waited) {}

  const Operation& operation() const { return *route.operation; }
  storage::IdempotencySpace idempotency_space() const { return {workspace ? workspace->id : model::WorkspaceId{}, operation().id, idempotency_record, idempotency_key}; }
  /// Who a key is bound to: the member behind a user's key, or the workspace.
  std::string subject() const {
    if (principal.is_operator()) return "operator";
    return principal.key->key.member ? principal.actor.id : "workspace";
  }
};

Pipeline::Pipeline(Parts parts, PipelineOptions options)
    : parts_(std::move(parts)), options_(options), router_(operations()), overloaded_(error_answer(errors::overloaded())), request_id_prefix_("req_" + base::random_token(9)) {}

std::string Pipeline::new_request_id() { return fmt::format("{}{:08x}", request_id_prefix_, request_count_.fetch_add(1, std::memory_order_relaxed)); }

void Pipeline::handle(const http::Request& request, http::Responder responder) {
  auto exchange = std::make_shared<Exchange>(request, std::move(responder));
  exchange->request_id = new_request_id();
  try {
    process(exchange);
  } catch (...) {
    fail(*exchange, std::current_exception());
  }
}

void Pipeline::process(const ExchangePointer& exchange) {
  Exchange& e = *exchange;
  e.now_ms = parts_.services.clock.now_ms();

  // 1. Match the path, so that the log and the metrics know the operation; what does not match is told after 2.
  e.route = router_.match(e.request.method, e.request.path);
  const bool open = e.route.operation ? e.operation().access == Access::everyone : !is_api_path(e.request.path);

  // Under overload, before anything is spent on it: 503. It may come instead of any other answer, so it tells nothing.
  if (is_one_too_many(e)) return shed(e);

  // 2. Who calls: 401.
  if (!open)
    authenticate(e);
  else if (e.route.operation && e.operation().id == "system.openapi")
    recognise(e);  // whose key is shown, that workspace's definitions stand in it
  show_rate(e);

  // 3. Unknown path: 404.
  if (e.route.malformed) throw errors::malformed_path();
  if (!e.route.operation) throw errors::unknown_path(e.request.method, e.request.path);
  enter_workspace(e);

  // 4. Lightfield-Version: 400.
  check_version(e);

  // 5. Rate limit: 429. Its headers stand on every answer from here on.
  check_rate(e);

  // 6. Scopes and roles: 403.
  check_access(e);

  // 7. A key that is bound to an answer already gets that answer: the operation does not run again.
  if (replay(e)) return;

  // 8. Media type 415, size 413, JSON and shape of the body: 400.
  read_body(e);

  // 9. Run it: references and business rules.
  if (e.operation().lane == Lane::read)
    run_read(exchange);
  else
    run_write(exchange);
}

/// The operator's socket is always served, and what shows the server's health.
bool Pipeline::is_one_too_many(const Exchange& e) const {
  if (e.request.trusted_local || (e.route.operation && e.operation().shows_health())) return false;
  if (e.request.overdue) return true;
  if (!e.route.operation || e.operation().lane == Lane::read || options_.overload_target == std::chrono::nanoseconds::zero()) return false;
  const auto in_lane = parts_.lane.expected_wait();
  return in_lane > std::chrono::nanoseconds::zero() && e.request.waited + in_lane > options_.overload_target;
}

void Pipeline::authenticate(Exchange& e) const {
  const std::string_view secret = bearer_token(e.request);
  const bool administration = e.request.path.starts_with("/admin/");
  if (secret.empty() && administration && e.request.trusted_local) {
    e.principal.actor.id = "operator";
    return;
  }
  if (!recognise(e)) throw errors::unauthorized();
}

bool Pipeline::recognise(Exchange& e) const {
  const std::string_view secret = bearer_token(e.request);
  auto key = secret.empty() ? nullptr : parts_.services.keys.find(secret, e.now_ms);
  e.workspace = key ? parts_.services.workspaces.find(key->key.workspace) : nullptr;
  if (!e.workspace) return false;
  const auto& stored = key->key;
  e.principal.actor.member = stored.member ? stored.member : stored.created_by;
  e.principal.actor.id = stored.member ? model::public_id(e.workspace->schema->type(model::types::member), *stored.member) : stored.id;
  e.principal.key = std::move(key);
  return true;
}

void Pipeline::enter_workspace(Exchange& e) const {
  if (e.operation().access != Access::admin) return;
  for (const auto& [name, slug] : e.route.parameters) {
    if (name != "workspace") continue;
    auto named = parts_.services.workspaces.find(slug);
    const bool own = named && (e.principal.is_operator() || named->id == e.workspace->id);
    if (!own) throw errors::admin_not_found("workspace", slug);
    e.workspace = std::move(named);
  }
}

void Pipeline::check_version(const Exchange& e) const {
  if (!e.operation().versioned()) return;
  const std::string_view sent = e.request.header("Lightfield-Version");
  if (sent != supported_version) throw errors::version_header(sent);
}

/// Rate headers stand on every answer after authentication, those of earlier checks too; what no row matches counts as a read.
void Pipeline::show_rate(Exchange& e) {
  const RateCategory category = e.route.operation ? e.operation().rate : RateCategory::read;
  if (parts_.limiter.enabled() && category != RateCategory::none && e.workspace) e.rate = parts_.limiter.look(e.workspace->id, category, e.now_ms);
}

void Pipeline::check_rate(Exchange& e) {
  if (!parts_.limiter.enabled() || e.operation().rate == RateCategory::none || !e.workspace) return;
  e.rate = parts_.limiter.take(e.workspace->id, e.operation().rate, e.now_ms);
  if (!e.rate->allowed) throw errors::rate_limited(e.rate->retry_after_s);
}

void Pipeline::check_access(const Exchange& e) const {
  const Operation& operation = e.operation();
  for (std::string_view scope : operation.scopes)
    if (!e.principal.has_scope(scope)) throw errors::missing_scope(scope);
  if (operation.access == Access::operator_ && !e.principal.is_operator()) throw errors::operator_only();
  if (operation.access == Access::admin && !administers(e)) throw errors::admins_only();
}

/// The operator; a key that names the scope; an admin's own key with full access. A member who is no admin never.
bool Pipeline::administers(const Exchange& e) const {
  if (e.principal.is_operator()) return true;
  const services::KeyEntry& key = *e.principal.key;
  if (!key.key.member) return key.names_scope(services::admin_scope);
  if (!key.has_scope(services::admin_scope)) return false;
  return services::is_admin(*parts_.services.database.read(), e.workspace->id, *key.key.member);
}

bool Pipeline::replay(Exchange& e) {
  if (!e.operation().idempotent()) return false;
  e.idempotency_key = e.request.header("Idempotency-Key");
  if (e.idempotency_key.empty()) return false;
  if (e.idempotency_key.size() > longest_idempotency_key) throw errors::idempotency_key_too_long();
  for (const auto& [name, value] : e.route.parameters)
    if (name != "workspace") e.idempotency_record = value;
  e.idempotency_hold = in_flight_.take(e.idempotency_space());
  if (!e.idempotency_hold) throw errors::idempotency_in_flight();
  const auto bound = parts_.services.database.read()->find_idempotent(e.idempotency_space());
  if (!bound || bound->created_at_ms + idempotency_lifetime_ms <= e.now_ms) return false;
  if (bound->subject != e.subject()) throw errors::idempotency_other_subject();
  Answer answer{.status = bound->status, .body = bound->body, .content_type = "application/json", .headers = {{"Idempotent-Replayed", "true"}}};
  finish(e, std::move(answer));
  return true;
}

void Pipeline::read_body(Exchange& e) const {
  const Operation& operation = e.operation();
  if (operation.body_rule == BodyRule::none) return;
  e.body =
      parse_body(operation, {.content_type = e.request.header("Content-Type"), .bytes = e.request.body, .too_large = e.request.body_too_large, .limit = options_.max_body_bytes});
}

void Pipeline::run_read(const ExchangePointer& exchange) {
  const auto run = [this, exchange] {
    Exchange& e = *exchange;
    try {
      if (e.operation().id == "system.metrics") return finish(e, {.body = parts_.metrics.text(), .content_type = "text/plain; version=0.0.4", .headers = {}});
      if (e.operation().id == "system.openapi") return finish(e, {.body = openapi_text(e), .content_type = "application/json", .headers = {}});
      Call call(e.operation(), parts_.services, e.principal);
      call.workspace = e.workspace;
      call.path_parameters = std::move(e.route.parameters);
      if (count_parameters(e.request.query) > most_parameters) throw errors::too_many_parameters(most_parameters);
      auto query = parse_query(e.request.query);
      if (!query) throw errors::malformed_query();
      call.query = std::move(*query);
      Answer answer = e.operation().handler(call);
      finish(e, std::move(answer));
    } catch (...) {
      fail(e, std::current_exception());
    }
  };
  // Lists need the index; while it is loading they wait for it, holding no thread. Where it failed they are refused.
  if (exchange->operation().rate == RateCategory::search && !parts_.services.indexes.find_ready(exchange->workspace->id))
    return parts_.services.indexes.when_settled(exchange->workspace->id, run);
  run();
}

/// A workspace's own where the caller may read all of its definitions. Each is kept: to make one costs a thousand times what copying it does.
std::string Pipeline::openapi_text(const Exchange& e) {
  const auto document = [this](const model::Schema& schema) { return openapi_document(parts_.services.public_url, parts_.services.version, schema); };
  const auto may_ask = [&](const Operation& operation) {
    return std::all_of(operation.scopes.begin(), operation.scopes.end(), [&](std::string_view scope) { return e.principal.has_scope(scope); });
  };
  const bool own = e.workspace &&
                   std::all_of(operations().begin(), operations().end(), [&](const Operation& operation) { return !operation.id.ends_with(".definitions") || may_ask(operation); });
  std::lock_guard lock(openapi_mutex_);
  auto& [schema, text] = openapi_[own ? e.workspace->id.value : 0];
  if (text.empty() || (own && schema != e.workspace->schema)) {
    schema = own ? e.workspace->schema : nullptr;
    text = document(own ? *schema : fresh_schema());
  }
  return text;
}

void Pipeline::run_write(const ExchangePointer& exchange) {
  Exchange& e = *exchange;
  services::WriteJob job;
  job.workspace = e.workspace ? e.workspace->id : model::WorkspaceId{};
  job.actor = e.principal.actor;
  job.origin = {std::string(e.operation().id), e.request_id, e.idempotency_key};
  job.alone = e.operation().lane == Lane::write_alone;
  job.run = [this, exchange](services::WriteContext& context) {
    Exchange& under_way = *exchange;
    context.may_read = [&under_way](const model::ObjectType& type) { return under_way.principal.has_scope(type.plural + ":read"); };
    Call call(under_way.operation(), parts_.services, under_way.principal);
    // The workspace as it is now: its data model may have moved while the request waited.
    if (under_way.workspace) call.workspace = parts_.services.workspaces.find(under_way.workspace->id);
    call.path_parameters = under_way.route.parameters;
    call.body = std::move(under_way.body);
    call.write = &context;
    under_way.answer = under_way.operation().handler(call);
    require_room_for(under_way);
    if (!under_way.idempotency_hold) return;
    const Answer& answer = *under_way.answer;
    const std::string& kept = answer.kept_body.empty() ? answer.body : answer.kept_body;
    context.storage.put_idempotent(under_way.idempotency_space(), {under_way.subject(), answer.status, kept, context.now_ms});
  };
  job.finish = [this, exchange](const std::exception_ptr& error) {
    if (error)
      fail(*exchange, error);
    else
      finish(*exchange, std::move(*exchange->answer));
    waiting_bytes_ -= exchange->waiting_bytes;  // the connection counts them from here on
  };
  if (!parts_.lane.submit(std::move(job))) shed(e);
}

void Pipeline::require_room_for(Exchange& e) {
  const std::size_t bytes = e.answer->body.size() + e.answer->kept_body.size();
  e.shed = bytes > few_bytes && waiting_bytes_ + e.responder.unsent_bytes() + bytes > most_waiting_bytes;
  if (e.shed) throw errors::overloaded();
  e.waiting_bytes = bytes;
  waiting_bytes_ += bytes;
}

void Pipeline::fail(Exchange& e, const std::exception_ptr& failure) {
  std::string inside;
  const bool only_reads = e.route.operation && e.operation().lane == Lane::read;
  Answer answer = error_answer(as_error(failure, only_reads, inside));
  answer.failure = std::move(inside);
  finish(e, std::move(answer));
}

void Pipeline::shed(Exchange& e) {
  e.shed = true;
  finish(e, overloaded_);
}

void Pipeline::finish(Exchange& e, Answer answer) {
  e.idempotency_hold.release();
  http::Response response;
  response.status = answer.status;
  response.content_type = std::move(answer.content_type);
  response.headers = std::move(answer.headers);
  response.headers.emplace_back("Request-Id", e.request_id);
  if (e.rate) {
    response.headers.emplace_back("X-RateLimit-Limit", std::to_string(e.rate->limit));
    response.headers.emplace_back("X-RateLimit-Remaining", std::to_string(e.rate->remaining));
    response.headers.emplace_back("X-RateLimit-Reset", std::to_string(e.rate->reset_unix_s));
  }
  response.body = std::move(answer.body);
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - e.arrived).count();
  e.shed ? parts_.metrics.count_shed(e.route.operation) : parts_.metrics.count(e.route.operation, answer.status, seconds);
  parts_.log({.request_id = e.request_id,
              .operation = e.route.operation ? e.route.operation->id : std::string_view(),
              .method = e.request.method,
              .status = answer.status,
              .duration_ms = seconds * 1000,
              .workspace = e.workspace ? std::string_view(e.workspace->slug) : std::string_view(),
              .subject = e.principal.actor.id,
              .failure = answer.failure,
              .shed = e.shed});
  e.responder.send(std::move(response));
}

http::Response Pipeline::protocol_error(http::ProtocolError error) {
  http::Response response;
  response.status = protocol_status(error);
  Answer answer = error_answer(errors::http_protocol(response.status));
  response.body = std::move(answer.body);
  response.headers = std::move(answer.headers);
  response.headers.emplace_back("Request-Id", new_request_id());
  parts_.metrics.count(nullptr, response.status, 0);
  return response;
}

}  // namespace plenoptic::api
