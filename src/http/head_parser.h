// Beast's parser, with views into the connection's buffer instead of copies. For src/http alone (heavy).
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "http/message.h"

namespace plenoptic::http {

/// Positions in the buffer, since the buffer may grow (and move) while the body arrives.
struct Piece {
  std::size_t offset = 0;
  std::size_t size = 0;
};

/// Reads one request: the head from the connection's buffer, a chunked body into a string of its own.
class RequestParser final : public boost::beast::http::basic_parser<true> {
 public:
  using Error = boost::beast::error_code;
  using View = boost::beast::string_view;

  Piece method, target;
  std::vector<std::pair<Piece, Piece>> headers;
  int version = 11;
  std::string chunked_body;
  bool chunked_too_large = false;

  /// What the head's pieces are positions in.
  void set_base(const char* base, std::size_t size, std::size_t max_headers, std::size_t max_body) {
    base_ = base;
    base_size_ = size;
    max_headers_ = max_headers;
    max_body_ = max_body;
  }

 private:
  /// An unfolded header line stands in a buffer of Beast's own: refused, as RFC 9112 allows.
  bool take(View text, Piece& piece) const {
    if (text.data() < base_ || text.data() + text.size() > base_ + base_size_) return text.empty();
    piece = {static_cast<std::size_t>(text.data() - base_), text.size()};
    return true;
  }

  void on_request_impl(boost::beast::http::verb, View method_text, View target_text, int http_version, Error& error) override {
    version = http_version;
    if (!take(method_text, method) || !take(target_text, target)) error = boost::beast::http::error::bad_target;
  }
  void on_response_impl(int, View, int, Error&) override {}
  void on_field_impl(boost::beast::http::field, View name, View value, Error& error) override {
    if (is_header_done()) return;  // behind a chunked body: RFC 9112, 7.1.2 allows to pass over it
    Piece name_piece, value_piece;
    if (headers.size() == max_headers_) error = boost::beast::http::error::header_limit;
    if (!take(name, name_piece) || !take(value, value_piece)) error = boost::beast::http::error::bad_value;
    headers.emplace_back(name_piece, value_piece);
  }
  void on_header_impl(Error&) override {}
  void on_body_init_impl(boost::optional<std::uint64_t> const&, Error&) override {}
  std::size_t on_body_impl(View body, Error&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, View, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, View body, Error&) override {
    if (chunked_body.size() + body.size() > max_body_)
      chunked_too_large = true;
    else if (!chunked_too_large)
      chunked_body.append(body.data(), body.size());
    return body.size();
  }
  void on_finish_impl(Error&) override {}

  const char* base_ = nullptr;
  std::size_t base_size_ = 0;
  std::size_t max_headers_ = 0;
  std::size_t max_body_ = 0;
};

inline ProtocolError protocol_error_of(const boost::system::error_code& error) {
  if (error == boost::beast::http::error::bad_version) return ProtocolError::version_not_supported;
  if (error == boost::beast::http::error::header_limit) return ProtocolError::headers_too_large;
  return ProtocolError::bad_request;
}

inline bool same_token(std::string_view text, std::string_view wanted) { return boost::beast::iequals({text.data(), text.size()}, {wanted.data(), wanted.size()}); }

/// Where a proxy before this server could see another request in these bytes than this server does, which is how requests are smuggled past it:
/// why it is refused (RFC 9112, 3.2 and 6.3). Two different lengths are refused by Beast.
inline std::optional<ProtocolError> unclear_framing(const RequestParser& parser, std::string_view input) {
  std::size_t lengths = 0, codings = 0, hosts = 0;
  bool only_chunked = true;
  for (const auto& [name_piece, value_piece] : parser.headers) {
    const std::string_view name = input.substr(name_piece.offset, name_piece.size);
    lengths += same_token(name, "content-length");
    hosts += same_token(name, "host");
    if (!same_token(name, "transfer-encoding")) continue;
    ++codings;
    only_chunked = only_chunked && same_token(input.substr(value_piece.offset, value_piece.size), "chunked");
  }
  if (codings > 0 && (lengths > 0 || parser.version < 11)) return ProtocolError::bad_request;
  if (codings > 1 || !only_chunked) return ProtocolError::not_implemented;
  if (hosts > 1 || (hosts == 0 && parser.version >= 11)) return ProtocolError::bad_request;
  return std::nullopt;
}

/// `Expect: 100-continue`, of a client that knows it.
inline bool waits_to_send(const RequestParser& parser, std::string_view input) {
  return parser.version >= 11 && std::any_of(parser.headers.begin(), parser.headers.end(), [&](const auto& header) {
           const auto& [name, value] = header;
           return same_token(input.substr(name.offset, name.size), "expect") && same_token(input.substr(value.offset, value.size), "100-continue");
         });
}

}  // namespace plenoptic::http
