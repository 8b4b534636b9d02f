#include "services/field_history.h"

#include <fmt/format.h>

#include "model/errors.h"
#include "storage/database_fixture.h"

namespace plenoptic::services {
namespace {

class FieldHistoryTest : public storage::DatabaseTest {
 protected:
  /// A record whose other field was written so often after its name was, each as its log entry.
  model::Record written(int others, bool renamed = true) {
    model::Record record;
    database->write_group([&](storage::Writer& writer) {
      model::FieldValues values;
      values.set(name.number, std::string("first"));
      record = make(writer, model::encode_fields(values));
      const auto change = [&](model::FieldNumber field, model::Value before, model::Value after) {
        model::Change entry{.workspace = workspace, .at_ms = ++now, .kind = model::ChangeKind::updated, .type = record.type, .record = record.id};
        entry.previous_sequence = record.version;
        entry.before.set(field, before);
        entry.after.set(field, after);
        values.set(field, std::move(after));
        record.version = writer.append_change(entry);
      };
      if (renamed) change(name.number, std::string("first"), std::string("second"));
      for (int i = 0; i < others; ++i) change(other.number, i == 0 ? model::Value() : model::Value(std::int64_t{i}), std::int64_t{i + 1});
      record.fields = model::encode_fields(values);
      writer.update_record(workspace, record);
    });
    return record;
  }

  HistoryPage page(const model::Record& record, const model::FieldDefinition& field, std::size_t limit, const std::optional<std::string>& after = {}) {
    return field_history(*database->read(), workspace, record, field, limit, after);
  }

  static model::FieldDefinition field(model::FieldNumber number) {
    model::FieldDefinition made;
    made.number = number;
    return made;
  }
  const model::FieldDefinition name = field(1), other = field(2);
};

TEST_F(FieldHistoryTest, APageReadsSoMuchOfTheLogAndTheNextGoesOn) {
  const model::Record record = written(12'000);
  std::vector<model::Value> found;
  std::optional<std::string> after;
  int pages = 0;
  do {
    const HistoryPage one = page(record, name, 20, after);
    for (const HistoryEntry& entry : one.entries) found.push_back(entry.value);
    after = one.next_cursor;
    ++pages;
  } while (after);
  EXPECT_EQ(pages, 3);
  EXPECT_THAT(found, testing::ElementsAre(model::Value(std::string("second")), model::Value(std::string("first"))));
}

TEST_F(FieldHistoryTest, ThePageOfTheCreationKnowsItsValue) {
  const model::Record record = written(3);
  const HistoryPage first = page(record, name, 1);
  ASSERT_TRUE(first.next_cursor);
  const HistoryPage last = page(record, name, 1, first.next_cursor);
  ASSERT_EQ(last.entries.size(), 1U);
  EXPECT_EQ(last.entries[0].value, model::Value(std::string("first")));
  EXPECT_EQ(last.entries[0].recorded_at_ms, record.created_at_ms);
  EXPECT_FALSE(last.next_cursor);
}

TEST_F(FieldHistoryTest, WhatWasWrittenBetweenPagesIsNoOlderValue) {
  model::Record record = written(6'000, false);
  const HistoryPage first = page(record, name, 1);
  EXPECT_THAT(first.entries, testing::IsEmpty());
  ASSERT_TRUE(first.next_cursor);
  database->write_group([&](storage::Writer& writer) {
    model::Change entry{.workspace = workspace, .at_ms = ++now, .kind = model::ChangeKind::updated, .type = record.type, .record = record.id};
    entry.previous_sequence = record.version;
    entry.before.set(name.number, std::string("first"));
    entry.after.set(name.number, std::string("newer"));
    record.version = writer.append_change(entry);
    model::FieldValues values = model::decode_fields(record.fields);
    values.set(name.number, std::string("newer"));
    record.fields = model::encode_fields(values);
    writer.update_record(workspace, record);
  });
  const HistoryPage second = page(record, name, 1, first.next_cursor);
  ASSERT_EQ(second.entries.size(), 1U);
  EXPECT_EQ(second.entries[0].value, model::Value(std::string("first")));
}

TEST_F(FieldHistoryTest, ACursorIsOfOneRecordAndField) {
  const model::Record record = written(3), another = written(3);
  const std::string cursor = page(record, name, 1).next_cursor.value();
  EXPECT_THROW(page(another, name, 1, cursor), model::Error);
  EXPECT_THROW(page(record, other, 1, cursor), model::Error);
  for (const char* text : {"", "1", "1.", "1.2", "1.2.", ".1.2", "1.1.0.0011223344556677", "99999999999999999999.1.1.0011223344556677"})
    EXPECT_THROW(page(record, name, 1, text), model::Error) << text;
}

}  // namespace
}  // namespace plenoptic::services
