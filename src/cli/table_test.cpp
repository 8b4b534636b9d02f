#include "cli/table.h"

#include <gtest/gtest.h>

#include "cli/command_table.h"

namespace plenoptic::cli {
namespace {

TEST(Table, AlignsColumns) {
  const auto rows = base::parse_json(R"([{"id":"a","fields":{"$email":{"value":"x@y.co"}},"scopes":[]},{"id":"longer","scopes":["r","w"]}])")->items();
  EXPECT_EQ(table(rows, {"id", "fields.$email.value", "scopes"}), "id      email   scopes\na       x@y.co  all\nlonger  -       r,w\n");
}

TEST(CommandTable, TeachesEveryCommand) {
  for (const CommandRow& row : command_table()) {
    EXPECT_TRUE(row.example.starts_with("plenoptic " + std::string(row.noun) + " " + std::string(row.verb))) << row.example;
    EXPECT_FALSE(row.help.empty());
    for (const OptionRow& option : row.options)
      if (option.required) {
        EXPECT_NE(row.example.find(option.flag), std::string_view::npos) << row.noun << " " << row.verb << " " << option.flag;
      }
  }
}

}  // namespace
}  // namespace plenoptic::cli
