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

/// For the parser, which takes ASCII only: people write `https://münchen.example/ü`.
std::string ascii_form(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80)
      out += c;
    else
      out.append({'%', digits[byte >> 4], digits[byte & 15]});
  }
  return out;
}

enum class Dot { needed, not_needed };

bool is_host(const boost::urls::url_view& url, Dot rule) {
  if (url.host_type() == boost::urls::host_type::ipv4 || url.host_type() == boost::urls::host_type::ipv6) return true;
  const std::string host = url.host_name();
  if (host.empty() || host.front() == '.' || host.back() == '.' || host.find("..") != std::string::npos) return false;
  if (rule == Dot::needed && host != "localhost" && host.find('.') == std::string::npos) return false;
  return host.find_first_of(" <>\"{}|\\^`,;!'()*@") == std::string::npos;
}

bool is_port(std::string_view text) {
  return text.empty() || (text.size() <= 5 && text.find_first_not_of("0123456789") == std::string_view::npos && std::stoi(std::string(text)) <= 65535);
}

ParsedText parse_one(const FieldDefinition& field, std::string_view text) {
  constexpr std::string_view want = "takes a web address like https://example.com";
  if (text.size() > longest) return unacceptable(field, "takes a web address of at most 2,048 characters");
  const bool whole = has_scheme(text);
  const std::string full = whole ? std::string(text) : "https://" + std::string(text);
  const std::string ascii = ascii_form(full);
  const auto url = boost::urls::parse_uri(ascii);
  if (!url || !url->has_authority() || !is_host(*url, whole ? Dot::not_needed : Dot::needed)) return unacceptable(field, want);
  // `mailto:ada@example.com` and `ada@example.com` are no web addresses.
  if (!whole && url->has_userinfo()) return unacceptable(field, want);
  if (!is_port(url->port())) return unacceptable(field, "takes a web address whose port is from 1 to 65535");
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
