// Where records' rows stand: at the place that their ids tell, and where that is taken anywhere else.
#include "storage/sqlite/record_place.h"

#include <fmt/format.h>

#include "storage/database_fixture.h"
#include "storage/sqlite/migrations.h"

namespace plenoptic::storage {
namespace {

using sqlite::place_of;

/// Another id of the same millisecond whose tail ends alike.
RecordId id_of_the_same_place(RecordId id) { return {id.high, id.low + (std::uint64_t{1} << 21)}; }

class RecordPlaceTest : public DatabaseTest {
 protected:
  std::string fields_of(Reader& reader, RecordId id) {
    const auto record = reader.find_record(workspace, model::types::account, id);
    return record ? record->fields : "not there";
  }

  /// With its log entry; of a record that may have been read or made just before.
  void link(Writer& writer, RecordId source, RecordId destination) {
    ASSERT_TRUE(writer.add_link(workspace, parent, source, destination));
    model::Change change{.workspace = workspace, .at_ms = now, .kind = model::ChangeKind::updated, .type = model::types::account, .record = source};
    change.links.push_back({parent.number, source, destination, true});
    writer.append_change(change);
  }

  std::vector<RecordId> linked_from(Reader& reader, RecordId source) {
    std::vector<RecordId> others;
    for (const model::Link& link : reader.links(workspace, parent, model::Side::source, source)) others.push_back(link.other);
    return others;
  }

  /// `sql` on the closed database.
  void run(sqlite::Sql sql) {
    database.reset();
    sqlite::Connection(directory + "/plenoptic.db", SQLITE_OPEN_READWRITE).run(sql);
  }

