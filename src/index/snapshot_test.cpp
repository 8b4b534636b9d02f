// Snapshots of the index, made while it changes: restored and told the log again, it answers as the one that never stopped.
#include "index/snapshot_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <system_error>
#include <tuple>

#include <gtest/gtest.h>

#include "model/value_types.h"

namespace plenoptic::index {
namespace {

using model::Change;
using model::ChangeKind;
using model::FieldPredicate;
using model::FieldValues;
using model::FilterOperator;
using model::Side;
using model::Value;
using model::ValueType;

/// Two object types with a field of each type, links between them, and links of the first to itself.
model::Schema make_schema(ValueType first_field = ValueType::address) {
  std::vector<model::ObjectType> types;
  for (const TypeNumber number : {TypeNumber{1}, TypeNumber{2}}) {
    model::ObjectType type;
    type.number = number;
    type.slug = "thing" + std::to_string(number);
    type.plural = type.slug + "s";
    type.prefix = type.slug;
    for (const model::ValueTypeRow& row : model::value_type_rows()) {
      model::FieldDefinition field;
      field.number = static_cast<model::FieldNumber>(row.type) + 1;
      field.key = "f" + std::to_string(field.number);
      field.id = "ad_" + field.key;
      field.type = field.number == 1 ? first_field : row.type;
      field.multiple = true;
      type.fields.push_back(std::move(field));
    }
    types.push_back(std::move(type));
  }
  std::vector<model::LinkType> links;
  for (const TypeNumber far : {TypeNumber{1}, TypeNumber{2}}) {
    model::LinkType link;
    link.number = far;
    link.id = "rd_" + std::to_string(far);
    link.ends[0] = {.type = 1, .key = "to" + std::to_string(far), .label = "To"};
    link.ends[1] = {.type = far, .key = "from" + std::to_string(far), .label = "From"};
    links.push_back(std::move(link));
  }
  return {1, std::move(types), std::move(links)};
}

class SnapshotTest : public testing::Test {
 protected:
  struct Row {
    TypeNumber type = 1;
    RecordId id;
    bool live = true;
    FieldValues fields;
  };

  SnapshotTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "plenoptic-snapshot-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
    random.seed(seed);
    index.begin_loading(schema);
  }
  ~SnapshotTest() override { std::filesystem::remove_all(directory); }

  std::uint32_t pick(std::uint32_t below) { return std::uniform_int_distribution<std::uint32_t>(0, below - 1)(random); }
  std::string text() { return std::string(1 + pick(3), static_cast<char>('A' + pick(4))) + std::to_string(pick(30)) + (pick(9) == 0 ? "a longer text, past eight bytes" : ""); }

  Value value_of(ValueType type) {
    if (pick(4) == 0) return {};
    switch (type) {
      case ValueType::checkbox: return pick(2) == 0;
      case ValueType::currency:
      case ValueType::datetime:
      case ValueType::number: return static_cast<std::int64_t>(pick(2000)) - 500;
      case ValueType::single_select: return model::OptionNumber{1 + pick(5)};
      case ValueType::multi_select: return std::vector<model::OptionNumber>{{1 + pick(5)}};
      case ValueType::full_name: return model::FullName{text(), text()};
      case ValueType::address: return model::Address{.street = text(), .street2 = {}, .city = {}, .state = {}, .postal_code = {}, .country = {}, .latitude = {}, .longitude = {}};
      case ValueType::email:
      case ValueType::url: return std::vector<std::string>{text() + "@x.example", text()};
      case ValueType::telephone: return std::vector<std::string>{"+4930" + std::to_string(1000 + pick(9000))};
      default: return text();
    }
  }

  /// Something happens, and is told to the index.
  void change() {
    Change change;
    change.sequence = log.size() + 1;
    const std::uint32_t what = rows.size() < 20 ? 0 : pick(6);
    if (what == 0) {
      rows.push_back({.type = 1 + pick(2), .id = ids.next(static_cast<std::int64_t>(log.size())), .live = true, .fields = {}});
      change.kind = ChangeKind::created;
      set_values(change, rows.back(), 12);
    } else {
      Row& row = rows[pick(static_cast<std::uint32_t>(rows.size()))];
      if (what == 1) {
        row.live = !row.live;
        change.kind = row.live ? ChangeKind::restored : ChangeKind::trashed;
        change.type = row.type;
        change.record = row.id;
      } else {
        set_values(change, row, 3);
      }
    }
    for (std::uint32_t i = pick(3); i > 0; --i) add_link(change);
    log.push_back(change);
    index.apply_all(schema, std::span(&log.back(), 1));
  }

