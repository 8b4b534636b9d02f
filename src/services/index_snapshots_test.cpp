// Snapshots beside a database that goes on: what is restored from one and the log is as storage is.
#include "services/index_snapshots.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/system_schema.h"
#include "services/index_directory.h"
#include "services/index_loading.h"
#include "services/records.h"
#include "services/verify_index.h"
#include "storage/sqlite/sqlite_database.h"

namespace plenoptic::services {
namespace {

namespace fs = std::filesystem;
using model::RecordId;

class IndexSnapshotsTest : public testing::Test {
 protected:
  static constexpr model::TypeNumber deal = model::types::opportunity;
  static constexpr model::FieldNumber name = 1, stage = 2, amount = 3;

  IndexSnapshotsTest() {
    std::string pattern = (fs::temp_directory_path() / "plenoptic-snapshots-XXXXXX").string();
    root = ::mkdtemp(pattern.data());
    open("data");
    random.seed(seed);
  }
  ~IndexSnapshotsTest() override {
    database.reset();
    fs::remove_all(root);
  }

  void open(const std::string& where) {
    database.reset();
    settings = {.directory = root + "/" + where, .program = "test 1", .after = 1};
    const bool made = fs::exists(settings.directory);
    database = storage::open_sqlite({.directory = settings.directory, .throw_away = false});
    if (made) return;
    database->write_group([&](storage::Writer& writer) {
      workspace = writer.create_workspace({.slug = "w", .name = "W", .settings = "{}", .schema_version = 1});
      for (const model::ObjectType& type : schema->object_types()) writer.put_definition(workspace, {storage::DefinitionKind::object_type, type.number, 0, "{}"});
    });
  }

  std::uint32_t pick(std::uint32_t below) { return std::uniform_int_distribution<std::uint32_t>(0, below - 1)(random); }

  static model::Schema make_schema() {
    int count = 0;
    auto system = model::system_schema("USD", [&](std::string_view prefix) { return std::string(prefix) + std::to_string(++count); });
    return {1, std::move(system.object_types), std::move(system.link_types)};
  }

  RecordWrite some_values() {
    RecordWrite write;
    write.fields.set(name, "Deal " + std::to_string(pick(50)));
    write.fields.set(stage, model::OptionNumber{1 + pick(3)});
    write.fields.set(amount, pick(3) == 0 ? model::Value{} : model::Value{static_cast<std::int64_t>(pick(1000))});
    return write;
  }

  void write_one(WriteContext& context) {
    const model::ObjectType& type = schema->type(deal);
    if (people.size() < 5) {
      people.push_back(create_record(context, schema->type(model::types::contact), {}).id);
    } else if (deals.size() < 10 || pick(3) == 0) {
      ServerLinks links;
      if (pick(2)) links.emplace_back(model::links::opportunity_champion, people[pick(static_cast<std::uint32_t>(people.size()))]);
      deals.push_back(create_record(context, type, some_values(), links).id);
    } else {
      const RecordId id = deals[pick(static_cast<std::uint32_t>(deals.size()))];
      const bool live = context.storage.find_record(workspace, deal, id)->live();
      if (!live)
        restore_record(context, type, id);
      else if (pick(4) == 0)
        trash_record(context, type, id);
      else
        update_record(context, type, id, some_values());
    }
  }

  /// Commits some writes, and tells `index` as the lane does.
  void write(int count, index::WorkspaceIndex* index = nullptr) {
    std::vector<model::Change> changes;
    database->write_group([&](storage::Writer& writer) {
      for (int i = 0; i < count; ++i) {
        WriteContext context{
            .storage = writer, .workspace = workspace, .schema = schema, .now_ms = ++now_ms, .ids = ids, .actor = {}, .origin = {}, .changes = {}, .after_commit = {}};
        context.origin.request_id = "req_" + std::to_string(random());
        write_one(context);
        changes.insert(changes.end(), context.changes.begin(), context.changes.end());
      }
    });
    if (index) index->apply_all(*schema, changes);
  }

  /// While it is written, writes go on.
  void save(index::WorkspaceIndex& index) {
    std::string buffer;
    make_room_for_parts(index, buffer);
    const auto written = write_snapshot(*database, workspace, index, settings, buffer, [&] {
      write(static_cast<int>(pick(4)), &index);
      return false;
    });
    ASSERT_TRUE(written);
  }

  std::unique_ptr<index::WorkspaceIndex> load() {
    return load_index(*database, workspace, [&] { return schema; });
  }
  std::optional<LoadedIndex> restore() { return restore_index(*database->read(), workspace, *schema, settings); }
  std::string refusal() {
    try {
      restore();
    } catch (const SnapshotRefused& refused) {
      return refused.what();
    }
    return "it is not refused";
  }

