// What is written while an index is loaded.
#include "services/index_directory.h"

#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/id.h"
#include "model/system_schema.h"
#include "storage/sqlite/sqlite_database.h"

namespace plenoptic::services {
namespace {

model::SchemaPointer make_schema() {
  int count = 0;
  auto system = model::system_schema("USD", [&](std::string_view prefix) { return std::string(prefix) + std::to_string(++count); });
  return std::make_shared<const model::Schema>(1, std::move(system.object_types), std::move(system.link_types));
}

TEST(IndexDirectory, TakesInWhatCameWhileItLoaded) {
  std::string directory = (std::filesystem::temp_directory_path() / "plenoptic-directory-XXXXXX").string();
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  {
    const auto database = storage::open_sqlite({.directory = directory, .throw_away = true});
    model::WorkspaceId workspace;
    database->write_group([&](storage::Writer& writer) { workspace = writer.create_workspace({.slug = "w", .name = "W", .settings = "{}", .schema_version = 1}); });
    const model::SchemaPointer schema = make_schema();
    base::CuidGenerator ids;
    std::uint64_t sequence = 0;
    const auto create = [&](std::uint64_t count) {
      std::vector<model::Change> changes;
      for (; count > 0; --count) {
        model::Change change;
        change.workspace = workspace;
        change.sequence = ++sequence;
        change.kind = model::ChangeKind::created;
        change.type = model::types::account;
        change.record = ids.next(static_cast<std::int64_t>(sequence));
        changes.push_back(std::move(change));
      }
      return changes;
    };
    std::promise<IndexDirectory*> made;
    auto loader = made.get_future().share();
    bool wrote = false;
    // The data model is asked for on the loader's thread, after its snapshots of storage: what is published then is in none of them.
    IndexDirectory directory_of_indexes(*database, [&](model::WorkspaceId) {
      if (!std::exchange(wrote, true)) loader.get()->publish(schema, workspace, create(500));
      return schema;
    });
    directory_of_indexes.load(workspace);
    made.set_value(&directory_of_indexes);
    std::promise<void> settled;
    directory_of_indexes.when_settled(workspace, [&] { settled.set_value(); });
    settled.get_future().wait();
    const auto index = directory_of_indexes.find_ready(workspace);
    ASSERT_TRUE(index);
    directory_of_indexes.publish(schema, workspace, create(1));
    const auto lock = index->read_lock();
    EXPECT_EQ(index->sequence(), 501U);
    EXPECT_EQ(index->query({.type = model::types::account}).total_count, 501U);
  }
  std::filesystem::remove_all(directory);
}

}  // namespace
}  // namespace plenoptic::services
