// Links behind the seam, wherever they stand: in their record's row or, where they are many, in pieces.
#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "model/definition_codec.h"
#include "storage/database_fixture.h"
#include "storage/sqlite/migrations.h"

namespace plenoptic::storage {
namespace {

class LinksTest : public DatabaseTest {
 protected:
  using Place = std::tuple<model::LinkTypeNumber, model::Side, RecordId>;
  static std::vector<Place> places(const std::vector<model::Link>& links) {
    std::vector<Place> found;
    for (const model::Link& link : links) found.emplace_back(link.type, link.side, link.other);
    return found;
  }
  std::vector<Place> places_of(RecordId record) { return places(database->read()->links(workspace, record)); }

  /// Each change is logged, as the seam asks for.
  bool link(Writer& writer, const model::LinkType& type, RecordId from, RecordId to) {
    const bool changed = writer.add_link(workspace, type, from, to);
    if (changed) tell_log(writer, {type.number, from, to, true});
    return changed;
  }
  bool unlink(Writer& writer, const model::LinkType& type, RecordId from, RecordId to) {
    const bool changed = writer.remove_link(workspace, type, from, to);
    if (changed) tell_log(writer, {type.number, from, to, false});
    return changed;
  }
  void tell_log(Writer& writer, const model::LinkChange& change) {
    model::Change entry{.workspace = workspace, .at_ms = now, .type = model::types::account, .record = change.source};
    entry.links.push_back(change);
    writer.append_change(entry);
  }

  void reopen() {
    database.reset();
    database = open_sqlite({.directory = directory, .recent_ends = 40, .ends_in_slice = 7});
  }
  std::int64_t rows_of_links() {
    sqlite::Connection connection(directory + "/plenoptic.db", SQLITE_OPEN_READWRITE);
    sqlite::Statement count(connection, "SELECT count(*) FROM links");
    auto row = count.use();
    row.step();
    return row.integer(0);
  }

