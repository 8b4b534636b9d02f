// A database of its own for each test, with one workspace.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "model/system_schema.h"
#include "storage/sqlite/sqlite_database.h"

namespace plenoptic::storage {

class DatabaseTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "plenoptic-test-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
    open();
    database->write_group([&](Writer& writer) {
      workspace = writer.create_workspace({.slug = "w", .name = "W", .settings = "{}", .schema_version = 1});
      writer.put_definition(workspace, {DefinitionKind::object_type, model::types::account, 0, "{}"});
    });
  }
  void TearDown() override {
    database.reset();
    std::filesystem::remove_all(directory);
  }
  void open() { database = open_sqlite({.directory = directory}); }
  void reopen() {
    database.reset();
    open();
  }

  model::Record prepare(Writer& writer, std::string fields = {}) {
    return {.type = model::types::account,
            .id = ids.next(++now),
            .created_at_ms = now,
            .updated_at_ms = now,
            .version = writer.log_sequence(workspace) + 1,
            .fields = std::move(fields)};
  }
  model::Record make(Writer& writer, std::string fields = {}, std::optional<RecordId> id = {}) {
    model::Record record = prepare(writer, std::move(fields));
    if (id) record.id = *id;
    writer.insert_record(workspace, record);
    model::Change change{.workspace = workspace, .at_ms = now, .kind = model::ChangeKind::created, .type = record.type, .record = record.id};
    writer.append_change(change);
    return record;
  }

  /// A link type between accounts whose source has one, or many.
  static model::LinkType link_type(model::LinkTypeNumber number, model::Cardinality of_source) {
    model::LinkType type{.number = number};
    for (model::LinkTypeEnd& end : type.ends) end.type = model::types::account;
    type.ends[0].cardinality = of_source;
    return type;
  }

  std::string directory;
  std::unique_ptr<Database> database;
  WorkspaceId workspace;
  base::CuidGenerator ids;
  std::int64_t now = 1'700'000'000'000;
};

}  // namespace plenoptic::storage
