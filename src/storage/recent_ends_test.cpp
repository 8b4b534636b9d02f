// Ends of links that are gathered before they are written: whoever reads, whenever, sees what was committed when it began.
#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <random>
#include <set>
#include <thread>
#include <tuple>

#include "storage/database_fixture.h"
#include "storage/sqlite/held_links.h"
#include "storage/sqlite/sqlite.h"

namespace plenoptic::storage {
namespace {

using model::Cardinality;
using model::Side;

constexpr std::size_t record_count = 9;

class RecentEndsTest : public DatabaseTest {
 protected:
  /// Workspace, type, source, destination. Both workspaces have records of the same ids.
  using OneLink = std::tuple<WorkspaceId, model::LinkTypeNumber, RecordId, RecordId>;
  using Links = std::set<OneLink>;

  void SetUp() override {
    DatabaseTest::SetUp();
    open_with(7);
    database->write_group([&](Writer& writer) {
      workspaces = {workspace, writer.create_workspace({.slug = "v", .name = "V", .settings = "{}", .schema_version = 1})};
      writer.put_definition(workspaces[1], {DefinitionKind::object_type, model::types::account, 0, "{}"});
      for (std::size_t i = 0; i < record_count; ++i) {
        const model::Record record = make(writer);
        records.push_back(record.id);
        writer.insert_record(workspaces[1], record);
      }
    });
  }

  /// Slices so small that a fold takes many groups.
  void open_with(std::size_t recent_ends) {
    database.reset();
    database = open_sqlite({.directory = directory, .recent_ends = recent_ends, .ends_in_slice = 2, .warn = [this](const std::string&) { ++warnings; }});
  }

  /// A copy as a killed server would leave the directory, opened.
  void crash_and_open() {
    namespace fs = std::filesystem;
    const std::string copy = directory + "-crashed";
    fs::remove_all(copy);
    fs::create_directory(copy);
    for (const char* file : {"/plenoptic.db", "/plenoptic.db-wal"})
      if (fs::exists(directory + file)) fs::copy_file(directory + file, copy + file);
    database.reset();
    fs::remove_all(directory);
    fs::rename(copy, directory);
    open_with(7);
  }

