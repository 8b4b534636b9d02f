// The file system that fails, by itself: what SQLite sees on it, and what it leaves behind.
#include "faults/faulty_file_system.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace plenoptic::faults {
namespace {

constexpr int power_lost = 86;

class FaultyFileSystemTest : public testing::Test {
 protected:
  FaultyFileSystemTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "plenoptic-faults-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
  }
  ~FaultyFileSystemTest() override { std::filesystem::remove_all(directory); }

  /// A connection as the server's are: WAL, synchronous=FULL, and memory mapping asked for.
  sqlite3* open() const {
    sqlite3* connection = nullptr;
    if (sqlite3_open((directory / "x.db").c_str(), &connection) != SQLITE_OK) throw std::runtime_error("the database does not open");
    run(connection, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA mmap_size = 100000000");
    return connection;
  }

  static int run(sqlite3* connection, const std::string& sql) { return sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr); }

  static std::int64_t ask(sqlite3* connection, const char* sql) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v2(connection, sql, -1, &statement, nullptr);
    const std::int64_t answer = sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : -1;
    sqlite3_finalize(statement);
    return answer;
  }

  /// Commits numbers 1, 2, 3 … until the power goes, and notes each one that was committed in a file beside.
  [[noreturn]] void write_until_the_power_goes(const FaultPlan& plan) const {
    FaultyFileSystem system(plan, [] { ::_exit(power_lost); });
    sqlite3* connection = open();
    run(connection, "CREATE TABLE IF NOT EXISTS t (n INTEGER PRIMARY KEY, filling BLOB)");
    for (int n = 1; n < 500; ++n) {
      if (run(connection, "INSERT INTO t VALUES (" + std::to_string(n) + ", randomblob(3000))") == SQLITE_OK) std::ofstream(directory / "acknowledged") << n;
      if (n % 7 == 0) sqlite3_wal_checkpoint_v2(connection, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    }
    ::_exit(0);
  }

  std::int64_t acknowledged() const {
    std::int64_t number = 0;
    std::ifstream(directory / "acknowledged") >> number;
    return number;
  }

  std::filesystem::path directory;
};

TEST_F(FaultyFileSystemTest, ReadsSeeWhatIsNotSyncedYet) {
  FaultyFileSystem system({}, [] {});
  sqlite3* writer = open();
  sqlite3* reader = open();
  run(writer, "PRAGMA synchronous = OFF; CREATE TABLE t (n); INSERT INTO t VALUES (7)");
  EXPECT_EQ(ask(reader, "SELECT n FROM t"), 7);
  EXPECT_EQ(std::filesystem::file_size(directory / "x.db-wal"), 0U);
  sqlite3_close(reader);
  sqlite3_close(writer);
}

TEST_F(FaultyFileSystemTest, WhatWasClosedIsThereWithoutIt) {
  {
    FaultyFileSystem system({}, [] {});
    sqlite3* connection = open();
    run(connection, "CREATE TABLE t (n); INSERT INTO t VALUES (1), (2)");
    run(connection, "DELETE FROM t WHERE n = 1; VACUUM");
    sqlite3_close(connection);
  }
  sqlite3* connection = open();
  EXPECT_EQ(ask(connection, "SELECT sum(n) FROM t"), 2);
  EXPECT_EQ(run(connection, "PRAGMA integrity_check"), SQLITE_OK);
  sqlite3_close(connection);
}

