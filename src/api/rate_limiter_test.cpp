#include "api/rate_limiter.h"

#include <gtest/gtest.h>

namespace plenoptic::api {
namespace {

constexpr model::WorkspaceId workspace{1};

int allowed(RateLimiter& limiter, std::int64_t now_ms, int asked) {
  int count = 0;
  for (int i = 0; i < asked; ++i) count += limiter.take(workspace, RateCategory::read, now_ms).allowed ? 1 : 0;
  return count;
}

TEST(RateLimiter, FillsAtItsRateAndNoFurther) {
  RateLimiter limiter(25);
  EXPECT_EQ(allowed(limiter, 1'000'000, 40), 25);
  EXPECT_EQ(allowed(limiter, 1'000'200, 40), 5);
  EXPECT_EQ(allowed(limiter, 1'900'000, 40), 25);
  EXPECT_EQ(limiter.look(workspace, RateCategory::write, 1'900'000).remaining, 25);
}

TEST(RateLimiter, FillsAgainWhereTheClockWasSetBack) {
  RateLimiter limiter(25);
  EXPECT_EQ(allowed(limiter, 9'000'000, 40), 25);
  EXPECT_EQ(allowed(limiter, 1'000'000, 40), 0);
  EXPECT_EQ(allowed(limiter, 1'001'000, 40), 25);
}

}  // namespace
}  // namespace plenoptic::api
