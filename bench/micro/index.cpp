// Questions to the index at several sizes, and what keeping it current costs.
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "model/system_schema.h"
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

/// An index alone, of opportunities with an account each, and updates of them: four fields and the account, as a group's commit tells of them.
class Updates {
 public:
  explicit Updates(std::size_t opportunities) : accounts_(opportunities / 10), records_(opportunities) {
    index_.begin_loading(schema_);
    for (model::RecordId& account : accounts_) index_.load_record(schema_.type(model::types::account), {.type = model::types::account, .id = account = ids_.next(at_++)});
    for (Record& record : records_) {
      record.id = ids_.next(at_++);
      record.fields = random_fields();
      record.fields.set(1, fmt::format("Amber Harbour {}", random_()));
      record.account = random_account();
      index_.load_record(schema_.type(model::types::opportunity), {.type = model::types::opportunity, .id = record.id, .fields = model::encode_fields(record.fields)});
    }
    for (auto type : {model::types::account, model::types::opportunity}) index_.finish_type(type);
    std::vector<index::LinkRange> links;
    links.emplace_back(index_, schema_);
    for (const Record& record : records_) links.front().add(record.id, model::links::opportunity_account, record.account);
    index_.load_links(schema_, links);
    index_.finish_loading(0);
  }

  std::vector<model::Change> next(std::size_t count) {
    std::vector<model::Change> changes(count);
    for (model::Change& change : changes) {
      Record& record = records_[random_() % records_.size()];
      const model::RecordId account = random_account();
      change.sequence = ++sequence_;
      change.type = model::types::opportunity;
      change.record = record.id;
      change.after = random_fields();
      for (const auto& [number, value] : change.after.entries()) {
        change.before.set(number, record.fields.get(number));
        record.fields.set(number, value);
      }
      change.links = {{model::links::opportunity_account, record.id, record.account, false}, {model::links::opportunity_account, record.id, account, true}};
      record.account = account;
    }
    return changes;
  }

  index::WorkspaceIndex& index() { return index_; }
  const model::Schema& schema() const { return schema_; }

 private:
  struct Record {
    model::RecordId id;
    model::FieldValues fields;
    model::RecordId account;
  };

  static model::Schema make_schema() {
    int count = 0;
    auto system = model::system_schema("USD", [&](std::string_view prefix) { return std::string(prefix) + std::to_string(++count); });
    return {1, std::move(system.object_types), std::move(system.link_types)};
  }

  model::RecordId random_account() { return accounts_[random_() % accounts_.size()]; }
  model::FieldValues random_fields() {
    model::FieldValues fields;
    fields.set(2, model::OptionNumber{static_cast<std::uint32_t>(1 + random_() % 7)});
    fields.set(3, static_cast<std::int64_t>(random_() % 100'000));
    fields.set(5, fmt::format("Step {}", random_() % 1000));
    return fields;
  }

  model::Schema schema_ = make_schema();
  std::mt19937 random_;
  base::CuidGenerator ids_;
  std::int64_t at_ = 1'700'000'000'000;
  std::vector<model::RecordId> accounts_;
  std::vector<Record> records_;
  index::WorkspaceIndex index_;
  std::uint64_t sequence_ = 0;
};

/// What the lane does meanwhile takes the cache: 4 MiB of something else are gone through before each group. The mean of one
/// update in the median group, which what else runs on the machine moves least.
void take_in_group(benchmark::State& state) {
  static std::map<std::int64_t, std::unique_ptr<Updates>> made;
  auto& updates = made[state.range(0)];
  if (!updates) updates = std::make_unique<Updates>(static_cast<std::size_t>(state.range(0)));
  constexpr std::size_t group = 32;
  std::vector<char> elsewhere(4 << 20);
  std::vector<double> us_each;
  for (auto _ : state) {
    const auto changes = updates->next(group);
    for (std::size_t i = 0; i < elsewhere.size(); i += 64) benchmark::DoNotOptimize(++elsewhere[i]);
    const auto begin = std::chrono::steady_clock::now();
    for (const model::Change& change : changes) updates->index().apply_all(updates->schema(), std::span(&change, 1));
    us_each.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count() / group);
  }
  std::nth_element(us_each.begin(), us_each.begin() + static_cast<std::ptrdiff_t>(us_each.size() / 2), us_each.end());
  state.counters["us_each"] = us_each[us_each.size() / 2];
}
BENCHMARK(take_in_group)->Arg(10'000)->Arg(1'000'000)->Iterations(5000);

}  // namespace
}  // namespace plenoptic::bench
