// Ends of links that are gathered before they are written: whoever reads, whenever, sees what was committed when it began.
#include <algorithm>
#include <atomic>
#include <random>
#include <set>
#include <thread>
#include <tuple>

#include "storage/database_fixture.h"
#include "storage/sqlite/sqlite.h"

namespace plenoptic::storage {
namespace {

using model::Cardinality;
using model::Side;

constexpr std::size_t record_count = 9;

class RecentEndsTest : public DatabaseTest {
 protected:
  using OneLink = std::tuple<model::LinkTypeNumber, RecordId, RecordId>;  // source, destination
  using Links = std::set<OneLink>;

  void SetUp() override {
    DatabaseTest::SetUp();
    open_with(7);
    database->write_group([&](Writer& writer) {
      for (std::size_t i = 0; i < record_count; ++i) records.push_back(make(writer).id);
    });
  }

  void open_with(std::size_t recent_ends) {
    database.reset();
    database = open_sqlite({.directory = directory, .recent_ends = recent_ends});
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

  /// One request's link, taken away where it is there.
  void change_one(Writer& writer, Links& links) {
    const model::LinkType& type = types[random() % types.size()];
    const RecordId from = records[random() % record_count], to = records[random() % record_count];
    const bool add = !links.contains({type.number, from, to});
    EXPECT_TRUE(add ? writer.add_link(workspace, type, from, to) : writer.remove_link(workspace, type, from, to));
    if (add)
      links.insert({type.number, from, to});
    else
      links.erase({type.number, from, to});
    model::Change entry{.workspace = workspace, .at_ms = now, .type = model::types::account, .record = from};
    entry.links.push_back({type.number, from, to, add});
    writer.append_change(entry);
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
    for (const RecordId record : records) {
      std::vector<std::tuple<model::LinkTypeNumber, Side, RecordId>> wanted, found;
      for (const auto& [type, from, to] : expected) {
        if (from == record) wanted.emplace_back(type, Side::source, to);
        if (to == record) wanted.emplace_back(type, Side::destination, from);
      }
      std::sort(wanted.begin(), wanted.end());
      for (const model::Link& link : reader.links(workspace, model::types::account, record)) found.emplace_back(link.type, link.side, link.other);
      ASSERT_EQ(found, wanted);
      for (const model::LinkType& type : types)
        for (const Side side : {Side::source, Side::destination}) {
          const auto of_view = std::count_if(wanted.begin(), wanted.end(), [&](const auto& link) { return std::get<0>(link) == type.number && std::get<1>(link) == side; });
          ASSERT_EQ(reader.links(workspace, type, side, record).size(), static_cast<std::size_t>(of_view));
        }
    }
  }

  void expect_all_ends(Reader& reader, const Links& expected) {
    std::multiset<OneLink> sources, destinations;
    reader.scan_link_ends(workspace, [&](RecordId record, model::LinkTypeNumber type, Side side, RecordId other) {
      side == Side::source ? sources.emplace(type, record, other) : destinations.emplace(type, other, record);
    });
    const std::multiset<OneLink> wanted(expected.begin(), expected.end());
    EXPECT_EQ(sources, wanted);
    EXPECT_EQ(destinations, wanted);
  }

  static model::LinkType link_type(model::LinkTypeNumber number, Cardinality of_source) {
    model::LinkType type{.number = number};
    for (model::LinkTypeEnd& end : type.ends) end.type = model::types::account;
    type.ends[0].cardinality = of_source;
    return type;
  }

  const std::vector<model::LinkType> types{link_type(3, Cardinality::has_one), link_type(4, Cardinality::has_many), link_type(5, Cardinality::has_one)};
  std::mt19937 random{20261125};
  std::vector<RecordId> records;
  Links links;
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
    if (random() % 2 == 0) database->maintain();
    if (!snapshots.empty()) {
      Snapshot& one = snapshots[random() % snapshots.size()];
      ASSERT_NO_FATAL_FAILURE(expect_links(*one.reader, one.links));
      expect_all_ends(*one.reader, one.links);
    }
    if (snapshots.size() > 6) snapshots.erase(snapshots.begin() + static_cast<std::ptrdiff_t>(random() % snapshots.size()));
  }
  ASSERT_NO_FATAL_FAILURE(expect_links(*database->read(), links));
}

TEST_F(RecentEndsTest, NothingIsLostByACrashOrAnOrderlyEnd) {
  for (int round = 0; round < 60; ++round) {
    for (std::size_t groups = random() % 12; groups > 0; --groups) {
      run_group();
      if (random() % 2 == 0) database->maintain();
    }
    random() % 2 == 0 ? crash_and_open() : open_with(1 + random() % 20);
    ASSERT_NO_FATAL_FAILURE(expect_links(*database->read(), links));
    expect_all_ends(*database->read(), links);
  }
  EXPECT_FALSE(links.empty());
}

TEST_F(RecentEndsTest, WhereTheLogCannotBeReadTheyAreRebuilt) {
  open_with(1000);
  for (int round = 0; round < 30; ++round) run_group();
  ASSERT_FALSE(links.empty());
  {
    sqlite::Connection connection(directory + "/plenoptic.db", SQLITE_OPEN_READWRITE);
    connection.run("UPDATE change_log SET body = x'ff' WHERE sequence = (SELECT max(sequence) FROM change_log) - 3");
  }
  crash_and_open();
  ASSERT_NO_FATAL_FAILURE(expect_links(*database->read(), links));
  expect_all_ends(*database->read(), links);
  run_group();
  ASSERT_NO_FATAL_FAILURE(expect_links(*database->read(), links));
}

TEST_F(RecentEndsTest, AreReadWhileTheyAreFolded) {
  std::atomic<bool> stop = false;
  std::thread reading([&] {
    while (!stop) {
      const auto reader = database->read();
      std::size_t sources = 0, destinations = 0;
      for (const RecordId record : records)
        for (const model::Link& link : reader->links(workspace, model::types::account, record)) ++(link.side == Side::source ? sources : destinations);
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
