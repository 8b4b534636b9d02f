#include "plenoptic/sdk/client.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <ctime>
#include <random>
#include <thread>

#include <curl/curl.h>

#include "decode.h"
#include "transport.h"

namespace plenoptic::sdk {
namespace {

using std::chrono::milliseconds;

constexpr const char* user_agent = "Plenoptic/C++ 0.1.0";
constexpr milliseconds first_wait{500}, longest_wait{8000}, longest_told_wait{60'000};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

std::string first_of(std::initializer_list<std::string> choices) {
  for (const std::string& choice : choices)
    if (!choice.empty()) return choice;
  return {};
}

std::string header(const WireAnswer& answer, const std::string& name) {
  const auto found = answer.headers.find(name);
  return found == answer.headers.end() ? std::string() : found->second;
}

std::optional<double> number(const std::string& text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

bool should_retry(const WireAnswer& answer) {
  const std::string told = header(answer, "x-should-retry");
  if (told == "true") return true;
  if (told == "false") return false;
  return answer.status == 408 || answer.status == 409 || answer.status == 429 || answer.status >= 500;
}

/// `retry-after-ms`, else `retry-after` in seconds or as a date.
std::optional<milliseconds> told_wait(const WireAnswer& answer) {
  const std::string after = header(answer, "retry-after");
  std::optional<double> ms = number(header(answer, "retry-after-ms"));
  if (!ms)
    if (const auto seconds = number(after)) ms = *seconds * 1000;
  if (!ms && !after.empty()) {
    const std::time_t at = curl_getdate(after.c_str(), nullptr);
    if (at >= 0) ms = static_cast<double>(at - std::time(nullptr)) * 1000;
  }
  if (!ms || *ms <= 0 || *ms > static_cast<double>(longest_told_wait.count())) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(*ms));
}

/// Doubles with each try; up to a quarter less, so that clients do not march in step.
milliseconds back_off(int tries) {
  thread_local std::minstd_rand random(std::random_device{}());
  const auto full = std::min(longest_wait, first_wait * (1 << std::min(tries, 10)));
  return milliseconds(static_cast<std::int64_t>(static_cast<double>(full.count()) * (1 - std::uniform_real_distribution<>(0, 0.25)(random))));
}

ApiError::Details details_of(const WireAnswer& answer) {
  ApiError::Details details;
  details.status = answer.status;
  details.headers = answer.headers;
  details.request_id = header(answer, "request-id");
  if (auto body = base::parse_json(answer.body)) details.body = std::move(*body);
  const Json& error = details.body.at("error");
  const auto text = [&](std::string_view key) { return error.at(key).is_string() ? error.at(key).string() : std::string(); };
  details.type = text("type");
  details.code = text("code");
  details.param = text("param");
  details.message = text("message");
  if (details.message.empty()) details.message = answer.body.substr(0, 200);
  return details;
}

Json fields_json(const Fields& fields) {
  Json json = Json::object();
  for (const auto& [key, value] : fields) json[key] = value.json();
  return json;
}

Json create_json(const CreateParams& params) {
  Json body = Json::object({{"fields", fields_json(params.fields)}});
  Json relationships = Json::object();
  for (const auto& [key, ids] : params.relationships) relationships[key] = ids.json();
  if (!params.relationships.empty()) body["relationships"] = std::move(relationships);
  if (params.skip_enrichment) body["skipEnrichment"] = *params.skip_enrichment;
  return body;
}

Json update_json(const UpdateParams& params) {
  Json body = Json::object();
  if (!params.fields.empty()) body["fields"] = fields_json(params.fields);
  Json relationships = Json::object();
  for (const auto& [key, operation] : params.relationships) {
    Json json = Json::object();
    if (operation.add) json["add"] = operation.add.json();
    if (operation.remove) json["remove"] = operation.remove.json();
    if (operation.replace) json["replace"] = operation.replace.json();
    relationships[key] = std::move(json);
  }
  if (!params.relationships.empty()) body["relationships"] = std::move(relationships);
  return body;
}

RequestOptions with_query(const ListParams& params, RequestOptions options) {
  if (params.limit) options.query.emplace_back("limit", std::to_string(*params.limit));
  if (params.offset) options.query.emplace_back("offset", std::to_string(*params.offset));
  if (params.status) options.query.emplace_back("status", *params.status);
  options.query.insert(options.query.end(), params.filters.begin(), params.filters.end());
  return options;
}

/// An empty one would make another path, and another operation.
std::string_view required(std::string_view part, std::string_view what) {
  if (part.empty()) throw Error(std::string(what) + " is empty; nothing was sent");
  return part;
}

std::string at(const std::string& path, std::string_view id, std::string_view rest = {}) { return path + "/" + percent_encode(required(id, "the id")) + std::string(rest); }

bool same_name(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(x) == lower(y); });
}

/// Each name stands once; what is said last holds. A line break in a value would begin another header.
void set_header(WireRequest& request, std::string_view name, std::string_view value) {
  constexpr std::string_view breaks("\r\n\0", 3);
  if (name.empty() || name.find_first_of(breaks) != std::string_view::npos || name.find(':') != std::string_view::npos || value.find_first_of(breaks) != std::string_view::npos)
    throw Error("a header's name or value, or an idempotency key, holds a line break or NUL; nothing was sent");
  for (auto& [known, held] : request.headers)
    if (same_name(known, name)) {
      held = value;
      return;
    }
  request.headers.emplace_back(name, value);
}

void fill_in_from_environment(ClientOptions& options) {
  options.base_url = first_of({options.base_url, environment("LIGHTFIELD_BASE_URL")});
  options.api_key = first_of({options.api_key, environment("LIGHTFIELD_API_KEY")});
  const std::string own_key = environment("PLENOPTIC_API_KEY");
  if (options.api_key.empty() && own_key.empty()) throw Error("there is no API key: set ClientOptions::api_key, or LIGHTFIELD_API_KEY in the environment");
  // The key of a server of one's own is sent to nobody else's.
  if (options.api_key.empty() && options.base_url.empty())
    throw Error("PLENOPTIC_API_KEY is for a server of your own: say where it is with ClientOptions::base_url, or LIGHTFIELD_BASE_URL in the environment");
  options.api_key = first_of({options.api_key, own_key});
  options.base_url = first_of({options.base_url, "https://api.lightfield.app"});
}

}  // namespace

