// The database on a file system that fills up, fails and forgets.
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "faults/faulty_file_system.h"
#include "services/index_directory.h"
#include "storage/sqlite/sqlite_database.h"

namespace plenoptic::faults {
namespace {

using storage::StorageError;

constexpr const char* believed = "/plenoptic.db-wal-synced";

class StorageTest : public testing::Test {
 protected:
  StorageTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "plenoptic-storage-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
  }
  ~StorageTest() override { std::filesystem::remove_all(directory); }

  static void write(storage::Database& database, const std::string& slug, std::size_t bytes = 20'000) {
    database.write_group([&](storage::Writer& writer) { writer.create_workspace({.slug = slug, .name = std::string(bytes, 'x'), .settings = "{}"}); });
  }

  std::string directory;
};

TEST_F(StorageTest, AFullDiskIsToldAsThatAndNothingOfTheGroupIsThere) {
  FaultyFileSystem system({}, [] {});
  const auto database = storage::open_sqlite({.directory = directory});
  write(*database, "first");
  // A commit's pages go to the log in a few large writes: four of them here.
  for (std::uint64_t at = 1; at <= 4; ++at) {
    system.set_plan({.full = {.at = at, .count = 1}});
    try {
      write(*database, "full", 200'000);
      FAIL() << "a write found space that was not there";
    } catch (const StorageError& failure) {
      // Not `unknown_outcome`: the server goes on, and answers 503.
      EXPECT_EQ(failure.kind, StorageError::Kind::full) << "at write " << at << ": " << failure.what();
    }
    system.set_plan({});
    EXPECT_EQ(database->read()->workspaces().size(), at);
    write(*database, "after" + std::to_string(at));
  }
}

TEST_F(StorageTest, ASyncThatFailsLeavesTheOutcomeUnknown) {
  FaultyFileSystem system({}, [] {});
  const auto database = storage::open_sqlite({.directory = directory});
  write(*database, "first");
  system.set_plan({.failing = {.at = 1, .count = 1}, .failing_on = Operation::sync});
  try {
    write(*database, "second");
    FAIL() << "the sync did not fail";
  } catch (const StorageError& failure) {
    EXPECT_EQ(failure.kind, StorageError::Kind::unknown_outcome) << failure.what();
  }
}

/// By calls, of this process, to any file.
std::uint64_t bytes_written() {
  std::ifstream io("/proc/self/io");
  std::string name;
  std::uint64_t bytes = 0;
  while (io >> name >> bytes)
    if (name == "wchar:") return bytes;
  return 0;
}

TEST_F(StorageTest, ALogWhoseSyncFailedIsWrittenAnewBeforeItIsBelieved) {
  constexpr std::size_t bytes = 8 << 20;
  const auto killed = [&](bool fails) {
    FaultyFileSystem system({}, [] {});
    const auto database = storage::open_sqlite({.directory = directory});
    write(*database, fails ? "answered" : "more", bytes);
    if (fails) system.set_plan({.failing = {.at = 1, .count = 1}, .failing_on = Operation::sync});
    try {
      write(*database, fails ? "unsynced" : "last");
    } catch (const StorageError&) {
    }
    ::_exit(70);
  };
  const auto written_by_a_start = [&] {
    const std::uint64_t before = bytes_written();
    const auto database = storage::open_sqlite({.directory = directory});
    EXPECT_GE(database->read()->workspaces().size(), 1U);
    return bytes_written() - before;
  };
  ASSERT_EXIT(killed(true), testing::ExitedWithCode(70), "");
  EXPECT_FALSE(std::filesystem::exists(directory + believed));
  EXPECT_GE(written_by_a_start(), bytes);
  EXPECT_TRUE(std::filesystem::exists(directory + believed));
  ASSERT_EXIT(killed(false), testing::ExitedWithCode(70), "");
  EXPECT_LT(written_by_a_start(), bytes / 8) << "a log that can be believed is written over too";
}

TEST_F(StorageTest, ALogWhoseSyncFailedIsNotCopiedAtTheEnd) {
  FaultyFileSystem system({}, [] {});
  auto database = storage::open_sqlite({.directory = directory});
  write(*database, "first");
  system.set_plan({.failing = {.at = 1, .count = 1}, .failing_on = Operation::sync});
  EXPECT_THROW(write(*database, "second"), StorageError);
  system.set_plan({});
  database.reset();
  EXPECT_TRUE(std::filesystem::exists(directory + "/plenoptic.db-wal")) << "closing has copied what may not be on the disk, and taken the log away";
}

TEST_F(StorageTest, ALogThatCannotBeWrittenAnewIsNotServed) {
  std::filesystem::create_directory(directory + "/plenoptic.db-wal");  // which nobody can write
  try {
    storage::open_sqlite({.directory = directory});
    FAIL() << "a log that may not be on the disk was believed";
  } catch (const StorageError& failure) {
    EXPECT_THAT(failure.what(), testing::HasSubstr("failed to keep"));
  }
  EXPECT_FALSE(std::filesystem::exists(directory + believed));
}

TEST_F(StorageTest, WhatAKilledServerLeftIsSyncedBeforeItIsAnsweredFrom) {
  const auto killed = [&] {
    // As if killed between the write of a commit and its sync: in the system's cache, and maybe not on the disk.
    const auto database = storage::open_sqlite({.directory = directory, .throw_away = true});
    write(*database, "recovered");
    ::_exit(0);
  };
  ASSERT_EXIT(killed(), testing::ExitedWithCode(0), "");
  FaultyFileSystem system({}, [] {});
  const auto database = storage::open_sqlite({.directory = directory});
  EXPECT_EQ(database->read()->workspaces().size(), 1U);
  EXPECT_GE(system.count(Operation::sync), 1U);
}

TEST_F(StorageTest, AFileThatCouldNotBeSyncedIsNotBelieved) {
  // A checkpoint that nobody writes beside syncs the log and the file; then the file is synced once more, before the last one.
  for (const std::uint64_t failing : {1U, 2U, 3U}) {
    SCOPED_TRACE(failing);
    FaultyFileSystem system({}, [] {});
    const auto database = storage::open_sqlite({.directory = directory, .wal_limit_bytes = 4 << 20});
    write(*database, "long" + std::to_string(failing), 3'000'000);
    system.set_plan({.failing = {.at = failing, .count = 1}, .failing_on = Operation::sync});
    bool told = false;
    const auto give_up_at = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!told && std::chrono::steady_clock::now() < give_up_at) try {
        database->maintain();
        std::this_thread::yield();
      } catch (const StorageError& failure) {
        EXPECT_EQ(failure.kind, StorageError::Kind::unknown_outcome) << failure.what();
        told = true;
      }
    EXPECT_TRUE(told);
    EXPECT_EQ(system.count(Operation::sync), failing);
    EXPECT_EQ(std::filesystem::exists(directory + believed), failing != 1) << "the log's own sync is told to the next start";
  }
}

TEST_F(StorageTest, AnIndexThatCannotBeLoadedIsTriedAgain) {
  FaultyFileSystem system({}, [] {});
  const auto database = storage::open_sqlite({.directory = directory});
  write(*database, "first");
  system.set_plan({.failing = {.at = 1, .count = 0}, .failing_on = Operation::read});
  std::atomic<int> failures = 0;
  const auto nothing = std::make_shared<const model::Schema>(1, std::vector<model::ObjectType>(), std::vector<model::LinkType>());
  services::IndexDirectory indexes(*database, [&](model::WorkspaceId) { return nothing; }, {}, {.failed = [&](model::WorkspaceId, const std::string&) {
    ++failures;
    system.set_plan({});
  }});
  std::promise<bool> ready;
  indexes.load({1});
  // Who asks meanwhile is told of the failure, and waits for nothing.
  indexes.when_settled({1}, [&] { ready.set_value(indexes.find_ready({1}) != nullptr); });
  EXPECT_FALSE(ready.get_future().get());
  while (!indexes.all_ready()) std::this_thread::yield();
  EXPECT_EQ(failures, 1);
}

}  // namespace
}  // namespace plenoptic::faults
