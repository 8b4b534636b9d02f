// From a request to its answer: one function of commented steps, in the order of the contract's checks.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "api/call.h"
#include "api/idempotency.h"
#include "api/metrics.h"
#include "api/rate_limiter.h"
#include "api/router.h"
#include "http/message.h"
#include "services/write_lane.h"

namespace plenoptic::api {

struct PipelineOptions {
  std::size_t max_body_bytes = 4 << 20;
  /// What a write may wait, for its thread and in the lane together. Zero: until the lane's queue is full.
  std::chrono::nanoseconds overload_target{};
};

/// What is told of each request when it is answered. No secret, no field value.
struct RequestLog {
  std::string_view request_id;
  std::string_view operation;  // empty: none matched
  std::string_view method;
  int status = 0;
  double duration_ms = 0;
  std::string_view workspace;
  std::string_view subject;
  std::string_view failure;  // of a 5xx: what went wrong inside
  bool shed = false;         // turned away with 503 since too much waits
};

class Pipeline final : public http::Handler {
 public:
  struct Parts {
    const Services& services;
    services::WriteLane& lane;
    RateLimiter& limiter;
    Metrics& metrics;
    std::function<void(const RequestLog&)> log;
  };

  Pipeline(Parts parts, PipelineOptions options);

  void handle(const http::Request& request, http::Responder responder) override;
  http::Response protocol_error(http::ProtocolError error) override;

 private:
  struct Exchange;
  using ExchangePointer = std::shared_ptr<Exchange>;

  void process(const ExchangePointer& exchange);
  bool is_one_too_many(const Exchange& exchange) const;
  void authenticate(Exchange& exchange) const;
  /// Takes up the key that is shown, where it is a valid one.
  bool recognise(Exchange& exchange) const;
  void enter_workspace(Exchange& exchange) const;
  void check_version(const Exchange& exchange) const;
  void show_rate(Exchange& e);
  void check_rate(Exchange& exchange);
  void check_access(const Exchange& exchange) const;
  bool administers(const Exchange& exchange) const;
  bool replay(Exchange& exchange);
  void read_body(Exchange& exchange) const;
  void run_read(const ExchangePointer& exchange);
  std::string openapi_text(const Exchange& exchange);
  void run_write(const ExchangePointer& exchange);
  /// A write's answer stands in memory until its group is committed, and is told in any case then: where there is no room for it, the write is undone.
  void require_room_for(Exchange& exchange);
  void shed(Exchange& exchange);
  void finish(Exchange& exchange, Answer answer);
  void fail(Exchange& exchange, const std::exception_ptr& error);
  std::string new_request_id();

  Parts parts_;
  PipelineOptions options_;
  Router router_;
  const Answer overloaded_;
  InFlightKeys in_flight_;
  std::atomic<std::size_t> waiting_bytes_ = 0;  // of writes' answers, until they are handed over
  std::mutex openapi_mutex_;
  std::map<std::uint32_t, std::pair<model::SchemaPointer, std::string>> openapi_;  // by workspace; 0: of one that is fresh
  std::string request_id_prefix_;
  std::atomic<std::uint64_t> request_count_ = 0;
};

}  // namespace plenoptic::api