  const model::LinkType parent = link_type(5, model::Cardinality::has_one);
};

TEST_F(RecordPlaceTest, PlacesFollowTheOrderOfCreation) {
  RecordId before = ids.next(now);
  for (int i = 0; i < 1000; ++i) {
    const RecordId next = ids.next(i % 100 == 0 ? ++now : now);
    // Within a millisecond the counted bits run over once in two million.
    if (next.milliseconds() > before.milliseconds() || (next.low & 0x1fffff) != 0) {
      EXPECT_LT(place_of(before), place_of(next));
    }
    before = next;
  }
  EXPECT_GT(place_of(*RecordId::parse("czzzzzzzzzzzzzzzzzzzzzzzz")), 0);
}

TEST_F(RecordPlaceTest, TwoIdsOfOnePlaceAreTwoRecords) {
  const RecordId first = ids.next(++now), second = id_of_the_same_place(first), third = id_of_the_same_place(second), absent = id_of_the_same_place(third);
  ASSERT_EQ(place_of(first), place_of(absent));
  database->write_group([&](Writer& writer) {
    make(writer, "a", first);
    make(writer, "b", second);
    link(writer, second, first);  // nothing is read between: where it was just put must be known
    make(writer, "c", third);
    EXPECT_EQ(fields_of(writer, second), "b");
    model::Record changed = *writer.find_record(workspace, model::types::account, third);
    changed.fields = "c2";
    writer.update_record(workspace, changed);
    link(writer, third, second);
  });
  for (int turn = 0; turn < 2; ++turn, reopen()) {
    const auto reader = database->read();
    EXPECT_EQ(fields_of(*reader, first), "a");
    EXPECT_EQ(fields_of(*reader, second), "b");
    EXPECT_EQ(fields_of(*reader, third), "c2");
    EXPECT_EQ(fields_of(*reader, absent), "not there");
    EXPECT_FALSE(reader->find_record(workspace, model::types::contact, first));
    EXPECT_TRUE(reader->is_live(workspace, model::types::account, third));
    EXPECT_THAT(linked_from(*reader, first), testing::IsEmpty());
    EXPECT_THAT(linked_from(*reader, second), testing::ElementsAre(first));
    EXPECT_THAT(linked_from(*reader, third), testing::ElementsAre(second));
    EXPECT_THAT(database->verify(), testing::IsEmpty());
  }
}

TEST_F(RecordPlaceTest, TheLeastPlaceIsOne) {
  const RecordId least{0, std::uint64_t{1} << 21};
  ASSERT_EQ(place_of(least), 0);
  database->write_group([&](Writer& writer) {
    const RecordId other = make(writer, "b").id;
    make(writer, "a", least);
    link(writer, least, other);
  });
  EXPECT_EQ(fields_of(*database->read(), least), "a");
  EXPECT_EQ(linked_from(*database->read(), least).size(), 1U);
  EXPECT_EQ(fields_of(*database->read(), {}), "not there");
}

TEST_F(RecordPlaceTest, ARecordMadeTwiceIsRefusedWhereverItStands) {
  const RecordId first = ids.next(++now), second = id_of_the_same_place(first);
  database->write_group([&](Writer& writer) {
    make(writer, "a", first);
    make(writer, "b", second);
  });
  for (const RecordId id : {first, second}) EXPECT_THROW(database->write_group([&](Writer& writer) { make(writer, "again", id); }), StorageError);
  EXPECT_EQ(fields_of(*database->read(), first), "a");
  EXPECT_EQ(fields_of(*database->read(), second), "b");
}

TEST_F(RecordPlaceTest, AnOlderFormsRecordsMoveToTheirPlaces) {
  const RecordId first = ids.next(++now), stray = id_of_the_same_place(first);
  database->write_group([&](Writer& writer) {
    for (const RecordId id : {first, stray}) {
      make(writer, {}, id);
      model::Record changed = *writer.find_record(workspace, model::types::account, id);
      changed.fields = id == first ? "a" : "b";
      changed.updated_at_ms = changed.created_at_ms + 5;
      changed.deleted_at_ms = changed.created_at_ms + 7;
      changed.external_id = changed.fields + " elsewhere";
      writer.set_trashed(workspace, id, true);
      writer.update_record(workspace, changed);
      link(writer, id, first);
    }
  });
  const auto everything = [&] {
    std::vector<std::string> lines;
    database->read()->scan_records(workspace, model::types::account, [&](const model::Record& record) {
      EXPECT_EQ(fields_of(*database->read(), record.id), record.fields);
      lines.push_back(fmt::format("{} {} {} {} {} {} {} {}", record.id.text(), record.created_at_ms, record.updated_at_ms, *record.deleted_at_ms, record.version,
                                  *record.external_id, record.fields, linked_from(*database->read(), record.id).at(0).text()));
    });
    return lines;
  };
  const std::vector<std::string> before = everything();
  ASSERT_EQ(before.size(), 2U);
  run("CREATE TABLE before (workspace_id INTEGER NOT NULL, type INTEGER NOT NULL, id BLOB NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,"
      " deleted_at INTEGER, version INTEGER NOT NULL, external_id BLOB, links BLOB NOT NULL, fields BLOB NOT NULL, PRIMARY KEY (workspace_id, type, id));"
      "INSERT INTO before SELECT workspace_id, type, id, created_at, updated_at, deleted_at, version, external_id, substr(links, 1, 4) || substr(links, 7, 16), fields"
      " FROM records;"
      "DROP TABLE links;"
      "CREATE TABLE links (workspace_id INTEGER NOT NULL, record_id BLOB NOT NULL, type INTEGER NOT NULL, side INTEGER NOT NULL, other_id BLOB NOT NULL,"
      " PRIMARY KEY (workspace_id, record_id, type, side, other_id)) WITHOUT ROWID;"
      "INSERT INTO links SELECT workspace_id, id, 5, 1, substr(links, 29, 16) FROM records WHERE length(links) > 28;"
      "INSERT INTO links SELECT workspace_id, id, 5, 1, substr(links, 45, 16) FROM records WHERE length(links) > 44;"
      "DROP TABLE records; ALTER TABLE before RENAME TO records; PRAGMA user_version = 3");
  open();
  EXPECT_EQ(everything(), before);
  EXPECT_THAT(database->verify(), testing::IsEmpty());
  database.reset();
  sqlite::Connection connection(directory + "/plenoptic.db", SQLITE_OPEN_READWRITE);
  EXPECT_TRUE(sqlite::is_current(connection));
  sqlite::define_place_of(connection);
  sqlite::Statement statement(connection, "SELECT count(*) FROM records WHERE place = place_of(id)");
  auto row = statement.use();
  ASSERT_TRUE(row.step());
  EXPECT_EQ(row.integer(0), 1);
}

TEST_F(RecordPlaceTest, VerifyFindsARowThatStandsWhereNobodyLooks) {
  database->write_group([&](Writer& writer) { make(writer, "a"); });
  run("UPDATE records SET place = place + 1");
  open();
  EXPECT_THAT(database->verify(), testing::Contains(testing::HasSubstr("stand elsewhere than their ids say")));
}

}  // namespace
}  // namespace plenoptic::storage
