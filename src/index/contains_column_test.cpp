// What the sets behind `contains` take, and that they go again.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "index/column.h"

namespace plenoptic::index {
namespace {

using model::Value;

class ContainsColumnTest : public testing::Test {
 protected:
  static model::FieldDefinition urls() {
    model::FieldDefinition field;
    field.type = model::ValueType::url;
    return field;
  }
  bool finds(const std::string& text, Ordinal ordinal) const {
    model::FieldPredicate predicate{.field = &field, .op = model::FilterOperator::contains};
    predicate.text = text;
    return column->condition(predicate)->matches(ordinal);
  }

  const model::FieldDefinition field = urls();
  std::unique_ptr<Column> column = make_contains_column();
};

TEST_F(ContainsColumnTest, AChangedTextIsFoundByWhatItHasAndNoLongerByWhatItHad) {
  const Value before = std::vector<std::string>{"https://example.com/prices", "https://example.com/jobs"};
  const Value after = std::vector<std::string>{"https://example.com/prices", "https://example.org/people"};
  column->update(field, 3, {}, before);
  column->update(field, 3, before, after);
  for (const char* text : {"example.com/prices", "people", "exa", "org"}) EXPECT_TRUE(finds(text, 3)) << text;
  for (const char* text : {"jobs", "com/people", "xyz"}) EXPECT_FALSE(finds(text, 3)) << text;
  column->update(field, 3, after, {});
  for (const char* text : {"example", "https", "://"}) EXPECT_FALSE(finds(text, 3)) << text;
}

TEST_F(ContainsColumnTest, ATextThatWalksThroughAllTrigramsLeavesNothing) {
  Value value = std::vector<std::string>{"https://example.com"};
  column->update(field, 0, {}, value);
  const std::size_t bytes = column->memory_bytes();
  for (int round = 0; round < 200; ++round) {
    std::string text = "https://example.com/";
    for (int i = 0; i < 1000; ++i) {
      const int number = round * 1000 + i;
      for (const int part : {number % 64, number / 64 % 64, number / 4096}) text += static_cast<char>('0' + part);
    }
    Value next = std::vector<std::string>{text};
    column->update(field, 0, value, next);
    value = std::move(next);
  }
  column->update(field, 0, value, std::vector<std::string>{"https://example.com"});
  EXPECT_LT(column->memory_bytes(), bytes + (1U << 20)) << "two hundred thousand empty sets are ten times that";
}

}  // namespace
}  // namespace plenoptic::index
