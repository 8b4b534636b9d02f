// What every database must do, and what SQLite's must besides.
#include "storage/database.h"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <thread>

#include <sys/resource.h>
#include <sys/wait.h>

#include "storage/database_fixture.h"

namespace plenoptic::storage {
namespace {

TEST_F(DatabaseTest, KeepsWhatWasCommittedOverReopening) {
  model::Record record;
  database->write_group([&](Writer& writer) {
    writer.put_definition(workspace, {DefinitionKind::object_type, model::types::account, 0, "{}"});
    record = make(writer, model::encode_fields({}));
  });
  reopen();
  const auto found = database->read()->find_record(workspace, record.type, record.id);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->fields, record.fields);
  EXPECT_EQ(found->version, 1U);
  EXPECT_EQ(database->read()->greatest_record_id(), record.id);
  EXPECT_THAT(database->verify(), testing::IsEmpty());
}

TEST_F(DatabaseTest, AThrowingGroupLeavesNothing) {
  EXPECT_THROW(database->write_group([&](Writer& writer) {
    make(writer);
    throw std::runtime_error("no");
  }),
               std::runtime_error);
  EXPECT_EQ(database->read()->count_records(workspace, model::types::account), 0U);
  EXPECT_EQ(database->read()->log_sequence(workspace), 0U);
}

TEST_F(DatabaseTest, AnUndoneRequestLeavesItsGroupWhole) {
  database->write_group([&](Writer& writer) {
    for (int i = 0; i < 5; ++i) {
      writer.begin_request();
      make(writer);
      i % 2 == 0 ? writer.keep_request() : writer.undo_request();
    }
  });
  const auto reader = database->read();
  EXPECT_EQ(reader->count_records(workspace, model::types::account), 3U);
  EXPECT_EQ(reader->log_sequence(workspace), 3U);  // without gaps
  EXPECT_THAT(database->verify(), testing::IsEmpty());
}

TEST_F(DatabaseTest, TheLogReadsBackWhole) {
  model::Change change{.workspace = workspace,
                       .previous_sequence = 3,
                       .at_ms = 5,
                       .kind = model::ChangeKind::updated,
                       .type = 3,
                       .record = ids.next(1),
                       .actor = "mem_x",
                       .operation = "opportunity.update",
                       .request_id = "req_1",
                       .idempotency_key = "k"};
  change.before.set(2, model::OptionNumber{1});
  change.after.set(2, model::OptionNumber{2});
  change.links.push_back({9, ids.next(2), ids.next(3), false});
  database->write_group([&](Writer& writer) { writer.append_change(change); });
  const auto read = database->read()->find_change(workspace, 1);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->before, change.before);
  EXPECT_EQ(read->after, change.after);
  EXPECT_EQ(read->links, change.links);
  EXPECT_EQ(read->actor, "mem_x");
  EXPECT_EQ(read->previous_sequence, 3U);
}