  void set_values(Change& change, Row& row, std::uint32_t count) {
    change.type = row.type;
    change.record = row.id;
    for (; count > 0; --count) {
      const model::FieldDefinition& field = schema.type(row.type).fields[pick(static_cast<std::uint32_t>(schema.type(row.type).fields.size()))];
      if (change.after.find(field.number)) continue;
      Value value = value_of(field.type);
      change.before.set(field.number, row.fields.get(field.number));
      change.after.set(field.number, value);
      row.fields.set(field.number, std::move(value));
    }
  }

  void add_link(Change& change) {
    // Among a few records, so that links come and go.
    const auto few = static_cast<std::uint32_t>(std::min<std::size_t>(rows.size(), 12));
    const Row &source = rows[pick(few)], &destination = rows[pick(few)];
    if (source.type != 1) return;
    const auto key = std::tuple(destination.type, source.id, destination.id);
    const bool added = links.insert(key).second;
    if (!added) links.erase(key);
    change.links.push_back({destination.type, source.id, destination.id, added});
  }

  /// Saves the parts in any order, and things happen between them.
  void save(const std::string& path) {
    SnapshotWriter file(path);
    SnapshotHead head;
    head.base = head.newest = log.size();
    std::vector<SnapshotPart> parts = index.parts();
    std::shuffle(parts.begin(), parts.end(), random);
    for (const SnapshotPart& part : parts) {
      for (std::uint32_t i = pick(8); i > 0; --i) change();
      std::string bytes;
      index.save_part(part, bytes);
      EXPECT_EQ(index.part_bytes(part), bytes.size());
      head.newest = log.size();
      file.add(part, head.newest, bytes);
    }
    file.finish(head);
  }

  void restore(const std::string& path, WorkspaceIndex& restored) {
    const SnapshotFile file(path);
    std::vector<SnapshotPart> parts;
    for (const StoredPart& stored : file.parts()) parts.push_back(stored.part);
    restored.begin_restoring(schema, file.head().base, parts);
    for (const StoredPart& stored : file.parts()) restored.restore_part(stored.part, stored.sequence, file.read(stored));
    restored.apply_all(schema, std::span(log).subspan(file.head().base));
  }

  void expect_alike(const WorkspaceIndex& restored) {
    EXPECT_EQ(restored.sequence(), index.sequence());
    EXPECT_EQ(restored.record_count(), index.record_count());
    for (const model::ObjectType& type : schema.object_types()) {
      expect_same_page(restored, type.number, {});
      for (const model::FieldDefinition& field : type.fields)
        for (int i = 0; i < 12; ++i)
          if (!model::value_type_row(field.type).operators.empty()) ask(restored, type, field);
    }
    for (std::size_t i = 0; i < std::min<std::size_t>(rows.size(), 20); ++i) {
      const Row& row = rows[i];
      model::Filter filter;
      filter.relationships.push_back({.links = {{row.type, Side::source}}, .far_type = row.type, .negated = false, .target = row.id});
      expect_same_page(restored, 1, filter);
      if (row.type != 1) continue;
      filter.relationships[0].links = {{2, Side::destination}};
      expect_same_page(restored, 2, filter);
    }
  }

  void ask(const WorkspaceIndex& restored, const model::ObjectType& type, const model::FieldDefinition& field) {
    const auto operators = model::value_type_row(field.type).operators;
    FieldPredicate predicate{.field = &field,
                             .op = operators[pick(static_cast<std::uint32_t>(operators.size()))],
                             .negated = pick(3) == 0,
                             .number = 0,
                             .option = {1 + pick(5)},
                             .text = {},
                             .digits = {}};
    predicate.number = field.type == ValueType::checkbox ? pick(2) : static_cast<std::int64_t>(pick(2000)) - 500;
    predicate.text = model::fold_text(text()).substr(0, 1 + pick(4));
    model::Filter filter;
    filter.fields.push_back(std::move(predicate));
    expect_same_page(restored, type.number, filter);
  }

