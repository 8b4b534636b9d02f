// A directory that an earlier version left is brought over with all that is in it.
#include <filesystem>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "model/definition_codec.h"
#include "storage/change_codec.h"
#include "storage/links_fixture.h"
#include "storage/sqlite/migrations.h"
#include "storage/sqlite/record_place.h"

namespace plenoptic::storage {
namespace {

class OlderFormsTest : public LinksTest {
 protected:
  static std::string key_of(RecordId id) {
    const auto bytes = id.bytes();
    return {bytes.data(), bytes.size()};
  }
};

TEST_F(OlderFormsTest, LinksMoveIntoTheirRows) {
  database.reset();
  const std::string path = directory + "/older/plenoptic.db";
  std::filesystem::create_directory(directory + "/older");
  const RecordId a = ids.next(++now), b = ids.next(++now), c = ids.next(++now), elsewhere = ids.next(++now);
  {
    sqlite::Connection connection(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    sqlite::migrate(connection, 1);
    connection.run(
        "INSERT INTO workspaces VALUES (1, 'w', 'W', 0, '{}', 1, 3), (2, 'v', 'V', 0, '{}', 1, 1);"
        "INSERT INTO definitions VALUES (1, 1, 1, 0, '{}'), (2, 1, 1, 0, '{}')");
    sqlite::Statement definition(connection, "INSERT INTO definitions VALUES (?, 3, 0, ?, ?)");
    const auto define = [&](int in, const model::LinkType& type) { definition.use().bind(in, type.number, model::link_type_to_json(type).dump()).run(); };
    define(1, parent);
    define(1, partners);
    define(2, link_type(parent.number, model::Cardinality::has_many));
    sqlite::Statement record(connection, "INSERT INTO records VALUES (?, 1, ?, 1, 2, NULL, ?, NULL, x'')");
    sqlite::Statement entry(connection, "INSERT INTO change_log VALUES (?, ?, 0, 2, 1, 1, ?, x'', x'', x'', x'', x'000000')");
    const auto make = [&](int in, const RecordId id, int version) {
      const auto key = id.bytes();
      record.use().bind(in, key, version).run();
      entry.use().bind(in, version, key).run();
    };
    int version = 0;
    for (const RecordId id : {a, b, c}) make(1, id, ++version);
    make(2, elsewhere, 1);
    sqlite::Statement link(connection, "INSERT INTO links VALUES (1, ?, ?, ?, ?)");
    const auto from = a.bytes(), to = b.bytes(), other = c.bytes();
    for (const int type : {5, 7}) {
      link.use().bind(from, type, 0, to).run();
      link.use().bind(to, type, 1, from).run();
    }
    link.use().bind(from, 7, 0, other).run();
    link.use().bind(other, 7, 1, from).run();
    sqlite::Statement of_another_workspace(connection, "INSERT INTO links VALUES (2, ?, 7, 0, ?)");
    const auto many = elsewhere.bytes();
    of_another_workspace.use().bind(many, to).run();
    for (int i = 0; i < 60; ++i) of_another_workspace.use().bind(many, ids.next(++now).bytes()).run();
    sqlite::Statement of_one_of_many_types(connection, "INSERT INTO links VALUES (2, ?, ?, 0, ?)");
    for (int type = 20; type < 24; ++type)
      for (int i = 0; i < type; ++i) of_one_of_many_types.use().bind(many, type, ids.next(++now).bytes()).run();
  }
  workspace = {1};
  database = open_sqlite({.directory = directory + "/older"});
  EXPECT_THAT(places_of(a), testing::ElementsAre(Place{5, source, b}, Place{7, source, b}, Place{7, source, c}));
  EXPECT_THAT(places_of(b), testing::ElementsAre(Place{5, destination, a}, Place{7, destination, a}));
  EXPECT_THAT(places_of(c), testing::ElementsAre(Place{7, destination, a}));
  EXPECT_EQ(database->read()->links({2}, link_type(7, model::Cardinality::has_many), source, elsewhere).size(), 61U);
  for (model::LinkTypeNumber type = 20; type < 24; ++type) EXPECT_EQ(database->read()->links({2}, link_type(type, model::Cardinality::has_many), source, elsewhere).size(), type);
  EXPECT_EQ(database->read()->find_record(workspace, 1, c)->version, 3U);
  EXPECT_THAT(database->verify(), testing::IsEmpty());
  database->write_group([&](Writer& writer) {
    EXPECT_TRUE(unlink(writer, parent, a, b));
    EXPECT_TRUE(unlink(writer, partners, a, b));
  });
  EXPECT_THAT(places_of(a), testing::ElementsAre(Place{7, source, c}));
}

/// Left by a crash: the far ends of some links stand in their tables, those of others only in the log, and one stands where the log says it went.
TEST_F(OlderFormsTest, FarEndsThatOnlyItsLogTellsAreNeitherLostNorThereTwice) {
  database.reset();
  std::filesystem::create_directory(directory + "/older");
  const RecordId a = ids.next(++now), b = ids.next(++now), c = ids.next(++now);
  {
    sqlite::Connection connection(directory + "/older/plenoptic.db", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
    sqlite::migrate(connection, 5);
    connection.run(
        "INSERT INTO workspaces VALUES (1, 'w', 'W', 0, '{}', 1, 7, 3);"
        "INSERT INTO definitions VALUES (1, 1, 1, 0, '{}')");
    sqlite::Statement definition(connection, "INSERT INTO definitions VALUES (1, 3, 0, ?, ?)");
    for (const model::LinkType& type : {parent, partners}) definition.use().bind(type.number, model::link_type_to_json(type).dump()).run();
    std::int64_t sequence = 0;
    sqlite::Statement entry(connection, "INSERT INTO change_log VALUES (1, ?, 0, 2, ?, 1, ?, x'', x'', x'', x'', ?)");
    const auto log = [&](RecordId record, std::vector<model::LinkChange> links) {
      model::Change change;
      change.kind = links.empty() ? model::ChangeKind::created : model::ChangeKind::updated;
      change.links = std::move(links);
      entry.use().bind(++sequence, static_cast<int>(change.kind), key_of(record), encode_change_body(change)).run();
    };
    for (const RecordId record : {a, b, c}) log(record, {});
    log(a, {{parent.number, a, b, true}, {partners.number, a, b, true}});  // both are folded
    log(a, {{parent.number, a, b, false}, {parent.number, a, c, true}});   // neither is
    log(a, {{partners.number, a, c, true}});                               // nor this
    log(b, {{partners.number, b, c, true}});                               // this is
    sqlite::define_place_of(connection);
    sqlite::Statement record(connection, "INSERT INTO records VALUES (place_of(?1), 1, 1, ?1, 1, 2, NULL, ?2, NULL, ?3, x'')");
    const std::string single_link = std::string("\0\0\0\7", 4) + key_of(c);
    for (const auto& [id, version, links] : {std::tuple(a, 6, single_link), {b, 7, {}}, {c, 3, {}}}) record.use().bind(key_of(id), version, links).run();
    sqlite::Statement piece(connection, "INSERT INTO links VALUES (1, ?, ?, ?, ?, ?)");
    const auto put = [&](RecordId id, const model::LinkType& type, model::Side side, const std::vector<RecordId>& others) {
      std::string ids_of_others;
      for (const RecordId other : others) ids_of_others += key_of(other);
      piece.use().bind(key_of(id), type.number, static_cast<int>(side), std::string_view(), ids_of_others).run();
    };
    put(a, partners, source, {b, c});
    put(b, partners, source, {c});
    put(b, partners, destination, {a});
    put(b, parent, destination, {a});
    put(c, partners, destination, {b});
  }
  workspace = {1};
  for (int turn = 0; turn < 2; ++turn) {  // told by the log, then folded
    database = open_sqlite({.directory = directory + "/older"});
    EXPECT_THAT(places_of(a), testing::ElementsAre(Place{5, source, b}, Place{5, source, c}, Place{7, source, c}));
    EXPECT_THAT(places_of(b), testing::ElementsAre(Place{5, source, c}, Place{5, destination, a}));
    EXPECT_THAT(places_of(c), testing::ElementsAre(Place{5, destination, a}, Place{5, destination, b}, Place{7, destination, a}));
    EXPECT_THAT(database->verify(), testing::IsEmpty());
    database->write_group([&](Writer& writer) { make(writer); });
    database.reset();
  }
}

}  // namespace
}  // namespace plenoptic::storage
