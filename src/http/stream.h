// One byte stream under a connection: plain or TLS. The connection knows no more than this, so that it is compiled once.
// For src/http alone (heavy).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

namespace plenoptic::http {

using Socket = boost::asio::generic::stream_protocol::socket;
using StreamHandler = std::function<void(boost::system::error_code, std::size_t)>;

class Stream {
 public:
  virtual ~Stream() = default;
  /// TLS: the handshake. Plain: done at once.
  virtual void open(StreamHandler done) = 0;
  /// Appends what has come to `to`. Holds no buffer while it waits (a plain stream), so that idle connections stay small.
  virtual void read_into(std::string& to, StreamHandler done) = 0;
  /// When the bytes read last reached the kernel, in nanoseconds since the Unix epoch; 0 where that is not known.
  virtual std::int64_t arrived_ns() const = 0;
  virtual void write_some(const char* from, std::size_t size, StreamHandler done) = 0;
  /// Writes what goes without waiting; 0 where nothing does, or the stream cannot tell.
  virtual std::size_t write_now(std::string_view bytes) = 0;
  /// No more writes; the peer sees the end.
  virtual void finish_writing() = 0;
  virtual void close() = 0;
};

/// Has the kernel note when bytes arrive, on every connection that is accepted here.
void stamp_arrivals(int listening_descriptor);

std::unique_ptr<Stream> plain_stream(Socket socket);
std::unique_ptr<Stream> tls_stream(Socket socket, boost::asio::ssl::context& context);

}  // namespace plenoptic::http