  static constexpr auto source = model::Side::source, destination = model::Side::destination;
  const model::LinkType parent = link_type(7, model::Cardinality::has_one), partners = link_type(5, model::Cardinality::has_many);
};

TEST_F(LinksTest, LinksHaveTwoEndsAndKnowTheTrash) {
  for (const model::LinkType& type : {parent, partners}) {
    model::Record a, b;
    database->write_group([&](Writer& writer) {
      a = make(writer);
      b = make(writer);
      EXPECT_TRUE(link(writer, type, a.id, b.id));
      EXPECT_FALSE(link(writer, type, a.id, b.id));
    });
    const auto end = [&](RecordId id) { return database->read()->links(workspace, id).at(0); };
    EXPECT_EQ(end(a.id).other, b.id);
    EXPECT_EQ(end(a.id).side, source);
    EXPECT_EQ(end(b.id).side, destination);
    EXPECT_TRUE(end(a.id).other_live);
    database->write_group([&](Writer& writer) {
      b.deleted_at_ms = now;
      writer.update_record(workspace, b);
      writer.set_trashed(workspace, b.id, true);
    });
    EXPECT_FALSE(end(a.id).other_live);
    EXPECT_TRUE(end(b.id).other_live);
    database->write_group([&](Writer& writer) {
      EXPECT_TRUE(unlink(writer, type, a.id, b.id));
      EXPECT_FALSE(unlink(writer, type, a.id, b.id));
    });
    EXPECT_THAT(places_of(a.id), testing::IsEmpty());
    EXPECT_THAT(places_of(b.id), testing::IsEmpty());
  }
}

TEST_F(LinksTest, LinksAreInOrderWhereverTheyStand) {
  model::Record a, b, c;
  const model::LinkType first = link_type(2, model::Cardinality::has_one);
  database->write_group([&](Writer& writer) {
    a = make(writer), b = make(writer), c = make(writer);
    link(writer, parent, a.id, c.id);
    link(writer, parent, a.id, b.id);
    link(writer, parent, b.id, a.id);
    link(writer, partners, a.id, b.id);
    link(writer, first, a.id, b.id);
  });
  EXPECT_THAT(places_of(a.id), testing::ElementsAre(Place{2, source, b.id}, Place{5, source, b.id}, Place{7, source, b.id}, Place{7, source, c.id}, Place{7, destination, b.id}));
  const auto reader = database->read();
  EXPECT_THAT(places(reader->links(workspace, parent, source, a.id)), testing::ElementsAre(Place{7, source, b.id}, Place{7, source, c.id}));
  EXPECT_THAT(places(reader->links(workspace, parent, destination, a.id)), testing::ElementsAre(Place{7, destination, b.id}));
  EXPECT_THAT(places(reader->links(workspace, partners, source, a.id)), testing::ElementsAre(Place{5, source, b.id}));
  std::vector<Place> scanned;
  reader->scan_links(workspace, a.id, a.id, [&](RecordId from, model::LinkTypeNumber type, RecordId to) { scanned.emplace_back(type, from == a.id ? source : destination, to); });
  EXPECT_THAT(scanned, testing::UnorderedElementsAre(Place{2, source, b.id}, Place{5, source, b.id}, Place{7, source, b.id}, Place{7, source, c.id}));
  std::vector<RecordId> sources;
  reader->scan_links(workspace, a.id, c.id, [&](RecordId from, model::LinkTypeNumber type, RecordId) {
    if (type == parent.number) sources.push_back(from);
  });
  EXPECT_THAT(sources, testing::ElementsAre(a.id, a.id, b.id));
  std::size_t ends = 0;
  reader->scan_link_ends(workspace, [&](RecordId, model::LinkTypeNumber, model::Side, RecordId) { ++ends; });
  EXPECT_EQ(ends, 10U);
}

TEST_F(LinksTest, ANewRecordsLinksMayComeBeforeItsRow) {
  model::Record a, b;
  database->write_group([&](Writer& writer) {
    a = make(writer);
    b = prepare(writer);
    for (const bool kept : {false, true}) {
      writer.begin_request();
      EXPECT_TRUE(link(writer, parent, b.id, a.id));
      EXPECT_TRUE(link(writer, parent, a.id, b.id));  // of another record in between
      EXPECT_TRUE(unlink(writer, parent, a.id, b.id));
      writer.insert_record(workspace, b);
      EXPECT_THAT(places(writer.links(workspace, b.id)), testing::ElementsAre(Place{7, source, a.id}));
      kept ? writer.keep_request() : writer.undo_request();
    }
  });
  EXPECT_THAT(places_of(b.id), testing::ElementsAre(Place{7, source, a.id}));
  EXPECT_THAT(places_of(a.id), testing::ElementsAre(Place{7, destination, b.id}));
}

TEST_F(LinksTest, OfAFailedGroupNothingIsLeftForTheNext) {
  const RecordId nobody = ids.next(++now);
  model::Record a, b;
  database->write_group([&](Writer& writer) { a = make(writer), b = make(writer); });
  EXPECT_THROW(database->write_group([&](Writer& writer) { link(writer, parent, nobody, a.id); }), std::logic_error);
  EXPECT_THROW(database->write_group([&](Writer& writer) {
    link(writer, parent, a.id, b.id);
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  database->write_group([&](Writer& writer) { EXPECT_TRUE(writer.find_record(workspace, b.type, b.id)); });
  EXPECT_THAT(places_of(a.id), testing::IsEmpty());
  EXPECT_THAT(places_of(b.id), testing::IsEmpty());
}

TEST_F(LinksTest, WhatCameBeforeARequestIsNotUndoneWithIt) {
  model::Record a, b;
  database->write_group([&](Writer& writer) {
    a = make(writer), b = make(writer);
    link(writer, parent, a.id, b.id);
    writer.begin_request();
    writer.undo_request();
  });
  EXPECT_THAT(places_of(a.id), testing::ElementsAre(Place{7, source, b.id}));
}

TEST_F(LinksTest, AnUndoneRequestsLinksAreGone) {
  model::Record a, b, c;
  database->write_group([&](Writer& writer) {
    a = make(writer), b = make(writer), c = make(writer);
    writer.begin_request();
    link(writer, parent, a.id, b.id);
    writer.keep_request();
    writer.begin_request();
    unlink(writer, parent, a.id, b.id);
    link(writer, parent, a.id, c.id);
    writer.update_record(workspace, a);  // the row was written with them
    writer.undo_request();
    EXPECT_THAT(places(writer.links(workspace, a.id)), testing::ElementsAre(Place{7, source, b.id}));
    writer.begin_request();
    unlink(writer, parent, a.id, b.id);
    writer.undo_request();
    EXPECT_THAT(places(writer.links(workspace, parent, source, a.id)), testing::ElementsAre(Place{7, source, b.id}));
  });
  EXPECT_THAT(places_of(a.id), testing::ElementsAre(Place{7, source, b.id}));
  EXPECT_THAT(places_of(b.id), testing::ElementsAre(Place{7, destination, a.id}));
  EXPECT_THAT(places_of(c.id), testing::IsEmpty());
}

TEST_F(LinksTest, LinksOfSeveralRecordsInTurnAreAllWritten) {
  std::vector<model::Record> records;
  database->write_group([&](Writer& writer) {
    for (int i = 0; i < 4; ++i) records.push_back(make(writer));
    writer.begin_request();
    for (int round = 0; round < 3; ++round)
      for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(writer.find_record(workspace, records[i].type, records[i].id));
        link(writer, link_type(7 + round, model::Cardinality::has_one), records[i].id, records[3].id);
      }
    std::size_t scanned = 0;
    writer.scan_links(workspace, records[0].id, records[3].id, [&](RecordId, model::LinkTypeNumber, RecordId) { ++scanned; });
    EXPECT_EQ(scanned, 9U);
    writer.keep_request();
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(places_of(records[i].id).size(), 3U);
  EXPECT_EQ(places_of(records[3].id).size(), 9U);
}

TEST_F(LinksTest, AChangeThatTheLogDoesNotTellIsRefused) {
  model::Record a, b;
  database->write_group([&](Writer& writer) { a = make(writer), b = make(writer); });
  EXPECT_THROW(database->write_group([&](Writer& writer) { writer.add_link(workspace, parent, a.id, b.id); }), std::logic_error);
  database->write_group([&](Writer& writer) {
    writer.begin_request();
    writer.add_link(workspace, partners, a.id, b.id);
    EXPECT_THROW(writer.keep_request(), std::logic_error);
    writer.undo_request();
    make(writer);
  });
  EXPECT_THAT(places_of(a.id), testing::IsEmpty());
  EXPECT_THAT(places_of(b.id), testing::IsEmpty());
}

TEST_F(LinksTest, AnOlderFormsLinksMoveIntoTheirRows) {
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

/// Many links of one record, on both sides: rows of some ids each, split and emptied in any order.
TEST_F(LinksTest, ManyLinksOfARecordAreAllThereInWhateverOrderTheyCameAndWent) {
  constexpr std::size_t count = 300;
  std::mt19937 random(20261126);
  reopen();
  database->write_group([&](Writer& writer) { writer.put_definition(workspace, {DefinitionKind::object_type, model::types::account, 0, "{}"}); });
  for (const auto& [order, side] : {std::pair("ascending", source), {"descending", source}, {"shuffled", source}, {"shuffled", destination}, {"ascending", destination}}) {
    SCOPED_TRACE(order);
    std::vector<RecordId> others;
    model::Record hub;
    database->write_group([&](Writer& writer) {
      hub = make(writer);
      for (std::size_t i = 0; i < count; ++i) others.push_back(make(writer).id);
    });
    if (order == std::string("descending")) std::reverse(others.begin(), others.end());
    if (order == std::string("shuffled")) std::shuffle(others.begin(), others.end(), random);
    std::set<RecordId> there;
    const auto expect_all_there = [&] {
      std::vector<Place> expected;
      for (const RecordId id : there) expected.emplace_back(partners.number, side, id);
      ASSERT_EQ(places_of(hub.id), expected);
      ASSERT_EQ(places(database->read()->links(workspace, partners, side, hub.id)), expected);
    };
    const auto change = [&](Writer& writer, RecordId other) {
      const auto& [from, to] = side == source ? std::pair(hub.id, other) : std::pair(other, hub.id);
      const bool add = there.insert(other).second;
      if (!add) there.erase(other);
      EXPECT_TRUE(add ? link(writer, partners, from, to) : unlink(writer, partners, from, to));
    };
    for (std::size_t i = 0; i < count; i += 50) {
      database->write_group([&](Writer& writer) {
        for (std::size_t k = i; k < i + 50; ++k) change(writer, others[k]);
      });
      database->maintain();
      ASSERT_NO_FATAL_FAILURE(expect_all_there());
    }
    for (int round = 0; round < 12; ++round) {
      const auto earlier = database->read();
      const std::vector<Place> then = places(earlier->links(workspace, partners, side, hub.id));
      for (int group = 0; group < 6; ++group) {
        database->write_group([&](Writer& writer) {
          for (int k = 0; k < 10; ++k) change(writer, others[random() % count]);
        });
        database->maintain();
        std::this_thread::yield();  // sorted elsewhere
        ASSERT_EQ(places(earlier->links(workspace, partners, side, hub.id)), then);
        ASSERT_NO_FATAL_FAILURE(expect_all_there());
      }
    }
    reopen();
    EXPECT_THAT(database->verify(), testing::IsEmpty());
    while (!there.empty()) database->write_group([&](Writer& writer) { change(writer, *there.begin()); });
    reopen();
    ASSERT_NO_FATAL_FAILURE(expect_all_there());
  }
  EXPECT_EQ(rows_of_links(), 0);
}

/// What a row holds, it holds of all sets together; the largest moves out.
TEST_F(LinksTest, ARecordWithManySetsOfLinksKeepsTheSmallOnesInItsRow) {
  std::vector<Place> expected;
  model::Record hub;
  database->write_group([&](Writer& writer) {
    hub = make(writer);
    for (const auto& [type, count] : {std::pair(3U, 20), {5U, 25}, {8U, 10}})
      for (int i = 0; i < count; ++i) {
        const RecordId other = make(writer).id;
        EXPECT_TRUE(link(writer, link_type(type, model::Cardinality::has_many), hub.id, other));
        EXPECT_FALSE(link(writer, link_type(type, model::Cardinality::has_many), hub.id, other));
        expected.emplace_back(type, source, other);
      }
    for (int i = 0; i < 60; ++i) {
      const RecordId other = make(writer).id;
      link(writer, parent, other, hub.id);
      expected.emplace_back(parent.number, destination, other);
    }
  });
  std::sort(expected.begin(), expected.end());
  for (int turn = 0; turn < 2; ++turn, reopen()) {
    EXPECT_EQ(places_of(hub.id), expected);
    std::vector<Place> scanned;
    database->read()->scan_link_ends(workspace, [&](RecordId record, model::LinkTypeNumber type, model::Side side, RecordId other) {
      if (record == hub.id) scanned.emplace_back(type, side, other);
    });
    EXPECT_THAT(scanned, testing::UnorderedElementsAreArray(expected));
    EXPECT_THAT(database->verify(), testing::IsEmpty());
  }
  EXPECT_EQ(rows_of_links(), 1 + 3);  // of type 5 and, folded when the database was left, of the parents
}

TEST_F(LinksTest, WhatGrowsAtItsEndLeavesFullRowsBehind) {
  constexpr int most_in_row = 27;
  database->write_group([&](Writer& writer) {
    const model::Record hub = make(writer);
    for (int i = 0; i < 10 * most_in_row; ++i) link(writer, partners, hub.id, make(writer).id);
  });
  EXPECT_EQ(rows_of_links(), 10);
}

}  // namespace
}  // namespace plenoptic::storage
