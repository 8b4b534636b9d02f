// Ends of links that are gathered before they are written: whoever reads, whenever, sees what was committed when it began.
#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <thread>

#include "storage/recent_ends_fixture.h"

namespace plenoptic::storage {
namespace {

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
  EXPECT_EQ(upkeep_failures, 1);
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

TEST_F(RecentEndsTest, AFoldThatMeetsADamagedPageFailsItsGroupAndNoOther) {
  const RecordId far = records[0];
  const auto link_all = [&](RecordId from) {
    database->write_group([&](Writer& writer) {
      for (const model::LinkType& type : types) {
        EXPECT_TRUE(writer.add_link(workspace, type, from, far));
        append(writer, workspace, from, {{type.number, from, far, true}});
      }
    });
  };
  for (const RecordId from : records) link_all(from);
  database.reset();
  ASSERT_GT(ask_sql("SELECT count(*) FROM links"), 0);  // more than its row holds
  const auto page = ask_sql("SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = 'links'"), page_size = ask_sql("PRAGMA page_size");
  std::fstream file(directory + "/plenoptic.db", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp((page - 1) * page_size);
  file << std::string(static_cast<std::size_t>(page_size), '\xff');
  file.close();
  open_with(7);
  RecordId another;
  database->write_group([&](Writer& writer) { another = make(writer).id; });
  link_all(another);
  database->maintain();  // seals them
  std::optional<StorageError::Kind> kind;
  for (int group = 0; group < 1000 && !kind; ++group) {  // they are sorted meanwhile
    try {
      database->write_group([](Writer&) {});
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    } catch (const StorageError& failure) {
      kind = failure.kind;
    }
  }
  EXPECT_EQ(kind, StorageError::Kind::corrupt);
  EXPECT_EQ(upkeep_failures, 1);
  database->write_group([&](Writer& writer) { another = make(writer).id; });
  EXPECT_TRUE(database->read()->find_record(workspace, model::types::account, another));
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
