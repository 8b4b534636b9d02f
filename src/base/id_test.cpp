#include "base/id.h"

#include <set>

#include <gtest/gtest.h>

#include "base/clock.h"

namespace plenoptic::base {
namespace {

TEST(Cuid, ReadsWhatItWrites) {
  CuidGenerator ids;
  for (std::int64_t ms : {0LL, 1'700'000'000'000LL, 2'800'000'000'000LL}) {
    const Cuid id = CuidGenerator().next(ms);
    EXPECT_EQ(id.text().size(), 25U);
    EXPECT_EQ(Cuid::parse(id.text()), id);
    const auto bytes = id.bytes();
    EXPECT_EQ(Cuid::from_bytes({bytes.data(), bytes.size()}), id);
    EXPECT_EQ(id.milliseconds(), ms);
  }
}

TEST(Cuid, RefusesEverythingElse) {
  for (const char* text : {"", "c", "d00000000000000000000000a", "c0000000000000000000000", "c00000000000000000000000aa", "c0000000000000000000000-a", "C00000000000000000000000a"})
    EXPECT_FALSE(Cuid::parse(text)) << text;
}

TEST(CuidGenerator, OnlyGrowsEvenWhenTheClockGoesBack) {
  CuidGenerator ids;
  Cuid last;
  std::string last_text;
  for (std::int64_t ms : {1000LL, 1000LL, 1000LL, 999LL, 5LL, 1001LL, 2000LL}) {
    const Cuid id = ids.next(ms);
    EXPECT_LT(last, id);
    EXPECT_LT(last_text, id.text());  // texts sort as numbers do
    last = id;
    last_text = id.text();
  }
}

TEST(CuidGenerator, GoesOnAboveWhatItWasTold) {
  const Cuid known = CuidGenerator().next(5000);
  CuidGenerator ids;
  ids.observe(known);
  EXPECT_LT(known, ids.next(1000));
}

TEST(Randomness, IsLongAndDifferent) {
  EXPECT_EQ(random_token(32).size(), 43U);
  EXPECT_EQ(uuid_v4().size(), 36U);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(uuid_v4());
  EXPECT_EQ(seen.size(), 1000U);
}

TEST(Timestamps, AreStrict) {
  EXPECT_EQ(format_timestamp(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(format_timestamp(-1), "1969-12-31T23:59:59.999Z");
  const std::pair<const char*, const char*> taken[] = {{"2026-03-16T12:00:00+02:00", "2026-03-16T10:00:00.000Z"}, {"2024-02-29", "2024-02-29T00:00:00.000Z"},
                                                       {"2026-01-01T00:00:00.1234Z", "2026-01-01T00:00:00.123Z"}, {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000Z"},
                                                       {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z"},      {"9999-12-31T23:59:59.999Z", "9999-12-31T23:59:59.999Z"}};
  for (const auto& [text, back] : taken) {
    const auto time = parse_timestamp(text);
    ASSERT_TRUE(time) << text;
    EXPECT_EQ(format_timestamp(*time), back);
  }
  for (const char* text : {"", "2026", "2026-02-30", "2025-02-29", "2026-01-01T", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:61Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00Zx", "9999-12-31T23:59:59-01:00",
                           "9999-12-31T23:59:60Z", "9999-12-31T23:59:60+00:00", "2026-1-1"})
    EXPECT_FALSE(parse_timestamp(text)) << text;
}

}  // namespace
}  // namespace plenoptic::base
