#include "server/settings.h"

#include <stdexcept>

namespace plenoptic::server {

HostAndPort parse_listen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  const std::string port = colon == std::string::npos ? "" : text.substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || std::stoi(port) > 65535) throw std::runtime_error("--listen takes HOST:PORT, like 127.0.0.1:8080, not '" + text + "'");
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return {host.empty() ? "0.0.0.0" : host, static_cast<std::uint16_t>(std::stoi(port))};
}

}  // namespace plenoptic::server
