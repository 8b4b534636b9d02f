// One HTTP exchange by libcurl; connections are kept in a pool. Used by client.cpp only.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace plenoptic::sdk {

struct WireRequest {
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  bool has_body = false;
  std::chrono::milliseconds timeout;
  std::string unix_socket;
};

struct WireAnswer {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class Transport {
 public:
  Transport();
  ~Transport();
  /// Throws ConnectionError and TimeoutError.
  WireAnswer exchange(const WireRequest& request);

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
};

}  // namespace plenoptic::sdk
