// The comparison of index and storage itself: told another record than storage has, it finds the difference.
#include "services/verify_index.h"

#include <cstdlib>
#include <filesystem>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/system_schema.h"
#include "services/index_loading.h"
#include "storage/sqlite/sqlite_database.h"

namespace plenoptic::services {
namespace {

class IndexChecksTest : public testing::Test {
 protected:
  static constexpr model::FieldNumber name = 1, stage = 2, amount = 3;

  IndexChecksTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "plenoptic-verify-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
    for (int i = 0; i < 60; ++i) records.push_back(make(i));
    database = store("right", records);
  }
  ~IndexChecksTest() override {
    database.reset();
    std::filesystem::remove_all(directory);
  }

  model::Record make(int i) {
    model::FieldValues values;
    values.set(name, std::string("Deal ") + std::to_string(i));
    values.set(stage, model::OptionNumber{static_cast<std::uint32_t>(1 + i % 3)});
    if (i % 4) values.set(amount, static_cast<std::int64_t>(i * 100));
    model::Record record{.type = model::types::opportunity, .id = ids.next(1'000), .fields = model::encode_fields(values)};
    if (i % 5 == 0) record.deleted_at_ms = 1;
    return record;
  }

  std::unique_ptr<storage::Database> store(const std::string& where, const std::vector<model::Record>& stored) {
    auto made = storage::open_sqlite({.directory = directory / where, .throw_away = true});
    made->write_group([&](storage::Writer& writer) {
      workspace = writer.create_workspace({.slug = "w", .name = "W", .settings = "{}", .schema_version = 1});
      for (const model::Record& record : stored) writer.insert_record(workspace, record);
    });
    return made;
  }

  /// What is found where the index is of a database in which one record is as `change` leaves it; nothing: it is missing.
  Findings compare(const std::function<std::optional<model::Record>(model::Record)>& change) {
    std::vector<model::Record> others = records;
    others.erase(others.begin() + 31);
    if (const auto changed = change(records[31])) others.insert(others.begin() + 31, *changed);
    const auto other = store("other", others);
    const auto index = load_index(*other, workspace, [&] { return std::make_shared<const model::Schema>(schema); });
    std::filesystem::remove_all(directory / "other");
    Findings findings;
    const auto reader = database->read();
    IndexChecks checks(*reader, workspace, schema, findings, 1);
    for (const model::Record& record : records) checks.sample(record, model::decode_fields(record.fields));
    EXPECT_GT(checks.compare(*index, schema.type(model::types::opportunity)), 30U);
    return findings;
  }

  static model::Schema make_schema() {
    int count = 0;
    auto system = model::system_schema("USD", [&](std::string_view prefix) { return std::string(prefix) + std::to_string(++count); });
    return {1, std::move(system.object_types), std::move(system.link_types)};
  }

  static model::Record with(model::Record record, model::FieldNumber field, model::Value value) {
    model::FieldValues values = model::decode_fields(record.fields);
    values.set(field, std::move(value));
    record.fields = model::encode_fields(values);
    return record;
  }

  std::filesystem::path directory;
  std::unique_ptr<storage::Database> database;
  std::vector<model::Record> records;
  model::WorkspaceId workspace;
  model::Schema schema = make_schema();
  base::CuidGenerator ids;
};

TEST_F(IndexChecksTest, FindNothingWhereTheIndexIsRight) {
  EXPECT_TRUE(compare([](model::Record record) { return record; }).sound());
}

TEST_F(IndexChecksTest, FindWhatTheIndexHasWrong) {
  EXPECT_FALSE(compare([](const model::Record& record) { return with(record, stage, model::OptionNumber{7}); }).sound());
  EXPECT_FALSE(compare([](const model::Record& record) { return with(record, amount, std::int64_t{-5}); }).sound());
  EXPECT_FALSE(compare([](const model::Record& record) { return with(record, name, std::string("Another")); }).sound());
  EXPECT_FALSE(compare([](const model::Record&) { return std::optional<model::Record>(); }).sound());
  EXPECT_FALSE(compare([](model::Record record) {
                 record.deleted_at_ms = record.deleted_at_ms ? std::nullopt : std::optional<std::int64_t>(1);
                 return record;
               }).sound());
}

}  // namespace
}  // namespace plenoptic::services
