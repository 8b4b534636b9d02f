// From bytes to values: a body's JSON, the values in it, a list's query, ids.
#include <benchmark/benchmark.h>

#include "api/query_string.h"
#include "services/records.h"
#include "workspace.h"

namespace plenoptic::bench {
namespace {

constexpr std::string_view update_body =
    R"({"fields":{"$stage":"Proposal","$amount":75000,"$nextStep":"Send the proposal","tier":"Gold"},"relationships":{"$account":{"replace":"acc_c000000000000000000000001"}}})";

void parse_body(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(base::parse_json(update_body));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * update_body.size()));
}
BENCHMARK(parse_body);

void read_values(benchmark::State& state) {
  const Workspace& workspace = Workspace::of(1000);
  const base::Json body = base::parse_json(update_body).value();
  for (auto _ : state)
    benchmark::DoNotOptimize(services::parse_record_write(workspace.schema(), workspace.type(), body.at("fields"), body.at("relationships"), services::WriteMode::update));
}
BENCHMARK(read_values);

void parse_list_filter(benchmark::State& state) {
  const Workspace& workspace = Workspace::of(1000);
  for (auto _ : state) {
    const auto query = api::parse_query("%24stage%5Bequal%5D=Won&%24amount%5BgreaterThan%5D=1000&%24amount%5BlessThan%5D=11000&limit=25");
    benchmark::DoNotOptimize(model::parse_filter(workspace.schema(), workspace.type(), *query));
  }
}
BENCHMARK(parse_list_filter);

void parse_id(benchmark::State& state) {
  const std::string text = Workspace::of(1000).opportunities.front().text();
  for (auto _ : state) benchmark::DoNotOptimize(base::Cuid::parse(text));
}
BENCHMARK(parse_id);

void write_id(benchmark::State& state) {
  const model::RecordId id = Workspace::of(1000).opportunities.front();
  std::string out;
  for (auto _ : state) {
    out.clear();
    id.append_to(out);
    benchmark::DoNotOptimize(out.data());
  }
}
BENCHMARK(write_id);

}  // namespace
}  // namespace plenoptic::bench
