#include "services/lane_pace.h"

#include <gtest/gtest.h>

namespace plenoptic::services {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t largest_group = 256;

TEST(LanePace, AddsTheCommitsToTheRequestsAhead) {
  LanePace pace;
  for (int i = 0; i < 50; ++i) {
    pace.note(1, 2ms);
    pace.note(100, 12ms);
  }
  // 100 us a request, 2 ms a group: 512 requests ahead are two full groups and the one of their own.
  EXPECT_NEAR(static_cast<double>(pace.expected_wait(512, largest_group).count()), 57.2e6, 0.5e6);
}

TEST(LanePace, ALowLoadsCommitsAreNotTakenForTheCostOfRequests) {
  LanePace pace;
  for (int i = 0; i < 50; ++i) pace.note(1, 20ms);
  EXPECT_LE(pace.expected_wait(200, largest_group), 20ms);
}

TEST(LanePace, FollowsALaneThatBecomesSlower) {
  LanePace pace;
  for (int i = 0; i < 50; ++i) pace.note(256, 25ms);
  const auto before = pace.expected_wait(1000, largest_group);
  for (int i = 0; i < 50; ++i) pace.note(256, 100ms);
  EXPECT_GT(pace.expected_wait(1000, largest_group), 3 * before);
}

TEST(LanePace, ForgetsAStallThoughNoGroupIsSmallAnyMore) {
  LanePace pace;
  pace.note(1, 5s);
  for (int i = 0; i < 100; ++i) pace.note(200, 10ms);
  EXPECT_LT(pace.expected_wait(200, largest_group), 30ms);
}

TEST(LanePace, AHandfulOfClientsIsNoOverload) {
  LanePace pace;
  for (int i = 0; i < 50; ++i) pace.note(32, 10s);
  EXPECT_EQ(pace.expected_wait(63, largest_group), 0ns);
  EXPECT_GT(pace.expected_wait(64, largest_group), 1s);
}

}  // namespace
}  // namespace plenoptic::services
