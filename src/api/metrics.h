// What /metrics shows: requests by operation and status with their durations, and gauges read at each scrape.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "api/operation.h"

namespace plenoptic::api {

class Metrics {
 public:
  Metrics();
  ~Metrics();
  /// Null operation: a path that is no operation. Cheap; from any thread.
  void count(const Operation* operation, int status, double seconds);
  /// A request that was turned away with 503 since too much waits. Its time tells nothing.
  void count_shed(const Operation* operation);
  /// A gauge whose value is asked for when scraped.
  void add_gauge(const std::string& name, const std::string& help, std::function<double()> read);
  /// Prometheus's text format.
  std::string text();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plenoptic::api