  void expect_as_storage(const index::WorkspaceIndex& index) {
    const auto reader = database->read();
    EXPECT_EQ(index.sequence(), reader->log_sequence(workspace));
    Findings findings;
    IndexChecks checks(*reader, workspace, *schema, findings, random());
    for (const model::ObjectType& type : schema->object_types())
      reader->scan_records(workspace, type.number, [&](const model::Record& record) { checks.sample(record, model::decode_fields(record.fields)); });
    for (const model::ObjectType& type : schema->object_types()) checks.compare(index, type);
    for (const auto& [check, found] : findings.checks()) ADD_FAILURE() << found.texts.front();
  }

  /// A new field of deals, and a deal that has it: committed and told as the lane does.
  void make_and_fill_field(IndexDirectory& indexes) {
    std::vector<model::ObjectType> types = schema->object_types();
    auto& fields = std::find_if(types.begin(), types.end(), [](const model::ObjectType& type) { return type.number == deal; })->fields;
    model::FieldDefinition field;
    field.number = std::max(fields.back().number + 1, model::first_custom_field);
    field.key = "f" + std::to_string(field.number);
    field.id = "ad_" + field.key;
    field.type = model::ValueType::number;
    fields.push_back(field);
    schema = std::make_shared<const model::Schema>(schema->version() + 1, std::move(types), schema->link_types());
    std::vector<model::Change> changes;
    database->write_group([&](storage::Writer& writer) {
      WriteContext context{
          .storage = writer, .workspace = workspace, .schema = schema, .now_ms = ++now_ms, .ids = ids, .actor = {}, .origin = {}, .changes = {}, .after_commit = {}};
      RecordWrite write;
      write.fields.set(field.number, std::int64_t{7});
      create_record(context, schema->type(deal), write);
      changes = std::move(context.changes);
    });
    indexes.publish(schema, workspace, changes);
  }

  /// How many deals have the newest field, by an index that was loaded while it was made and filled.
  std::uint64_t count_of_field_made_while_loading() {
    std::promise<void> ready;
    IndexEvents events;
    events.loaded = [&](model::WorkspaceId, const LoadedIndex&, std::chrono::milliseconds) { ready.set_value(); };
    bool made = false;
    std::unique_ptr<IndexDirectory> indexes;
    const auto known_schema = [&](model::WorkspaceId) {
      const model::SchemaPointer known = schema;
      if (!std::exchange(made, true)) make_and_fill_field(*indexes);
      return known;
    };
    indexes = std::make_unique<IndexDirectory>(*database, known_schema, settings, std::move(events));
    indexes->load(workspace);
    ready.get_future().wait();
    model::Filter filter;
    filter.fields.push_back(
        {.field = &schema->type(deal).fields.back(), .op = model::FilterOperator::equal, .negated = false, .number = 7, .option = {}, .text = {}, .digits = {}});
    const auto index = indexes->find_ready(workspace);
    const auto lock = index->read_lock();
    return index->query({.type = deal, .life = index::Life::live, .filter = &filter, .offset = 0, .limit = 1}).total_count;
  }

  /// Overwrites the beginning of the page that holds `mark`, which SQLite notices.
  static void damage_page(const std::string& path, const std::string& mark) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(file), {}};
    const std::size_t size = static_cast<unsigned char>(content[16]) << 8 | static_cast<unsigned char>(content[17]);
    file.seekp(static_cast<std::streamoff>(content.find(mark) / size * size));
    file << std::string(16, '\xff');
  }

  const unsigned seed = std::random_device{}();
  testing::ScopedTrace trace{__FILE__, __LINE__, "seed " + std::to_string(seed)};
  std::string root;
  SnapshotSettings settings;
  std::unique_ptr<storage::Database> database;
  model::WorkspaceId workspace;
  model::SchemaPointer schema = std::make_shared<const model::Schema>(make_schema());
  std::mt19937 random;
  base::CuidGenerator ids;
  std::int64_t now_ms = 1'000;
  std::vector<RecordId> people, deals;
};

TEST_F(IndexSnapshotsTest, WhatIsRestoredIsAsStorageIs) {
  for (int round = 0; round < 5; ++round) {
    write(100);
    const auto index = load();
    save(*index);
    write(static_cast<int>(pick(200)));
    const auto restored = restore();
    ASSERT_TRUE(restored);
    EXPECT_GT(restored->replayed, 0U);
    expect_as_storage(*restored->index);
  }
}

TEST_F(IndexSnapshotsTest, WithoutAFileThereIsNothingToRestore) {
  write(5);
  EXPECT_FALSE(restore());
}

