#include "services/answer_cache.h"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/id.h"

namespace plenoptic::services {
namespace {

using model::RecordId;

constexpr std::size_t mebibyte = 1 << 20;

class AnswerCacheTest : public testing::Test {
 protected:
  AnswerCacheTest() {
    type.number = 3;
    type.wire_text = R"({"id":"opp_","fields":{"$name":{"value":"","valueType":"TEXT"}},"relationships":{"$account":{"values":[],"cardinality":"HAS_ONE"}}})";
    for (int i = 0; i < 20'000; ++i) ids.push_back(generator.next(1'000));
  }

  AnswerCache::Key key(RecordId record, std::uint64_t version = 1) const { return {.workspace = workspace, .type = type, .record = record, .schema_version = version}; }
  static std::string answer(std::size_t number) {
    return R"({"id":"opp_)" + std::to_string(number) + R"(","fields":{"$name":{"value":"Number )" + std::to_string(number * 7919) + R"(","valueType":"TEXT"}}})";
  }
  static model::Change change_of(RecordId record) {
    model::Change change;
    change.record = record;
    return change;
  }
  std::string found(AnswerCache& cache, const AnswerCache::Key& key, std::uint64_t newest = UINT64_MAX) const {
    std::string out = "before ";
    return cache.find(key, out, newest) ? out.substr(7) : "nothing";
  }

  model::WorkspaceId workspace{1};
  model::ObjectType type;
  base::CuidGenerator generator;
  std::vector<RecordId> ids;
};

TEST_F(AnswerCacheTest, GivesBackWhatWasKeptForThatWorkspaceTypeAndModel) {
  AnswerCache cache(mebibyte);
  EXPECT_EQ(found(cache, key(ids[0])), "nothing");
  cache.put(key(ids[0]), cache.ticket(), 5, answer(0));
  EXPECT_EQ(found(cache, key(ids[0])), answer(0));
  EXPECT_EQ(found(cache, key(ids[0]), 5), answer(0));
  EXPECT_EQ(found(cache, key(ids[0]), 4), "nothing") << "made from a newer snapshot than is asked for";
  EXPECT_EQ(found(cache, key(ids[0], 2)), "nothing") << "made with another data model";
  EXPECT_EQ(found(cache, key(ids[1])), "nothing");
  AnswerCache::Key elsewhere = key(ids[0]);
  elsewhere.workspace = {2};
  EXPECT_EQ(found(cache, elsewhere), "nothing");
  cache.put(key(ids[0]), cache.ticket(), 6, answer(1));
  EXPECT_EQ(found(cache, key(ids[0])), answer(1)) << "the newer one";
}

TEST_F(AnswerCacheTest, AChangeTakesOutTheRecordItsLinksEndsAndItsNeighbours) {
  AnswerCache cache(mebibyte);
  for (std::size_t i = 0; i < 6; ++i) cache.put(key(ids[i]), cache.ticket(), 1, answer(i));
  const std::uint64_t ticket = cache.ticket();
  model::Change change = change_of(ids[0]);
  change.links = {{7, ids[1], ids[2], true}};
  change.neighbours = {ids[3]};
  cache.publish(workspace, change);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(found(cache, key(ids[i])), "nothing") << i;
  EXPECT_EQ(found(cache, key(ids[4])), answer(4));
  cache.put(key(ids[0]), ticket, 1, answer(0));
  EXPECT_EQ(found(cache, key(ids[0])), "nothing") << "read before the change";
  cache.publish({2}, change_of(ids[4]));
  EXPECT_EQ(found(cache, key(ids[4])), answer(4)) << "another workspace's";
}

TEST_F(AnswerCacheTest, StaysInItsBudgetAndKeepsNearlyAllThatFits) {
  AnswerCache cache(4 * mebibyte);
  const auto kept = [&] {
    std::size_t count = 0;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const std::string text = found(cache, key(ids[i]));
      if (text == "nothing") continue;
      EXPECT_EQ(text, answer(i));
      ++count;
    }
    return count;
  };
  for (std::size_t i = 0; i < 8'000; ++i) cache.put(key(ids[i]), cache.ticket(), 1, answer(i));
  EXPECT_GE(kept(), 7'800U) << "a few in a hundred at most had no place among their like";
  for (std::size_t i = 0; i < ids.size(); ++i)
    cache.put(key(ids[i]), cache.ticket(), 1, answer(i) + std::string(200, static_cast<char>('a' + i % 26)) + std::to_string(i * 104'729));
  EXPECT_LE(cache.memory_bytes(), 4 * mebibyte);

  AnswerCache off(0);
  off.put(key(ids[0]), off.ticket(), 1, answer(0));
  off.expect(ids);
  EXPECT_EQ(found(off, key(ids[0])), "nothing");
}

TEST_F(AnswerCacheTest, ServesManyThreadsAndNeverAnotherRecordsAnswer) {
  AnswerCache cache(mebibyte / 4);
  std::atomic<bool> wrong = false;
  std::vector<std::thread> threads;
  for (unsigned number = 0; number < 4; ++number)
    threads.emplace_back([&, number] {
      for (std::size_t step = 0; step < 20'000; ++step) {
        const std::size_t i = (step * 31 + number * 977) % 2'000;
        cache.expect({&ids[i], std::min<std::size_t>(10, ids.size() - i)});
        const std::string text = found(cache, key(ids[i]));
        if (text == "nothing")
          cache.put(key(ids[i]), cache.ticket(), 1, answer(i));
        else if (text != answer(i))
          wrong = true;
        if (step % 50 == number) cache.publish(workspace, change_of(ids[i]));
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(wrong);
  EXPECT_LE(cache.memory_bytes(), mebibyte / 4 + 4 * 1024) << "each thread makes room for its own";
}

}  // namespace
}  // namespace plenoptic::services