TEST_F(FaultyFileSystemTest, PowerLossKeepsWhatWasCommittedAndNothingHalf) {
  testing::FLAGS_gtest_death_test_style = "fast";
  for (std::uint64_t round = 1; round <= 40; ++round) {
    std::filesystem::remove_all(directory);
    std::filesystem::create_directory(directory);
    ASSERT_EXIT(write_until_the_power_goes({.seed = round, .crash_after = 3 + round * 5}), testing::ExitedWithCode(power_lost), "");
    sqlite3* connection = open();
    const std::int64_t rows = ask(connection, "SELECT count(*) FROM t");
    // One more may be there: committed, and the power went before it was noted. No table: gone before the first row.
    if (rows < 0)
      EXPECT_EQ(acknowledged(), 0);
    else
      EXPECT_THAT(rows - acknowledged(), testing::AllOf(testing::Ge(0), testing::Le(1))) << "round " << round;
    EXPECT_EQ(ask(connection, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
    sqlite3_close(connection);
  }
}

TEST_F(FaultyFileSystemTest, WithoutSyncsPowerLossLosesWrites) {
  // The opposite of the test before: the file system really does lose what nobody synced.
  std::int64_t kept = 0;
  for (std::uint64_t round = 1; round <= 8; ++round) {
    std::filesystem::remove_all(directory);
    std::filesystem::create_directory(directory);
    const auto careless = [&] {
      FaultyFileSystem system({.seed = round}, [] { ::_exit(power_lost); });
      sqlite3* connection = open();
      run(connection, "CREATE TABLE t (n); PRAGMA synchronous = OFF");
      for (int n = 0; n < 20; ++n) run(connection, "INSERT INTO t VALUES (1)");
      system.lose_power();
    };
    ASSERT_EXIT(careless(), testing::ExitedWithCode(power_lost), "");
    sqlite3* connection = open();
    kept += ask(connection, "SELECT count(*) FROM t");
    sqlite3_close(connection);
  }
  EXPECT_LT(kept, 8 * 20);
}

TEST_F(FaultyFileSystemTest, AFullDiskFailsAndSpaceReturns) {
  FaultyFileSystem system({}, [] {});
  sqlite3* connection = open();
  run(connection, "CREATE TABLE t (n)");
  system.set_plan({.full = {.at = 1, .count = 3}});
  int failed = 0;
  for (int n = 0; n < 5; ++n) failed += run(connection, "INSERT INTO t VALUES (1)") == SQLITE_FULL;
  EXPECT_GE(failed, 1);
  EXPECT_LT(failed, 5);
  EXPECT_EQ(ask(connection, "SELECT count(*) FROM t"), 5 - failed);
  sqlite3_close(connection);
}

TEST_F(FaultyFileSystemTest, EachKindOfOperationCanFail) {
  FaultyFileSystem system({}, [] {});
  sqlite3* connection = open();
  run(connection, "CREATE TABLE t (n)");
  for (const Operation operation : {Operation::write, Operation::sync, Operation::shm}) {
    system.set_plan({.failing = {.at = 1, .count = 0}, .failing_on = operation});
    EXPECT_EQ(run(connection, "INSERT INTO t VALUES (1)"), SQLITE_IOERR) << static_cast<int>(operation);
    system.set_plan({});
    EXPECT_EQ(run(connection, "INSERT INTO t VALUES (1)"), SQLITE_OK);
    EXPECT_GT(system.count(operation), 0U);
  }
  sqlite3_close(connection);
}

TEST(FaultPlan, ReadsWhatItSays) {
  const FaultPlan plan = parse_fault_plan("seed=7,crash_after=12,enospc_at=3,enospc_for=0,eio_at=4,eio_for=2,eio_on=sync");
  EXPECT_EQ(plan.seed, 7U);
  EXPECT_EQ(plan.crash_after, 12U);
  EXPECT_TRUE(plan.full.holds(3) && plan.full.holds(1'000'000) && !plan.full.holds(2));
  EXPECT_TRUE(plan.failing.holds(5) && !plan.failing.holds(6));
  EXPECT_EQ(plan.failing_on, Operation::sync);
  EXPECT_THROW(parse_fault_plan("crash=1"), std::invalid_argument);
  EXPECT_THROW(parse_fault_plan("seed=x"), std::invalid_argument);
  EXPECT_THROW(parse_fault_plan("eio_on=paper"), std::invalid_argument);
}

}  // namespace
}  // namespace plenoptic::faults
