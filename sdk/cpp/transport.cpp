#include "transport.h"

#include <mutex>

#include <curl/curl.h>

#include "plenoptic/sdk/errors.h"

namespace plenoptic::sdk {
namespace {

struct CloseHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using Handle = std::unique_ptr<CURL, CloseHandle>;
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

std::size_t take_body(char* data, std::size_t size, std::size_t count, void* answer) {
  static_cast<WireAnswer*>(answer)->body.append(data, size * count);
  return size * count;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

std::size_t take_header(char* data, std::size_t size, std::size_t count, void* answer) {
  std::string_view line(data, size * count);
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos) {
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
    while (!value.empty() && (value.back() == '\r' || value.back() == '\n' || value.back() == ' ')) value.remove_suffix(1);
    static_cast<WireAnswer*>(answer)->headers[lower(line.substr(0, colon))] = value;
  }
  return size * count;
}

HeaderList header_list(const WireRequest& request) {
  HeaderList list;
  for (const auto& [name, value] : request.headers) list.reset(curl_slist_append(list.release(), (name + ": " + value).c_str()));
  list.reset(curl_slist_append(list.release(), "Expect:"));  // no waiting for 100 Continue
  return list;
}

void prepare(CURL* curl, const WireRequest& request, WireAnswer& answer, const HeaderList& headers) {
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);  // an id like `..` is an unknown id, not another path
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (!request.unix_socket.empty()) curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
  if (!request.has_body) return;
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
}

}  // namespace

struct Transport::Pool {
  std::mutex mutex;
  std::vector<Handle> idle;

  Handle take() {
    {
      std::lock_guard lock(mutex);
      if (!idle.empty()) {
        Handle handle = std::move(idle.back());
        idle.pop_back();
        return handle;
      }
    }
    return Handle(curl_easy_init());
  }

  /// Options go, the open connection stays.
  void give_back(Handle handle) {
    curl_easy_reset(handle.get());
    std::lock_guard lock(mutex);
    idle.push_back(std::move(handle));
  }
};

Transport::Transport() : pool_(std::make_unique<Pool>()) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
}

Transport::~Transport() = default;

WireAnswer Transport::exchange(const WireRequest& request) {
  Handle handle = pool_->take();
  if (!handle) throw ConnectionError("libcurl cannot be used");
  WireAnswer answer;
  const HeaderList headers = header_list(request);
  prepare(handle.get(), request, answer, headers);
  const CURLcode code = curl_easy_perform(handle.get());
  if (code == CURLE_OPERATION_TIMEDOUT) throw TimeoutError("no answer from " + request.url + " within " + std::to_string(request.timeout.count()) + " ms");
  if (code != CURLE_OK) throw ConnectionError("cannot reach " + request.url + ": " + curl_easy_strerror(code));
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  answer.status = static_cast<int>(status);
  pool_->give_back(std::move(handle));
  return answer;
}

}  // namespace plenoptic::sdk
