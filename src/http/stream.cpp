#include "http/stream.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace plenoptic::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t read_size = 16 << 10;

/// A socket that remembers when the bytes it read last reached the kernel.
class StampedSocket : public Socket {
 public:
  explicit StampedSocket(Socket socket) : Socket(std::move(socket)) {
    error_code ignored;
    non_blocking(true, ignored);
  }
  std::int64_t arrived_ns() const { return arrived_ns_; }

  /// Does not wait: `would_block` where nothing has come.
  std::size_t receive(void* to, std::size_t size, error_code& failure) {
    iovec piece{.iov_base = to, .iov_len = size};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(timespec))> control;
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t count = ::recvmsg(native_handle(), &message, MSG_DONTWAIT);
    if (count <= 0) {
      failure = count == 0 ? error_code(asio::error::eof) : error_code(errno == EINTR ? EAGAIN : errno, boost::system::system_category());
      return 0;
    }
    arrived_ns_ = stamp_of(message);
    return static_cast<std::size_t>(count);
  }

  /// What TLS reads through.
  template <typename Buffers, typename Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    const asio::mutable_buffer to = *asio::buffer_sequence_begin(buffers);
    auto read = [this, to, waited = false](auto& self, error_code failure = {}) mutable {
      std::size_t count = 0;
      if (waited && !failure && to.size() > 0) count = receive(to.data(), to.size(), failure);
      if (waited && failure != asio::error::would_block) return self.complete(failure, count);
      waited = true;
      if (to.size() == 0) return asio::post(get_executor(), std::move(self));  // asks for no bytes: to be called back only
      async_wait(wait_read, std::move(self));
    };
    return asio::async_compose<Token, void(error_code, std::size_t)>(std::move(read), token, *this);
  }

 private:
  static std::int64_t stamp_of(msghdr& message) {
    for (cmsghdr* part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
      if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_TIMESTAMPNS) continue;
      timespec stamp{};
      std::memcpy(&stamp, CMSG_DATA(part), sizeof stamp);
      return stamp.tv_sec * 1'000'000'000 + stamp.tv_nsec;
    }
    return 0;
  }

  std::int64_t arrived_ns_ = 0;
};

class PlainStream final : public Stream {
 public:
  explicit PlainStream(Socket socket) : socket_(std::move(socket)) {}
  void open(StreamHandler done) override { done({}, 0); }
  void read_into(std::string& to, StreamHandler done) override {
    socket_.async_wait(Socket::wait_read, [this, &to, done = std::move(done)](error_code failure) {
      if (failure) return done(failure, 0);
      thread_local std::array<char, read_size> buffer;
      const std::size_t count = socket_.receive(buffer.data(), buffer.size(), failure);
      to.append(buffer.data(), count);
      done(failure == asio::error::would_block ? error_code() : failure, count);
    });
  }
  std::int64_t arrived_ns() const override { return socket_.arrived_ns(); }
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
  StampedSocket socket_;
};

class TlsStream final : public Stream {
 public:
  TlsStream(Socket socket, asio::ssl::context& context) : stream_(StampedSocket(std::move(socket)), context) {}
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
  std::int64_t arrived_ns() const override { return stream_.next_layer().arrived_ns(); }
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
  asio::ssl::stream<StampedSocket> stream_;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace

void stamp_arrivals(int listening_descriptor) {
  const int on = 1;
  ::setsockopt(listening_descriptor, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);  // refused: no age is known, nothing is overdue
}

std::unique_ptr<Stream> plain_stream(Socket socket) { return std::make_unique<PlainStream>(std::move(socket)); }
std::unique_ptr<Stream> tls_stream(Socket socket, asio::ssl::context& context) { return std::make_unique<TlsStream>(std::move(socket), context); }

}  // namespace plenoptic::http