std::string percent_encode(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += hex[static_cast<unsigned char>(c) >> 4];
      out += hex[static_cast<unsigned char>(c) & 15];
    }
  }
  return out;
}

namespace {

std::string new_idempotency_key() {
  constexpr std::string_view hex = "0123456789abcdef";
  std::random_device random;
  std::string key = "cpp-";
  for (int i = 0; i < 4; ++i)
    for (unsigned part = random(), k = 0; k < 8; ++k, part >>= 4) key += hex[part & 15];
  return key;
}

}  // namespace

struct Client::State {
  ClientOptions options;
  mutable Transport transport;

  WireRequest wire_request(std::string_view method, std::string_view path, const Json& body, const RequestOptions& call) const {
    WireRequest request;
    request.method = method;
    request.url = options.base_url + std::string(path);
    char separator = path.find('?') == std::string_view::npos ? '?' : '&';
    for (const auto& [key, value] : call.query) {
      request.url += separator + percent_encode(key) + "=" + percent_encode(value);
      separator = '&';
    }
    set_header(request, "User-Agent", user_agent);
    set_header(request, "Accept", "application/json");
    set_header(request, "Lightfield-Version", options.version);
    if (!options.api_key.empty()) set_header(request, "Authorization", "Bearer " + options.api_key);
    // What may be sent twice is to happen once, whether or not its caller thought of that.
    const bool may_be_sent_twice = method != "GET" && call.max_retries.value_or(options.max_retries) > 0;
    if (!call.idempotency_key.empty() || may_be_sent_twice) set_header(request, "Idempotency-Key", call.idempotency_key.empty() ? new_idempotency_key() : call.idempotency_key);
    if (!body.is_null()) {
      set_header(request, "Content-Type", "application/json");
      request.body = body.dump();
      request.has_body = true;
    }
    for (const auto& [name, value] : options.headers) set_header(request, name, value);
    for (const auto& [name, value] : call.headers) set_header(request, name, value);
    request.timeout = call.timeout.value_or(options.timeout);
    if (request.timeout <= milliseconds::zero()) throw TimeoutError("the time for " + request.url + " was over before it was sent");
    request.unix_socket = options.unix_socket;
    return request;
  }

  void wait(milliseconds time) const {
    if (options.sleep)
      options.sleep(time);
    else
      std::this_thread::sleep_for(time);
  }

  /// The last answer, whatever its status.
  WireAnswer exchange(WireRequest request, int max_retries) const {
    for (int tries = 0;; ++tries) {
      if (tries > 0) request.headers.back() = {"X-Stainless-Retry-Count", std::to_string(tries)};
      if (tries == 0) request.headers.emplace_back("X-Stainless-Retry-Count", "0");
      const bool last = tries >= max_retries;
      try {
        WireAnswer answer = transport.exchange(request);
        if (answer.status < 400 || last || !should_retry(answer)) return answer;
        wait(told_wait(answer).value_or(back_off(tries)));
      } catch (const ConnectionError&) {
        if (last) throw;
        wait(back_off(tries));
      }
    }
  }
};

