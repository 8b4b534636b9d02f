// URL: http and https, kept as written; a bare host gets https://.
#include <boost/url/parse.hpp>

#include "model/value_types/families.h"

namespace plenoptic::model::value_types {
namespace {

constexpr std::size_t longest = 2048;

bool has_scheme(std::string_view text) {
  const std::size_t colon = text.find("://");
  return colon != std::string_view::npos && text.substr(0, colon).find_first_of("/?#") == std::string_view::npos;
}

bool is_host(const boost::urls::url_view& url) {
  if (url.host_type() == boost::urls::host_type::ipv4 || url.host_type() == boost::urls::host_type::ipv6) return true;
  const std::string host = url.host_name();
  if (host == "localhost") return true;
  const std::size_t dot = host.find('.');
  if (dot == std::string::npos || dot == 0 || host.back() == '.' || host.find("..") != std::string::npos) return false;
  return host.find_first_of(" <>\"{}|\\^`_,;!'()*@") == std::string::npos;
}

ParsedText parse_one(const FieldDefinition& field, std::string_view text) {
  if (text.empty()) return std::string();
  constexpr std::string_view want = "takes a web address like https://example.com";
  if (text.size() > longest) return unacceptable(field, "takes a web address of at most 2,048 characters");
  const std::string full = has_scheme(text) ? std::string(text) : "https://" + std::string(text);
  const auto url = boost::urls::parse_uri(full);
  if (!url || !url->has_authority() || !is_host(*url)) return unacceptable(field, want);
  if (!same_letters(url->scheme(), "http") && !same_letters(url->scheme(), "https")) return unacceptable(field, want);
  return full;
}

}  // namespace

std::string url_form(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const std::size_t host_end = std::min(url.find_first_of("/?#"), url.size());
  std::string host = lower_ascii(url.substr(0, host_end));
  if (host.starts_with("www.")) host.erase(0, 4);
  std::string_view rest = url.substr(host_end);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  return host + std::string(rest);
}

ParsedValue parse_url(const FieldDefinition& field, const base::Json& input) { return parse_texts(field, input, parse_one, url_form); }

}  // namespace plenoptic::model::value_types
