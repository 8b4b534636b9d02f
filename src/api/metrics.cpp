#include "api/metrics.h"

#include <array>
#include <atomic>
#include <mutex>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

namespace plenoptic::api {
namespace {

const prometheus::Histogram::BucketBoundaries buckets = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5};

}  // namespace

struct Metrics::State {
  struct PerOperation {
    std::string name;
    prometheus::Histogram* durations = nullptr;
    std::array<std::atomic<prometheus::Counter*>, 600> by_status{};
  };

  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests =
      prometheus::BuildCounter().Name("plenoptic_requests_total").Help("Requests answered, by operation and status.").Register(registry);
  prometheus::Family<prometheus::Histogram>& durations = prometheus::BuildHistogram()
                                                             .Name("plenoptic_request_duration_seconds")
                                                             .Help("Time from a request's arrival to its answer; without those that were turned away.")
                                                             .Register(registry);
  /// As the operations table, and one more for unknown paths.
  std::vector<std::unique_ptr<PerOperation>> operations;
  prometheus::Family<prometheus::Counter>& shed =
      prometheus::BuildCounter().Name("plenoptic_shed_total").Help("Requests turned away with 503 since too much waited, by lane.").Register(registry);
  prometheus::Counter& shed_reads = shed.Add({{"lane", "read"}});
  prometheus::Counter& shed_writes = shed.Add({{"lane", "write"}});
  std::vector<std::pair<prometheus::Gauge*, std::function<double()>>> gauges;

  PerOperation& of(const Operation* operation) {
    const auto rows = api::operations();
    return *operations[operation ? static_cast<std::size_t>(operation - rows.data()) : rows.size()];
  }

  void count_status(PerOperation& entry, int status) {
    auto& slot = entry.by_status[static_cast<std::size_t>(status < 0 || status >= 600 ? 0 : status)];
    prometheus::Counter* counter = slot.load(std::memory_order_acquire);
    if (!counter) {
      counter = &requests.Add({{"operation", entry.name}, {"status", std::to_string(status)}});
      slot.store(counter, std::memory_order_release);  // Add gives the same counter to whoever races here
    }
    counter->Increment();
  }
};

Metrics::Metrics() : state_(std::make_unique<State>()) {
  const auto add = [&](std::string_view id) {
    auto entry = std::make_unique<State::PerOperation>();
    entry->name = id;
    entry->durations = &state_->durations.Add({{"operation", entry->name}}, buckets);
    state_->operations.push_back(std::move(entry));
  };
  for (const Operation& operation : api::operations()) add(operation.id);
  add("unknown");
}

Metrics::~Metrics() = default;

void Metrics::count(const Operation* operation, int status, double seconds) {
  State::PerOperation& entry = state_->of(operation);
  entry.durations->Observe(seconds);
  state_->count_status(entry, status);
}

void Metrics::count_shed(const Operation* operation) {
  state_->count_status(state_->of(operation), 503);
  (operation && operation->lane != Lane::read ? state_->shed_writes : state_->shed_reads).Increment();
}

void Metrics::add_gauge(const std::string& name, const std::string& help, std::function<double()> read) {
  auto& gauge = prometheus::BuildGauge().Name(name).Help(help).Register(state_->registry).Add({});
  state_->gauges.emplace_back(&gauge, std::move(read));
}

std::string Metrics::text() {
  for (const auto& [gauge, read] : state_->gauges) gauge->Set(read());
  return prometheus::TextSerializer().Serialize(state_->registry.Collect());
}

}  // namespace plenoptic::api
