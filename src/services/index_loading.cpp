#include "services/index_loading.h"

#include <algorithm>
#include <thread>
#include <vector>

#include "services/share_out.h"

namespace plenoptic::services {
namespace {

using model::RecordId;
using storage::Reader;

constexpr std::size_t link_ranges = 16;  // more than threads, so that none waits long for the last

/// A snapshot for each thread, all of one moment: where a commit came in between, taken again, and half as many.
std::vector<std::unique_ptr<Reader>> open_snapshots(storage::Database& database, model::WorkspaceId workspace) {
  for (std::size_t count = std::max(1U, std::thread::hardware_concurrency());; count = std::max<std::size_t>(1, count / 2)) {
    std::vector<std::unique_ptr<Reader>> snapshots;
    snapshots.reserve(count);
    for (std::size_t i = 0; i < count; ++i) snapshots.push_back(database.read());
    const std::uint64_t sequence = snapshots.front()->log_sequence(workspace);
    if (std::all_of(snapshots.begin(), snapshots.end(), [&](const auto& snapshot) { return snapshot->log_sequence(workspace) == sequence; })) return snapshots;
  }
}

}  // namespace

std::unique_ptr<index::WorkspaceIndex> load_index(storage::Database& database, model::WorkspaceId workspace, const std::function<model::SchemaPointer()>& schema) {
  const auto opened = open_snapshots(database, workspace);
  std::vector<Reader*> snapshots;
  snapshots.reserve(opened.size());
  for (const auto& snapshot : opened) snapshots.push_back(snapshot.get());
  return load_index(snapshots, workspace, *schema());
}

std::unique_ptr<index::WorkspaceIndex> load_index(const std::vector<Reader*>& snapshots, model::WorkspaceId workspace, const model::Schema& schema) {
  auto index = std::make_unique<index::WorkspaceIndex>();
  index->begin_loading(schema);
  const auto& types = schema.object_types();
  share_out(snapshots.size(), types.size(), [&](std::size_t thread, std::size_t i) {
    snapshots[thread]->scan_records(workspace, types[i].number, [&](const model::Record& record) { index->load_record(types[i], record); });
    index->finish_type(types[i].number);
  });

  std::vector<RecordId> borders = index->range_borders(link_ranges);
  borders.insert(borders.begin(), RecordId{});
  std::vector<index::LinkRange> ranges;
  ranges.reserve(borders.size());
  for (std::size_t i = 0; i < borders.size(); ++i) ranges.emplace_back(*index, schema);
  share_out(snapshots.size(), ranges.size(), [&](std::size_t thread, std::size_t i) {
    RecordId last = RecordId::greatest();
    if (i + 1 < borders.size()) {
      last = borders[i + 1];  // the id before the next range's first
      if (last.low-- == 0) --last.high;
    }
    snapshots[thread]->scan_links(workspace, borders[i], last,
                                  [&](RecordId source, model::LinkTypeNumber type, RecordId destination) { ranges[i].add(source, type, destination); });
  });
  index->load_links(schema, ranges);
  index->finish_loading(snapshots.front()->log_sequence(workspace));
  return index;
}

}  // namespace plenoptic::services
