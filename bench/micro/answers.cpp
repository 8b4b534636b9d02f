// From a record to its answer, and answers that are kept.
#include <benchmark/benchmark.h>

#include "api/envelope.h"
#include "services/records.h"
#include "workspace.h"

namespace plenoptic::bench {
namespace {

/// Reading the record and its links from storage, and writing its JSON: a retrieve without a kept answer.
void read_and_render(benchmark::State& state) {
  Workspace& workspace = Workspace::of(static_cast<std::size_t>(state.range(0)));
  const auto call = workspace.call();
  std::size_t next = 0;
  for (auto _ : state) {
    const model::RecordId id = workspace.opportunities[next = (next + 7919) % workspace.opportunities.size()];
    benchmark::DoNotOptimize(api::record_answer(*call, workspace.type(), services::get_live_record(call->storage(), workspace.id(), workspace.type(), id)));
  }
}
BENCHMARK(read_and_render)->Arg(1000)->Arg(50'000);

/// The JSON alone, but for the record's links, which are read.
void render(benchmark::State& state) {
  Workspace& workspace = Workspace::of(1000);
  const auto call = workspace.call();
  const model::Record record = services::get_live_record(call->storage(), workspace.id(), workspace.type(), workspace.opportunities.front());
  for (auto _ : state) benchmark::DoNotOptimize(api::record_answer(*call, workspace.type(), record));
}
BENCHMARK(render);

struct KeptAnswers {
  explicit KeptAnswers(Workspace& workspace) : workspace(workspace) {
    const auto call = workspace.call();
    for (const model::RecordId id : workspace.opportunities)
      answers.push_back(api::record_answer(*call, workspace.type(), services::get_live_record(call->storage(), workspace.id(), workspace.type(), id)).body);
  }
  services::AnswerCache::Key key(std::size_t i) const { return {workspace.id(), workspace.type(), workspace.opportunities[i], workspace.schema().version()}; }

  Workspace& workspace;
  std::vector<std::string> answers;
};

void keep_answer(benchmark::State& state) {
  const KeptAnswers kept(Workspace::of(1000));
  services::AnswerCache cache(64 << 20);
  std::size_t next = 0;
  for (auto _ : state) {
    next = (next + 37) % kept.answers.size();
    cache.put(kept.key(next), cache.ticket(), 1, kept.answers[next]);
  }
}
BENCHMARK(keep_answer);

void find_kept_answer(benchmark::State& state) {
  const KeptAnswers kept(Workspace::of(1000));
  services::AnswerCache cache(64 << 20);
  for (std::size_t i = 0; i < kept.answers.size(); ++i) cache.put(kept.key(i), cache.ticket(), 1, kept.answers[i]);
  std::size_t next = 0, found = 0;
  std::string out;
  for (auto _ : state) {
    out.clear();
    found += cache.find(kept.key(next = (next + 37) % kept.answers.size()), out);
  }
  state.counters["found"] = static_cast<double>(found) / static_cast<double>(state.iterations());
}
BENCHMARK(find_kept_answer);

}  // namespace
}  // namespace plenoptic::bench
