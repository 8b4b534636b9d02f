// The comparison of index and storage itself: told another record than storage has, it finds the difference.
#include "services/verify_index.h"

#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/system_schema.h"
#include "storage/sqlite/sqlite_database.h"

namespace plenoptic::services {
namespace {

class IndexChecksTest : public testing::Test {
 protected:
  static constexpr model::FieldNumber name = 1, stage = 2, amount = 3;

  IndexChecksTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "plenoptic-verify-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
    database = storage::open_sqlite({.directory = directory, .throw_away = true});
    database->write_group([&](storage::Writer& writer) {
      workspace.id = writer.create_workspace({.slug = "w", .name = "W", .settings = "{}", .schema_version = 1});
      for (int i = 0; i < 60; ++i) insert(writer, i);
    });
  }
  ~IndexChecksTest() override {
    database.reset();
    std::filesystem::remove_all(directory);
  }

  void insert(storage::Writer& writer, int i) {
    model::FieldValues values;
    values.set(name, std::string("Deal ") + std::to_string(i));
    values.set(stage, model::OptionNumber{static_cast<std::uint32_t>(1 + i % 3)});
    if (i % 4) values.set(amount, static_cast<std::int64_t>(i * 100));
    model::Record record{.type = model::types::opportunity, .id = ids.next(1'000), .fields = model::encode_fields(values)};
    if (i % 5 == 0) record.deleted_at_ms = 1;
    writer.insert_record(workspace.id, record);
  }

  /// What is found where the index is told `told(record)` instead of each record.
  Findings compare(const std::function<std::optional<model::Record>(model::Record)>& told) {
    Findings findings;
    const auto reader = database->read();
    IndexChecks checks(*reader, workspace, schema, findings, 1);
    const model::ObjectType& type = schema.type(model::types::opportunity);
    reader->scan_records(workspace.id, type.number, [&](const model::Record& record) {
      if (const auto shown = told(record)) checks.load(type, *shown, model::decode_fields(shown->fields));
    });
    checks.load_links();
    EXPECT_GT(checks.compare(type), 30U);
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
  storage::Workspace workspace;
  model::Schema schema = make_schema();
  base::CuidGenerator ids;
};

TEST_F(IndexChecksTest, FindNothingWhereTheIndexIsRight) {
  EXPECT_TRUE(compare([](model::Record record) { return record; }).sound());
}

TEST_F(IndexChecksTest, FindWhatTheIndexHasWrong) {
  int number = 0;
  const auto once = [&](auto change) {
    number = 0;
    return compare([&](model::Record record) -> std::optional<model::Record> { return ++number == 32 ? change(record) : std::optional(record); });
  };
  EXPECT_FALSE(once([](const model::Record& record) { return std::optional(with(record, stage, model::OptionNumber{7})); }).sound());
  EXPECT_FALSE(once([](const model::Record& record) { return std::optional(with(record, amount, std::int64_t{-5})); }).sound());
  EXPECT_FALSE(once([](const model::Record& record) { return std::optional(with(record, name, std::string("Another"))); }).sound());
  EXPECT_FALSE(once([](const model::Record&) { return std::optional<model::Record>(); }).sound());
  EXPECT_FALSE(once([](model::Record record) {
                 record.deleted_at_ms = record.deleted_at_ms ? std::nullopt : std::optional<std::int64_t>(1);
                 return std::optional(record);
               }).sound());
}

}  // namespace
}  // namespace plenoptic::services
