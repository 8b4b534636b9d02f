#include "api/query_string.h"

#include <gtest/gtest.h>

#include "api/rate_limiter.h"
#include "api/router.h"

namespace plenoptic::api {
namespace {

TEST(QueryString, TakesRawAndEncodedForms) {
  const auto query = parse_query("$name[equal]=Acme+Corp&%24a%5Bb%5D=%C3%A4&flag&&x=1=2");
  ASSERT_TRUE(query);
  ASSERT_EQ(query->size(), 4U);
  EXPECT_EQ((*query)[0].key, "$name[equal]");
  EXPECT_EQ((*query)[0].value, "Acme Corp");
  EXPECT_EQ((*query)[1].key, "$a[b]");
  EXPECT_EQ((*query)[1].value, "ä");
  EXPECT_EQ((*query)[3].value, "1=2");
}

TEST(QueryString, RefusesWhatIsNoText) {
  for (const char* text : {"a=%", "a=%4", "a=%zz", "a=%00", "a=%ff", "a=%c0%80", "a=%ed%a0%80", "a=%f5%80%80%80", "a=%e2%82", "%=a"}) EXPECT_FALSE(parse_query(text)) << text;
  EXPECT_EQ(percent_decode("a+b%20c"), "a+b c");
}

TEST(Router, LiteralsWinOverParameters) {
  const Router router(operations());
  EXPECT_EQ(router.match("GET", "/v1/accounts/definitions").operation->id, "account.definitions");
  const auto match = router.match("POST", "/v1/opportunities/opp_%31");
  EXPECT_EQ(match.operation->id, "opportunity.update");
  EXPECT_EQ(match.parameters.front().second, "opp_1");
  EXPECT_EQ(router.match("PUT", "/v1/accounts").operation, nullptr);
  EXPECT_EQ(router.match("GET", "/v1/accounts/").operation, nullptr);
  EXPECT_TRUE(router.match("GET", "/v1/accounts/%zz").malformed);
}

TEST(RateLimiter, RefillsWithTime) {
  RateLimiter limiter(5);
  const model::WorkspaceId workspace{1};
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(limiter.take(workspace, RateCategory::read, 1000).allowed);
  const RateDecision refused = limiter.take(workspace, RateCategory::read, 1000);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after_s, 1);
  EXPECT_EQ(refused.reset_unix_s, 2);
  EXPECT_TRUE(limiter.take(workspace, RateCategory::write, 1000).allowed);
  EXPECT_TRUE(limiter.take({2}, RateCategory::read, 1000).allowed);
  EXPECT_TRUE(limiter.take(workspace, RateCategory::read, 1200).allowed);
  EXPECT_FALSE(limiter.take(workspace, RateCategory::read, 1200).allowed);
  EXPECT_TRUE(limiter.take(workspace, RateCategory::read, 500).remaining == 0);  // a clock that goes back gives nothing
}

}  // namespace
}  // namespace plenoptic::api