Client::Client(ClientOptions options) : state_(std::make_unique<State>()) {
  if (options.unix_socket.empty())
    fill_in_from_environment(options);
  else
    options.base_url = first_of({options.base_url, "http://localhost"});
  while (options.base_url.ends_with('/')) options.base_url.pop_back();
  state_->options = std::move(options);
}

Client::~Client() = default;

Json Client::request(std::string_view method, std::string_view path, const Json& body, const RequestOptions& options) const {
  const WireAnswer answer = state_->exchange(state_->wire_request(method, path, body, options), options.max_retries.value_or(state_->options.max_retries));
  if (answer.status < 200 || answer.status >= 300) throw_api_error(details_of(answer));  // a redirection too: it is not followed
  auto json = base::parse_json(answer.body, {.max_depth = 64, .max_values = 10'000'000});
  if (!json) throw Error("the answer to " + std::string(method) + " " + std::string(path) + " is no JSON: " + json.error().message);
  return std::move(*json);
}

Definitions RecordResource::definitions(const RequestOptions& options) const { return decode_definitions(client_->request("GET", path_ + "/definitions", {}, options)); }
Record RecordResource::create(const CreateParams& params, const RequestOptions& options) const {
  return decode_record(client_->request("POST", path_, create_json(params), options));
}
Page RecordResource::list(const ListParams& params, const RequestOptions& options) const { return decode_page(client_->request("GET", path_, {}, with_query(params, options))); }
Record RecordResource::retrieve(std::string_view id, const RequestOptions& options) const { return decode_record(client_->request("GET", at(path_, id), {}, options)); }
Record RecordResource::update(std::string_view id, const UpdateParams& params, const RequestOptions& options) const {
  return decode_record(client_->request("POST", at(path_, id), update_json(params), options));
}
Record RecordResource::delete_(std::string_view id, const RequestOptions& options) const { return decode_record(client_->request("DELETE", at(path_, id), {}, options)); }
Record RecordResource::restore(std::string_view id, const RequestOptions& options) const {
  return decode_record(client_->request("POST", at(path_, id, "/restore"), Json::object(), options));
}
FieldHistory RecordResource::field_history(std::string_view id, std::string_view field_key, const HistoryParams& params, const RequestOptions& options) const {
  RequestOptions asked = options;
  if (params.limit) asked.query.emplace_back("limit", std::to_string(*params.limit));
  if (params.after) asked.query.emplace_back("after", *params.after);
  return decode_history(client_->request("GET", at(path_, id, "/fields/" + percent_encode(required(field_key, "the field's key")) + "/history"), {}, asked));
}

Record ListResource::create(const CreateParams& params, const RequestOptions& options) const {
  return decode_record(client_->request("POST", path_, create_json(params), options));
}
Page ListResource::list(const ListParams& params, const RequestOptions& options) const { return decode_page(client_->request("GET", path_, {}, with_query(params, options))); }
Record ListResource::retrieve(std::string_view id, const RequestOptions& options) const { return decode_record(client_->request("GET", at(path_, id), {}, options)); }
Record ListResource::update(std::string_view id, const UpdateParams& params, const RequestOptions& options) const {
  return decode_record(client_->request("POST", at(path_, id), update_json(params), options));
}
Record ListResource::delete_(std::string_view id, const RequestOptions& options) const { return decode_record(client_->request("DELETE", at(path_, id), {}, options)); }
Page ListResource::list_accounts(std::string_view list_id, const ListParams& params, const RequestOptions& options) const {
  return decode_page(client_->request("GET", at(path_, list_id, "/accounts"), {}, with_query(params, options)));
}
Page ListResource::list_contacts(std::string_view list_id, const ListParams& params, const RequestOptions& options) const {
  return decode_page(client_->request("GET", at(path_, list_id, "/contacts"), {}, with_query(params, options)));
}
Page ListResource::list_opportunities(std::string_view list_id, const ListParams& params, const RequestOptions& options) const {
  return decode_page(client_->request("GET", at(path_, list_id, "/opportunities"), {}, with_query(params, options)));
}

Page MemberResource::list(const ListParams& params, const RequestOptions& options) const { return decode_page(client_->request("GET", path_, {}, with_query(params, options))); }
Record MemberResource::retrieve(std::string_view id, const RequestOptions& options) const { return decode_record(client_->request("GET", at(path_, id), {}, options)); }

AuthValidation AuthResource::validate(const RequestOptions& options) const { return decode_validation(client_->request("GET", path_ + "/validate", {}, options)); }

}  // namespace plenoptic::sdk
