// Links behind the seam, wherever they stand: in their record's row or, where they are many, in pieces.
#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include "storage/links_fixture.h"

namespace plenoptic::storage {
namespace {

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
