#include "http/stream.h"

#include <array>
#include <cerrno>

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace plenoptic::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t read_size = 16 << 10;

class PlainStream final : public Stream {
 public:
  explicit PlainStream(Socket socket) : socket_(std::move(socket)) {
    error_code ignored;
    socket_.non_blocking(true, ignored);
  }
  void open(StreamHandler done) override { done({}, 0); }
  void read_into(std::string& to, StreamHandler done) override {
    socket_.async_wait(Socket::wait_read, [this, &to, done = std::move(done)](error_code failure) {
      if (failure) return done(failure, 0);
      thread_local std::array<char, read_size> buffer;
      const ssize_t count = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return done({}, 0);
      if (count < 0) return done(error_code(errno, boost::system::system_category()), 0);
      if (count == 0) return done(asio::error::eof, 0);
      to.append(buffer.data(), static_cast<std::size_t>(count));
      done({}, static_cast<std::size_t>(count));
    });
  }
  void write_some(const char* from, std::size_t size, StreamHandler done) override { socket_.async_write_some(asio::buffer(from, size), std::move(done)); }
  std::size_t write_now(std::string_view bytes) override {
    const ssize_t sent = ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return sent > 0 ? static_cast<std::size_t>(sent) : 0;
  }
  void finish_writing() override {
    error_code ignored;
    socket_.shutdown(asio::socket_base::shutdown_send, ignored);
  }
  void close() override {
    error_code ignored;
    socket_.close(ignored);
  }

 private:
  Socket socket_;
};

class TlsStream final : public Stream {
 public:
  TlsStream(Socket socket, asio::ssl::context& context) : stream_(std::move(socket), context) {}
  void open(StreamHandler done) override {
    stream_.async_handshake(asio::ssl::stream_base::server, [done = std::move(done)](error_code failure) { done(failure, 0); });
  }
  void read_into(std::string& to, StreamHandler done) override {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(read_size);
    stream_.async_read_some(asio::buffer(buffer_.get(), read_size), [this, &to, done = std::move(done)](error_code failure, std::size_t count) {
      if (!failure) to.append(buffer_.get(), count);
      done(failure, count);
    });
  }
  void write_some(const char* from, std::size_t size, StreamHandler done) override { stream_.async_write_some(asio::buffer(from, size), std::move(done)); }
  std::size_t write_now(std::string_view) override { return 0; }
  void finish_writing() override {
    error_code ignored;
    stream_.lowest_layer().shutdown(asio::socket_base::shutdown_send, ignored);
  }
  void close() override {
    error_code ignored;
    stream_.lowest_layer().close(ignored);
  }

 private:
  asio::ssl::stream<Socket> stream_;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace

std::unique_ptr<Stream> plain_stream(Socket socket) { return std::make_unique<PlainStream>(std::move(socket)); }
std::unique_ptr<Stream> tls_stream(Socket socket, asio::ssl::context& context) { return std::make_unique<TlsStream>(std::move(socket), context); }

}  // namespace plenoptic::http