  void expect_same_page(const WorkspaceIndex& restored, TypeNumber type, const model::Filter& filter) {
    for (const Life life : {Life::live, Life::trashed}) {
      const Query query{.type = type, .life = life, .filter = &filter, .offset = 0, .limit = 10'000};
      const Page expected = index.query(query), page = restored.query(query);
      EXPECT_EQ(page.total_count, expected.total_count) << (filter.fields.empty() ? "" : filter.fields[0].field->key);
      EXPECT_EQ(page.ids, expected.ids);
    }
  }

  const unsigned seed = std::random_device{}();
  testing::ScopedTrace trace{__FILE__, __LINE__, "seed " + std::to_string(seed)};
  std::string directory;
  model::Schema schema = make_schema();
  WorkspaceIndex index;
  std::mt19937 random;
  base::CuidGenerator ids;
  std::vector<Row> rows;
  std::set<std::tuple<TypeNumber, RecordId, RecordId>> links;
  std::vector<Change> log;
};

TEST_F(SnapshotTest, RestoredItAnswersAsTheOneThatWentOn) {
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 700; ++i) change();
    save(directory + "/index/1");
    for (std::uint32_t i = pick(300); i > 0; --i) change();
    WorkspaceIndex restored;
    restore(directory + "/index/1", restored);
    expect_alike(restored);
    // And goes on as it does.
    for (int i = 0; i < 100; ++i) {
      change();
      restored.apply_all(schema, std::span(&log.back(), 1));
    }
    expect_alike(restored);
  }
}

TEST_F(SnapshotTest, ColumnsThatTheFileDoesNotHaveComeFromTheLog) {
  save(directory + "/1");  // begun when there was nothing
  for (int i = 0; i < 300; ++i) change();
  WorkspaceIndex restored;
  restore(directory + "/1", restored);
  expect_alike(restored);
}

TEST_F(SnapshotTest, AColumnOfAnotherTypeIsRefused) {
  for (int i = 0; i < 100; ++i) change();
  save(directory + "/1");
  schema = make_schema(ValueType::number);
  WorkspaceIndex restored;
  EXPECT_THROW(restore(directory + "/1", restored), SnapshotRefused);
}

TEST_F(SnapshotTest, AnyDamagedByteIsRefused) {
  for (int i = 0; i < 60; ++i) change();
  const std::string path = directory + "/1";
  save(path);
  std::ifstream file(path, std::ios::binary);
  const std::string sound{std::istreambuf_iterator<char>(file), {}};
  const auto expect_refused = [&](const std::string& damaged) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << damaged;
    WorkspaceIndex restored;
    EXPECT_THROW(restore(path, restored), SnapshotRefused);
  };
  for (std::size_t at = 0; at < sound.size(); at += 1 + pick(40)) {
    std::string damaged = sound;
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << pick(8)));
    expect_refused(damaged);
    expect_refused(sound.substr(0, at));
  }
  expect_refused(sound + "x");
  for (std::size_t at = sound.size() - 60; at < sound.size(); ++at) expect_refused(sound.substr(0, at) + static_cast<char>(sound[at] + 1) + sound.substr(at + 1));
}

TEST_F(SnapshotTest, BytesPastTheChecksumAreDoubtedToo) {
  for (int i = 0; i < 200; ++i) change();
  testing::internal::CaptureStderr();  // CRoaring says there what it does not like
  for (const SnapshotPart& part : index.parts()) {
    std::string sound;
    index.save_part(part, sound);
    for (int i = 0; i < 300; ++i) {
      std::string damaged = sound.substr(0, pick(2) ? sound.size() : pick(static_cast<std::uint32_t>(sound.size()) + 1));
      for (std::uint32_t bytes = pick(4); bytes > 0 && !damaged.empty(); --bytes) damaged[pick(static_cast<std::uint32_t>(damaged.size()))] = static_cast<char>(pick(256));
      WorkspaceIndex restored;
      restored.begin_restoring(schema, 0, std::span(&part, 1));
      try {
        restored.restore_part(part, 0, damaged);
      } catch (const SnapshotRefused&) {
      }
    }
  }
  testing::internal::GetCapturedStderr();
}

TEST_F(SnapshotTest, OneThatIsNotFinishedLeavesNothingAndTheLastOneStays) {
  change();
  save(directory + "/index/1");
  {
    SnapshotWriter(directory + "/index/1").add({}, 0, "half");
  }
  EXPECT_FALSE(std::filesystem::exists(directory + "/index/1.new"));
  EXPECT_NO_THROW(SnapshotFile(directory + "/index/1"));
  EXPECT_EQ(std::filesystem::status(directory + "/index/1").permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(SnapshotTest, WhereItCannotBeWrittenItSaysSo) {
  EXPECT_THROW(SnapshotWriter("/dev/null/index/1"), std::system_error);
  EXPECT_THROW(SnapshotFile(directory + "/none"), std::system_error);
}

}  // namespace
}  // namespace plenoptic::index
