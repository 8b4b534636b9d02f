// Requests of one group, each with its own outcome; and the time that they are given.
#include "services/write_lane.h"

#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "storage/sqlite/sqlite_database.h"

namespace plenoptic::services {
namespace {

using storage::StorageError;

class WriteLaneTest : public testing::Test {
 protected:
  WriteLaneTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "plenoptic-lane-XXXXXX").string();
    directory = ::mkdtemp(pattern.data());
    database = storage::open_sqlite({.directory = directory, .throw_away = true});
    lane = std::make_unique<WriteLane>(WriteLane::Parts{.database = *database,
                                                        .clock = clock,
                                                        .ids = ids,
                                                        .schema = [](model::WorkspaceId) { return model::SchemaPointer(); },
                                                        .publish = [](const model::SchemaPointer&, model::WorkspaceId, std::span<const model::Change>) {},
                                                        .abandon = [](const std::string& why) { ADD_FAILURE() << why; }},
                                       100);
  }
  ~WriteLaneTest() override {
    lane.reset();
    database.reset();
    std::filesystem::remove_all(directory);
  }

  /// What the lane told of the request, once it did.
  std::future<std::exception_ptr> submit(std::function<void(WriteContext&)> run) {
    auto told = std::make_shared<std::promise<std::exception_ptr>>();
    WriteJob job;
    job.run = std::move(run);
    job.finish = [told](const std::exception_ptr& error) { told->set_value(error); };
    EXPECT_TRUE(lane->submit(std::move(job)));
    return told->get_future();
  }

  static std::function<void(WriteContext&)> making(const std::string& slug) {
    return [slug](WriteContext& context) { context.storage.create_workspace({.slug = slug, .name = slug, .settings = "{}", .schema_version = 1}); };
  }

  /// Submits all while the lane is busy, so that they are one group.
  std::vector<std::exception_ptr> run_together(std::vector<std::function<void(WriteContext&)>> requests) {
    std::promise<void> begun, all_there;
    auto first = submit([&](WriteContext&) {
      begun.set_value();
      all_there.get_future().wait();
    });
    begun.get_future().wait();
    std::vector<std::future<std::exception_ptr>> told;
    for (auto& request : requests) told.push_back(submit(std::move(request)));
    all_there.set_value();
    EXPECT_EQ(first.get(), nullptr);
    std::vector<std::exception_ptr> errors;
    for (auto& one : told) errors.push_back(one.get());
    return errors;
  }

  std::string slugs() {
    std::string all;
    for (const storage::Workspace& workspace : database->read()->workspaces()) all += workspace.slug + " ";
    return all;
  }

  std::int64_t time() {
    std::int64_t now_ms = 0;
    EXPECT_EQ(submit([&](WriteContext& context) { now_ms = context.now_ms; }).get(), nullptr);
    return now_ms;
  }

  std::string directory;
  base::ManualClock clock{1'000'000};
  base::CuidGenerator ids;
  std::unique_ptr<storage::Database> database;
  std::unique_ptr<WriteLane> lane;
};

TEST_F(WriteLaneTest, ARequestThatFailsIsUndoneAlone) {
  const auto refused = [](WriteContext& context) {
    making("half")(context);
    throw std::runtime_error("refused");
  };
  const auto errors = run_together({making("before"), refused, making("after")});
  EXPECT_EQ(errors[0], nullptr);
  EXPECT_NE(errors[1], nullptr);
  EXPECT_EQ(errors[2], nullptr);
  EXPECT_EQ(slugs(), "before after ");
}

TEST_F(WriteLaneTest, AFailureOfStorageFailsTheGroup) {
  for (const StorageError::Kind kind : {StorageError::Kind::full, StorageError::Kind::corrupt}) {
    const auto errors = run_together({making("before"), [&](WriteContext&) { throw StorageError(kind, "failed"); }, making("after")});
    for (const std::exception_ptr& error : errors) EXPECT_NE(error, nullptr);
    EXPECT_EQ(slugs(), "");
  }
}

TEST_F(WriteLaneTest, TimeStandsStillWhereTheClockIsALittleBehindAndFollowsItFurther) {
  EXPECT_EQ(time(), 1'000'000);
  clock.advance_ms(-5'000);
  EXPECT_EQ(time(), 1'000'000);
  clock.advance_ms(86'400'000);  // ahead for a moment
  EXPECT_EQ(time(), 87'395'000);
  clock.advance_ms(-86'400'000);
  EXPECT_EQ(time(), 995'000);
}

}  // namespace
}  // namespace plenoptic::services