  void run_sql(const std::string& sql) {
    sqlite::Connection connection(directory + "/plenoptic.db", SQLITE_OPEN_READWRITE);
    ASSERT_EQ(sqlite3_exec(connection.handle(), sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  }

  std::int64_t ask_sql(const std::string& sql) {
    sqlite::Connection connection(directory + "/plenoptic.db", SQLITE_OPEN_READWRITE);
    std::int64_t answer = -1;
    const auto take = [](void* to, int, char** columns, char**) {
      *static_cast<std::int64_t*>(to) = std::atoll(columns[0]);
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(connection.handle(), sql.c_str(), take, &answer, nullptr), SQLITE_OK);
    return answer;
  }
  std::int64_t workspaces_behind() { return ask_sql("SELECT count(*) FROM workspaces WHERE ends_at <> log_sequence"); }
  std::int64_t link_bytes() { return ask_sql("SELECT sum(length(links)) FROM records"); }
  /// Of destinations, in their rows or in pieces.
  std::size_t folded_ends() {
    sqlite::Connection connection(directory + "/plenoptic.db", SQLITE_OPEN_READWRITE);
    sqlite::Statement rows(connection, "SELECT links FROM records");
    auto count = static_cast<std::size_t>(ask_sql("SELECT coalesce(sum(length(others)), 0) / 16 FROM links WHERE side = 1"));
    auto row = rows.use();
    for (sqlite::HeldLinks links; row.step();) {
      links.decode(row.bytes(0));
      count += static_cast<std::size_t>(std::count_if(links.all().begin(), links.all().end(), [](const sqlite::HeldLink& link) { return link.side == Side::destination; }));
    }
    return count;
  }

  void append(Writer& writer, WorkspaceId in, RecordId record, std::vector<model::LinkChange> changes) {
    model::Change entry{.workspace = in, .at_ms = now, .type = model::types::account, .record = record};
    entry.links = std::move(changes);
    writer.append_change(entry);
  }

  /// A link, taken away where it is there.
  void change_one(Writer& writer, Links& links) {
    const model::LinkType& type = types[random() % types.size()];
    const WorkspaceId in = workspaces[random() % 3 == 0];
    const RecordId from = records[random() % record_count], to = records[random() % record_count];
    const bool add = !links.contains({in, type.number, from, to});
    EXPECT_TRUE(add ? writer.add_link(in, type, from, to) : writer.remove_link(in, type, from, to));
    if (add)
      links.insert({in, type.number, from, to});
    else
      links.erase({in, type.number, from, to});
    append(writer, in, from, {{type.number, from, to, add}});
  }

  /// A group of requests, some undone; now and then the whole of it fails.
  void run_group() {
    Links after = links;
    const bool fails = random() % 8 == 0;
    const auto work = [&](Writer& writer) {
      for (std::size_t request = 0; request < 3; ++request) {
        Links trial = after;
        writer.begin_request();
        for (std::size_t change = random() % 3; change > 0; --change) change_one(writer, trial);
        expect_links(writer, trial);
        if (random() % 4 == 0) {
          writer.undo_request();
        } else {
          writer.keep_request();
          after = std::move(trial);
        }
      }
      expect_links(writer, after);
      if (fails) throw std::runtime_error("the group fails");
    };
    if (fails) {
      EXPECT_THROW(database->write_group(work), std::runtime_error);
    } else {
      database->write_group(work);
      links = std::move(after);
    }
  }

  void expect_links(Reader& reader, const Links& expected) {
    for (const WorkspaceId in : workspaces)
      for (const RecordId record : records) {
        std::vector<std::tuple<model::LinkTypeNumber, Side, RecordId>> wanted, found;
        for (const auto& [of, type, from, to] : expected) {
          if (of == in && from == record) wanted.emplace_back(type, Side::source, to);
          if (of == in && to == record) wanted.emplace_back(type, Side::destination, from);
        }
        std::sort(wanted.begin(), wanted.end());
        for (const model::Link& link : reader.links(in, record)) found.emplace_back(link.type, link.side, link.other);
        ASSERT_EQ(found, wanted);
        for (const model::LinkType& type : types)
          for (const Side side : {Side::source, Side::destination}) {
            const auto of_view = std::count_if(wanted.begin(), wanted.end(), [&](const auto& link) { return std::get<0>(link) == type.number && std::get<1>(link) == side; });
            ASSERT_EQ(reader.links(in, type, side, record).size(), static_cast<std::size_t>(of_view));
          }
      }
  }

  void expect_all_ends(Reader& reader, const Links& expected) {
    std::multiset<OneLink> sources, destinations;
    for (const WorkspaceId in : workspaces)
      reader.scan_link_ends(in, [&](RecordId record, model::LinkTypeNumber type, Side side, RecordId other) {
        side == Side::source ? sources.emplace(in, type, record, other) : destinations.emplace(in, type, other, record);
      });
    const std::multiset<OneLink> wanted(expected.begin(), expected.end());
    EXPECT_EQ(sources, wanted);
    EXPECT_EQ(destinations, wanted);
  }

  void expect_all() {
    const auto reader = database->read();
    ASSERT_NO_FATAL_FAILURE(expect_links(*reader, links));
    expect_all_ends(*reader, links);
  }

  /// So many that a record has more links, now and then, than its row holds.
  const std::vector<model::LinkType> types{link_type(3, Cardinality::has_one),  link_type(4, Cardinality::has_many), link_type(5, Cardinality::has_one),
                                           link_type(6, Cardinality::has_many), link_type(8, Cardinality::has_many), link_type(9, Cardinality::has_many),
                                           link_type(10, Cardinality::has_one), link_type(11, Cardinality::has_many)};
  std::mt19937 random{20261125};
  std::array<WorkspaceId, 2> workspaces;
  std::vector<RecordId> records;
  Links links;
  int warnings = 0;
};

TEST_F(RecentEndsTest, EveryReaderSeesWhatWasCommittedWhenItBegan) {
  struct Snapshot {
    std::unique_ptr<Reader> reader;
    Links links;
  };
  std::vector<Snapshot> snapshots;
  for (int round = 0; round < 400; ++round) {
    run_group();
    if (random() % 3 == 0) {
      snapshots.push_back({database->read(), links});
      snapshots.back().reader->log_sequence(workspace);  // a snapshot is as of its first read
    }
    if (random() % 4 != 0) database->maintain();
    if (!snapshots.empty()) {
      Snapshot& one = snapshots[random() % snapshots.size()];
      ASSERT_NO_FATAL_FAILURE(expect_links(*one.reader, one.links));
      expect_all_ends(*one.reader, one.links);
    }
    if (snapshots.size() > 6) snapshots.erase(snapshots.begin() + static_cast<std::ptrdiff_t>(random() % snapshots.size()));
  }
  ASSERT_NO_FATAL_FAILURE(expect_all());
}

TEST_F(RecentEndsTest, NothingIsLostByACrashOrAnOrderlyEnd) {
  for (int round = 0; round < 80; ++round) {
    for (std::size_t groups = random() % 16; groups > 0; --groups) {
      run_group();
      if (random() % 4 != 0) database->maintain();
    }
    random() % 3 != 0 ? crash_and_open() : open_with(1 + random() % 20);
    ASSERT_NO_FATAL_FAILURE(expect_all());
  }
  EXPECT_FALSE(links.empty());
  EXPECT_EQ(warnings, 0);
}

TEST_F(RecentEndsTest, AnOrderlyEndLeavesNothingToBeReadFromTheLog) {
  open_with(1000);
  for (int round = 0; round < 10; ++round) run_group();
  EXPECT_LT(folded_ends(), links.size());
  EXPECT_EQ(workspaces_behind(), 2);
  database.reset();
  EXPECT_EQ(workspaces_behind(), 0);
  EXPECT_EQ(folded_ends(), links.size());
  open_with(1000);
}

TEST_F(RecentEndsTest, WritesThatChangeNoLinkMoveTheirPlaceToo) {
  run_group();
  for (int round = 0; round < 40; ++round) {
    database->write_group([&](Writer& writer) { append(writer, workspaces[0], records[0], {}); });
    database->maintain();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_GT(ask_sql("SELECT ends_at FROM workspaces WHERE id = " + std::to_string(workspaces[0].value)), 20);
}

TEST_F(RecentEndsTest, AnEndThatChangesOverAndOverIsOneEnd) {
  open_with(100'000);
  const auto flip = [&](bool add) {
    database->write_group([&](Writer& writer) {
      for (int i = 0; i < 1000; ++i, add = !add) {
        ASSERT_TRUE(add ? writer.add_link(workspace, types[1], records[0], records[1]) : writer.remove_link(workspace, types[1], records[0], records[1]));
        append(writer, workspace, records[0], {{types[1].number, records[0], records[1], add}});
      }
    });
  };
  flip(true);
  EXPECT_TRUE(database->read()->links(workspace, records[1]).empty());
  auto before = database->read();
  before->log_sequence(workspace);
  database->write_group([&](Writer& writer) {
    writer.add_link(workspace, types[1], records[0], records[1]);
    append(writer, workspace, records[0], {{types[1].number, records[0], records[1], true}});
  });
  flip(false);
  EXPECT_EQ(database->read()->links(workspace, records[1]).size(), 1U);
  EXPECT_TRUE(before->links(workspace, records[1]).empty());
  before.reset();
  links = {{workspace, types[1].number, records[0], records[1]}};
  crash_and_open();
  ASSERT_NO_FATAL_FAILURE(expect_all());
}

TEST_F(RecentEndsTest, WhereTheLogCannotBeReadTheyAreRebuiltAndTheOperatorIsTold) {
  const std::string third_last = " WHERE workspace_id = 1 AND sequence = (SELECT max(sequence) - 3 FROM change_log WHERE workspace_id = 1)";
  for (const std::string& damage : {"UPDATE change_log SET body = x'ff'" + third_last, "DELETE FROM change_log" + third_last}) {
    open_with(1000);
    warnings = 0;
    for (int round = 0; round < 30; ++round) run_group();
    ASSERT_FALSE(links.empty());
    run_sql(damage);
    crash_and_open();
    EXPECT_EQ(warnings, 1);
    ASSERT_NO_FATAL_FAILURE(expect_all());
    run_group();
    ASSERT_NO_FATAL_FAILURE(expect_all());
  }
}

TEST_F(RecentEndsTest, WhereTheyCannotBeRebuiltEitherNothingChangesAndTheNextStepIsNamed) {
  open_with(1000);
  for (int round = 0; round < 30; ++round) run_group();
  database.reset();
  run_sql("UPDATE change_log SET body = x'ff'; UPDATE workspaces SET ends_at = 0; UPDATE records SET links = x'ff' WHERE place = (SELECT max(place) FROM records)");
  const std::int64_t before = link_bytes();
  ASSERT_GT(before, 1);
  for (int time = 0; time < 2; ++time) {
    try {
      open_with(7);
      FAIL() << "it opens";
    } catch (const StorageError& failure) {
      EXPECT_EQ(failure.kind, StorageError::Kind::corrupt);
      EXPECT_THAT(failure.what(), testing::AllOf(testing::HasSubstr("do not decode"), testing::HasSubstr("Nothing was changed"), testing::HasSubstr("backup")));
    }
    EXPECT_EQ(link_bytes(), before);
  }
}

TEST_F(RecentEndsTest, WhatIsFoldedIsNotReadAgainFromADamagedLog) {
  for (int round = 0; round < 30; ++round) run_group();
  database.reset();
  run_sql("UPDATE change_log SET body = x'ff'");
  open_with(7);
  EXPECT_EQ(warnings, 0);
  ASSERT_NO_FATAL_FAILURE(expect_all());
}

TEST_F(RecentEndsTest, AFoldThatFailsIsTriedAgainAndInTheEndRefusesWrites) {
  for (int round = 0; round < 6; ++round) run_group();
  run_sql("CREATE TRIGGER failing BEFORE UPDATE OF ends_at ON workspaces BEGIN SELECT RAISE(ABORT, 'no'); END");
  bool refused = false;
  for (int round = 0; round < 200 && !refused; ++round) {
    try {
      run_group();
    } catch (const StorageError& failure) {
      refused = true;
      EXPECT_THAT(failure.what(), testing::HasSubstr("no"));
    }
    try {
      database->maintain();
    } catch (const StorageError&) {
    }
  }
  EXPECT_TRUE(refused);
  ASSERT_NO_FATAL_FAILURE(expect_all());
  run_sql("DROP TRIGGER failing");
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // then it is tried again
  for (int round = 0; round < 20; ++round) {
    database->maintain();
    ASSERT_NO_THROW(run_group());
  }
  ASSERT_NO_FATAL_FAILURE(expect_all());
  EXPECT_GT(ask_sql("SELECT max(ends_at) FROM workspaces"), 0);
  crash_and_open();
  ASSERT_NO_FATAL_FAILURE(expect_all());
  run_group();
}

TEST_F(RecentEndsTest, AreReadWhileTheyAreFolded) {
  std::atomic<bool> stop = false;
  std::thread reading([&] {
    while (!stop) {
      const auto reader = database->read();
      std::size_t sources = 0, destinations = 0;
      for (const RecordId record : records)
        for (const model::Link& link : reader->links(workspace, record)) ++(link.side == Side::source ? sources : destinations);
      EXPECT_EQ(sources, destinations);
    }
  });
  for (int round = 0; round < 300; ++round) {
    run_group();
    database->maintain();
  }
  stop = true;
  reading.join();
}

}  // namespace
}  // namespace plenoptic::storage