TEST_F(DatabaseTest, UniqueValuesAndIdempotentAnswers) {
  const RecordId holder = ids.next(1);
  database->write_group([&](Writer& writer) {
    writer.put_unique(workspace, 1, 2, "value", holder);
    writer.put_idempotent({workspace, "op", "rec", "key"}, {"subject", 200, "body", 1000});
    writer.put_idempotent({workspace, "op", "rec", "late"}, {"subject", 200, "body", 5000});
  });
  EXPECT_EQ(database->read()->find_unique_holder(workspace, 1, 2, "value"), holder);
  EXPECT_EQ(database->read()->find_idempotent({workspace, "op", "rec", "key"})->body, "body");
  EXPECT_FALSE(database->read()->find_idempotent({workspace, "op", "", "key"}));
  database->write_group([&](Writer& writer) { EXPECT_FALSE(writer.expire_idempotent({.created_before_ms = 2000, .created_after_ms = 16'000, .now_ms = 9000}, 10)); });
  EXPECT_FALSE(database->read()->find_idempotent({workspace, "op", "rec", "key"}));
  EXPECT_TRUE(database->read()->find_idempotent({workspace, "op", "rec", "late"}));
}

TEST_F(DatabaseTest, IdempotentAnswersExpireSomeAtATime) {
  const auto left = [&] {
    std::string keys;
    database->read()->scan_idempotent([&](const IdempotencySpace& space, const IdempotentAnswer&) { keys += space.key; });
    return keys;
  };
  database->write_group([&](Writer& writer) {
    writer.put_idempotent({workspace, "op", "", "far"}, {"subject", 200, "body", 99'000});
    writer.put_idempotent({workspace, "op", "", "ahead"}, {"subject", 200, "body", 12'000});
    for (const auto& [key, bytes] : {std::pair("a", 10), {"b", 10}, {"c", 20 << 20}, {"d", 10}, {"e", 10}})
      writer.put_idempotent({workspace, "op", "", key}, {"subject", 200, std::string(static_cast<std::size_t>(bytes), 'x'), key[0] == 'e' ? 5000 : 1000});
  });
  std::int64_t after_ms = INT64_MAX;
  const auto expire = [&](std::size_t limit) {
    bool more = false;
    database->write_group([&](Writer& writer) { more = writer.expire_idempotent({.created_before_ms = 2000, .created_after_ms = after_ms, .now_ms = 9000}, limit); });
    return more;
  };
  EXPECT_TRUE(expire(2));
  EXPECT_EQ(left(), "faraheadcde");  // the clock may be behind
  after_ms = 16'000;
  EXPECT_TRUE(expire(1));
  EXPECT_EQ(left(), "aheadcde");
  EXPECT_TRUE(expire(10));  // one that is long is enough
  EXPECT_EQ(left(), "aheadde");
  EXPECT_FALSE(expire(10));
  EXPECT_EQ(left(), "aheade");
  EXPECT_FALSE(expire(10));
}

TEST_F(DatabaseTest, ASnapshotStaysAsItWas) {
  const auto before = database->read();
  EXPECT_EQ(before->log_sequence(workspace), 0U);
  database->write_group([&](Writer& writer) { make(writer); });
  EXPECT_EQ(before->log_sequence(workspace), 0U);
  EXPECT_EQ(database->read()->log_sequence(workspace), 1U);
}

TEST_F(DatabaseTest, ReadersAndTheWriterDoNotStandInEachOthersWay) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i)
    readers.emplace_back([&] {
      while (!stop) {
        const auto reader = database->read();
        EXPECT_EQ(reader->count_records(workspace, model::types::account), reader->log_sequence(workspace));
      }
    });
  for (int i = 0; i < 60; ++i) {
    database->write_group([&](Writer& writer) {
      for (int k = 0; k < 5; ++k) make(writer);
    });
    database->maintain();
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_THAT(database->verify(), testing::IsEmpty());
}

TEST_F(DatabaseTest, TheWriteAheadLogIsBounded) {
  database.reset();
  database = open_sqlite({.directory = directory, .wal_limit_bytes = 1 << 20});
  for (int i = 0; i < 200; ++i) {
    database->write_group([&](Writer& writer) { make(writer, std::string(20'000, 'x')); });
    database->maintain();
  }
  EXPECT_LT(std::filesystem::file_size(directory + "/plenoptic.db-wal"), 4U << 20);
}

TEST_F(DatabaseTest, ASecondCheckpointSoonAfterTheFirstWaitsForALongerLog) {
  constexpr std::uintmax_t limit = 16 << 20;
  database.reset();
  database = open_sqlite({.directory = directory, .wal_limit_bytes = limit});
  const auto log_size = [&] { return std::filesystem::file_size(directory + "/plenoptic.db-wal"); };
  const auto write = [&] {
    database->write_group([&](Writer& writer) { make(writer, std::string(20'000, 'x')); });
    database->maintain();
  };
  while (log_size() <= limit / 4) write();
  for (int i = 0; i < 10; ++i) write();
  std::this_thread::sleep_for(std::chrono::milliseconds(500));  // the first ends
  EXPECT_LT(log_size(), limit / 2);
  std::uintmax_t longest = 0;  // on a slow disk it reaches the limit, where it is cut
  for (int i = 0; i < 1000; ++i) {
    write();
    longest = std::max(longest, log_size());
  }
  EXPECT_GE(longest, limit / 2);
}

TEST_F(DatabaseTest, TheWriteAheadLogGrowsAheadOfWhatIsWritten) {
  const auto log_size = [&] { return std::filesystem::file_size(directory + "/plenoptic.db-wal"); };
  database.reset();
  std::filesystem::remove_all(directory);
  std::filesystem::create_directory(directory);
  open();
  EXPECT_EQ(log_size(), 0U);  // nothing was written since its tables were made and the log was emptied
  database->write_group([&](Writer& writer) { workspace = writer.create_workspace({.slug = "w", .name = "W", .settings = "{}", .schema_version = 1}); });
  EXPECT_EQ(log_size(), 1U << 20);
  database->write_group([&](Writer& writer) {
    writer.put_definition(workspace, {DefinitionKind::object_type, model::types::account, 0, "{}"});
    make(writer);
  });
  for (int i = 0; i < 20; ++i) database->write_group([&](Writer& writer) { make(writer, std::string(20'000, 'x')); });
  EXPECT_EQ(log_size(), 1U << 20);
  for (int i = 0; i < 60; ++i) database->write_group([&](Writer& writer) { make(writer, std::string(20'000, 'x')); });
  EXPECT_GT(log_size(), 1U << 20);
  EXPECT_EQ(log_size() % (1U << 20), 0U);
  // As a crash leaves it: the log's end is zeros, and everything before them is there.
  const std::string copy = directory + "/copy";
  std::filesystem::create_directory(copy);
  for (const char* file : {"/plenoptic.db", "/plenoptic.db-wal"}) std::filesystem::copy_file(directory + file, copy + file);
  const auto recovered = open_sqlite({.directory = copy});
  EXPECT_EQ(recovered->read()->count_records(workspace, model::types::account), 81U);
  EXPECT_THAT(recovered->verify(), testing::IsEmpty());
}

TEST_F(DatabaseTest, AFullDiskFailsTheWholeGroupAndNothingElse) {
  database->write_group([&](Writer& writer) { make(writer); });
  // In a process of its own, files may not grow any more: as on a full disk.
  database.reset();
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 1;
    try {
      auto full = open_sqlite({.directory = directory});
      std::signal(SIGXFSZ, SIG_IGN);
      const rlimit small{200'000, 200'000};
      ::setrlimit(RLIMIT_FSIZE, &small);
      try {
        full->write_group([&](Writer& writer) {
          for (int i = 0; i < 100; ++i) {
            writer.begin_request();
            make(writer, std::string(50'000, 'x'));
            writer.keep_request();
          }
        });
      } catch (const StorageError& failure) {
        code = failure.kind != StorageError::Kind::full ? 4 : full->read()->count_records(workspace, model::types::account) == 1 ? 0 : 2;
      }
    } catch (...) {
      code = 3;
    }
    std::_Exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  open();
  EXPECT_EQ(database->read()->count_records(workspace, model::types::account), 1U);
  EXPECT_THAT(database->verify(), testing::IsEmpty());
}

TEST_F(DatabaseTest, ASecondOneOnTheSameDirectoryIsRefused) { EXPECT_THROW(open_sqlite({.directory = directory}), StorageError); }

}  // namespace
}  // namespace plenoptic::storage
