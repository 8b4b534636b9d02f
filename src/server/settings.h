// What the operator can set. Declared once, in run.cpp; read from flags, environment and file.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace plenoptic::server {

struct HostAndPort {
  std::string host;
  std::uint16_t port = 0;
};

/// `127.0.0.1:8080`, `[::1]:0`, `:8080`. Throws std::runtime_error for anything else.
HostAndPort parse_listen(const std::string& text);

struct Settings {
  std::string data;                       // directory; empty: a throw-away one (dev only)
  std::string listen = "127.0.0.1:8080";  // HOST:PORT, port 0 picks a free one
  std::string public_url;                 // empty: http://HOST:PORT
  int rate_limit = 25;                    // requests a second per workspace and category; 0: off
  int threads = 0;                        // 0: one per core
  std::int64_t max_body_bytes = 4 << 20;
  std::int64_t queue_limit = 4096;  // writes that may wait
  int overload_target_ms = 50;      // what a request may wait under overload; 0: no shedding before queue_limit
  std::int64_t page_cache_mib = 32;
  std::int64_t wal_limit_mib = 768;            // the write-ahead log's size, about, past which it is emptied at once
  std::int64_t recent_links = 3 << 17;         // changes of links that are gathered in memory, about, before they are folded into their records' rows
  std::int64_t answer_cache_mib = 640;         // memory for kept answers of retrieve, at most; 0: off
  std::int64_t index_snapshot_after = 50'000;  // log entries between two snapshots of an index, at least; 0: none
  std::string tls_cert;
  std::string tls_key;
  std::string log_level = "info";
};

}  // namespace plenoptic::server