TEST_F(IndexSnapshotsTest, WhatIsNotOfThisDatabaseIsRefused) {
  write(50);
  database.reset();
  fs::copy(root + "/data", root + "/backup", fs::copy_options::recursive);
  open("data");
  const std::vector<RecordId> known = deals;
  write(20);
  save(*load());
  fs::copy(root + "/data/index", root + "/backup/index", fs::copy_options::recursive);
  open("backup");
  EXPECT_THAT(refusal(), testing::HasSubstr("not of this database's past"));
  deals = known;
  write(100);  // as many entries, but others
  EXPECT_THAT(refusal(), testing::HasSubstr("not of this database's past"));
  open("data");
  EXPECT_TRUE(restore());
  settings.program = "test 2";
  EXPECT_THAT(refusal(), testing::HasSubstr("written by test 1"));
}

TEST_F(IndexSnapshotsTest, OneOfAnotherWorkspaceIsRefused) {
  write(50);
  save(*load());
  const std::string path = snapshot_path(settings, workspace);
  workspace.value += 1;
  fs::rename(path, snapshot_path(settings, workspace));
  EXPECT_THAT(refusal(), testing::HasSubstr("another workspace's"));
}

TEST_F(IndexSnapshotsTest, TheDirectoryKeepsAndUsesThem) {
  write(50);
  std::vector<std::string> said;
  const auto run = [&] {
    std::promise<void> written;
    std::atomic<bool> is_written = false;
    IndexEvents events;
    events.loaded = [&](model::WorkspaceId, const LoadedIndex& loaded, std::chrono::milliseconds) {
      said.emplace_back(loaded.base ? "restored" : "built");
      if (loaded.base) written.set_value();
    };
    events.snapshot_refused = [&](model::WorkspaceId, const std::string&) { said.emplace_back("refused"); };
    events.snapshot_written = [&](model::WorkspaceId, const WrittenSnapshot&, std::chrono::milliseconds) {
      if (!is_written.exchange(true)) written.set_value();
    };
    IndexDirectory indexes(*database, [&](model::WorkspaceId) { return schema; }, settings, std::move(events));
    indexes.load(workspace);
    written.get_future().wait();
    expect_as_storage(*indexes.find_ready(workspace));
  };
  run();
  run();
  std::fstream(snapshot_path(settings, workspace), std::ios::in | std::ios::out) << "damage";
  run();
  EXPECT_THAT(said, testing::ElementsAre("built", "restored", "refused", "built"));
}

TEST_F(IndexSnapshotsTest, AFieldThatIsMadeAndFilledMeanwhileIsInTheIndex) {
  write(50);
  EXPECT_EQ(count_of_field_made_while_loading(), 1U) << "without a snapshot";
  save(*load());
  EXPECT_EQ(count_of_field_made_while_loading(), 1U) << "restored";
  save(*load());
  std::fstream(snapshot_path(settings, workspace), std::ios::in | std::ios::out) << "damage";
  EXPECT_EQ(count_of_field_made_while_loading(), 1U) << "built after a snapshot was refused";
}

TEST_F(IndexSnapshotsTest, WhereTheLogCannotBeReadTheIndexIsBuilt) {
  write(50);
  save(*load());
  write(1000);
  const std::uint64_t newest = database->read()->log_sequence(workspace);
  const std::string mark = database->read()->find_change(workspace, newest - 400)->request_id;
  database.reset();
  damage_page(settings.directory + "/plenoptic.db", mark);
  open("data");
  std::promise<bool> ready;
  IndexEvents events;
  std::string reason;
  events.snapshot_refused = [&](model::WorkspaceId, const std::string& why) { reason = why; };
  events.loaded = [&](model::WorkspaceId, const LoadedIndex& loaded, std::chrono::milliseconds) { ready.set_value(!loaded.base); };
  events.failed = [&](model::WorkspaceId, const std::string&) { ready.set_value(false); };
  IndexDirectory indexes(*database, [&](model::WorkspaceId) { return schema; }, settings, std::move(events));
  indexes.load(workspace);
  EXPECT_TRUE(ready.get_future().get());
  EXPECT_THAT(reason, testing::HasSubstr("malformed"));
  ASSERT_TRUE(indexes.find_ready(workspace));
  expect_as_storage(*indexes.find_ready(workspace));
}

TEST_F(IndexSnapshotsTest, WhereTheyCannotBeWrittenTheIndexGoesOn) {
  write(50);
  std::ofstream(settings.directory + "/index") << "in the way";
  std::promise<std::string> failed;
  IndexEvents events;
  events.snapshot_failed = [&](model::WorkspaceId, const std::string& reason) { failed.set_value(reason); };
  IndexDirectory indexes(*database, [&](model::WorkspaceId) { return schema; }, settings, std::move(events));
  indexes.load(workspace);
  EXPECT_THAT(failed.get_future().get(), testing::HasSubstr("Not a directory"));
  expect_as_storage(*indexes.find_ready(workspace));
}

}  // namespace
}  // namespace plenoptic::services
