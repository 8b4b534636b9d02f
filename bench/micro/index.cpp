// Questions to the index at several sizes, and what keeping it current costs.
#include <benchmark/benchmark.h>

#include "workspace.h"

namespace plenoptic::bench {
namespace {

constexpr std::int64_t small = 1000, large = 50'000;

void ask(benchmark::State& state, model::TypeNumber type, const std::vector<model::QueryParameter>& parameters, std::size_t offset = 0) {
  const Workspace& workspace = Workspace::of(static_cast<std::size_t>(state.range(0)));
  const auto filter = model::parse_filter(workspace.schema(), workspace.schema().type(type), parameters);
  if (!filter) {
    state.SkipWithError(filter.error().problem.message.c_str());
    return;
  }
  std::uint64_t matches = 0;
  for (auto _ : state) {
    const auto lock = workspace.index().read_lock();
    matches = workspace.index().query({.type = type, .filter = &*filter, .offset = offset, .limit = 25}).total_count;
  }
  state.counters["matches"] = static_cast<double>(matches);
}

void select_and_range(benchmark::State& state) {
  ask(state, model::types::opportunity, {{"$stage[equal]", "Won"}, {"$amount[greaterThan]", "20000"}, {"$amount[lessThan]", "30000"}});
}
BENCHMARK(select_and_range)->Arg(small)->Arg(large);

void email_contains(benchmark::State& state) { ask(state, model::types::contact, {{"$email[contains]", "okafor12"}}); }
BENCHMARK(email_contains)->Arg(small)->Arg(large);

void name_starts_with(benchmark::State& state) { ask(state, model::types::opportunity, {{"$name[startsWith]", "deal 42"}}); }
BENCHMARK(name_starts_with)->Arg(small)->Arg(large);

void relationship_contains(benchmark::State& state) {
  const Workspace& workspace = Workspace::of(static_cast<std::size_t>(state.range(0)));
  ask(state, model::types::opportunity, {{"$account[contains]", "acc_" + workspace.accounts.front().text()}});
}
BENCHMARK(relationship_contains)->Arg(small)->Arg(large);

void first_page(benchmark::State& state) { ask(state, model::types::opportunity, {}); }
BENCHMARK(first_page)->Arg(small)->Arg(large);

void far_page(benchmark::State& state) { ask(state, model::types::opportunity, {}, static_cast<std::size_t>(state.range(0) * 9 / 10)); }
BENCHMARK(far_page)->Arg(small)->Arg(large);

/// One log entry that changes an amount and a stage.
void take_in_update(benchmark::State& state) {
  Workspace& workspace = Workspace::of(static_cast<std::size_t>(state.range(0)));
  const model::FieldNumber stage = workspace.type().field("$stage").number, amount = workspace.type().field("$amount").number;
  std::uint64_t sequence = [&] {
    const auto lock = workspace.index().read_lock();
    return workspace.index().sequence();
  }();
  std::int64_t number = 0;
  for (auto _ : state) {
    model::Change change;
    change.sequence = ++sequence;
    change.type = model::types::opportunity;
    change.record = workspace.opportunities[static_cast<std::size_t>(++number * 7919) % workspace.opportunities.size()];
    change.after.set(stage, model::OptionNumber{static_cast<std::uint32_t>(1 + number % 7)});
    change.after.set(amount, number % 100'000 * 100);
    workspace.index().apply_all(workspace.schema(), std::span(&change, 1));
  }
}
BENCHMARK(take_in_update)->Arg(small)->Arg(large);

}  // namespace
}  // namespace plenoptic::bench
