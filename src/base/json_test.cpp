#include "base/json.h"

#include <gtest/gtest.h>

namespace plenoptic::base {
namespace {

TEST(Json, KeepsNumbersAsTheyAreWritten) {
  for (const char* text : {"0.1", "9007199254740993", "1e400", "-0", "123456789012345678901234567890", "1.50"}) {
    const auto json = parse_json(text);
    ASSERT_TRUE(json) << text;
    EXPECT_EQ(json->number_text(), text);
  }
}

TEST(Json, WritesWhatItRead) {
  for (const char* text : {R"({"a":[1,true,null,"x\"\\\n"],"b":{}})", "[]", R"("\u0001é")"}) EXPECT_EQ(parse_json(text)->dump(), text);
}

TEST(Json, RefusesDuplicateKeysOfSmallAndLargeObjects) {
  std::string large = "{";
  for (int i = 0; i < 100; ++i) large += "\"k" + std::to_string(i) + "\":1,";
  for (const std::string& text : {std::string(R"({"a":1,"a":2})"), large + R"("k50":2})"}) {
    const auto json = parse_json(text);
    ASSERT_FALSE(json);
    EXPECT_NE(json.error().message.find("twice"), std::string::npos);
  }
}

TEST(Json, NamesLineAndColumn) {
  const auto json = parse_json("{\n  \"a\": ,\n}");
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().line, 2U);
  EXPECT_GE(json.error().column, 7U);
}

TEST(Json, HasLimits) {
  EXPECT_FALSE(parse_json(std::string(40, '[') + std::string(40, ']')));
  EXPECT_FALSE(parse_json("[1,2,3]", {.max_depth = 4, .max_values = 3}));
  for (const char* text : {"", "{", "[1,]", "{\"a\"}", "1 2", "nul", "\"\xff\"", "\"\\ud800\"", "01", "+1", "'a'"}) EXPECT_FALSE(parse_json(text)) << text;
}

TEST(Json, LooksUpAndBuilds) {
  Json json;
  json["a"]["b"] = 5;
  json["list"].push_back("x");
  EXPECT_EQ(json.dump(), R"({"a":{"b":5},"list":["x"]})");
  EXPECT_TRUE(json.at("none").at("deeper").is_null());
  EXPECT_EQ(Json(0.1).dump(), "0.1");
}

}  // namespace
}  // namespace plenoptic::base
