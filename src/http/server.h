// The HTTP/1.1 server: TCP (plain or TLS) and an owner-only Unix socket, on a few I/O threads. Everything has a limit
// and a time-out. Light: Boost stays in server.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "http/message.h"

namespace plenoptic::http {

struct ServerOptions {
  std::string host = "127.0.0.1";  // empty: no TCP
  std::uint16_t port = 0;          // 0: any free one
  std::string unix_socket;         // path; empty: none
  std::string tls_certificate;     // PEM files; empty: plain
  std::string tls_key;
  int threads = 0;  // 0: one per core
  std::size_t max_body_bytes = 4 << 20;
  std::size_t max_header_bytes = 32 << 10;
  std::size_t max_headers = 100;
  std::size_t max_uri_bytes = 16 << 10;
  std::size_t max_connections = 20'000;
  std::size_t max_held_bytes = 256 << 20;  // of requests that are not answered yet, over all connections; and of answers that are not read yet
  int overload_target_ms = 50;             // what a request may wait for its thread while a queue stands; 0: nothing is overdue
  int header_timeout_ms = 10'000;          // from a request's first byte to the end of its head
  int body_timeout_ms = 30'000;
  int idle_timeout_ms = 75'000;
  int write_timeout_ms = 30'000;
};

class Server {
 public:
  /// Binds at once: an address in use or a bad certificate throws std::runtime_error naming the next step.
  Server(ServerOptions options, Handler& handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  void start();
  /// Accepts no more, closes idle connections, lets requests under way finish for up to `grace_ms`, joins its threads.
  void stop(int grace_ms);
  std::uint16_t port() const;
  std::size_t open_connections() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace plenoptic::http
