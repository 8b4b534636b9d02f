// Every administration command as a row: a new admin operation is a row here.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace plenoptic::cli {

enum class Takes { text, list, yes, no, number, time };

struct OptionRow {
  std::string_view flag;  // `--scopes`
  std::string_view key;   // of the body: `scopes`
  Takes takes = Takes::text;
  bool required = false;
  std::string_view help;
};

struct CommandRow {
  std::string_view noun;        // `key`
  std::string_view verb;        // `create`
  std::string_view method;      // `POST`
  std::string_view path;        // below /admin/v1/workspaces/{workspace}; `{}` is the positional argument
  std::string_view positional;  // its name; empty: none
  std::vector<OptionRow> options;
  std::vector<std::string_view> columns;  // of the table that is printed
  std::string_view help;
  std::string_view example;
};

std::span<const CommandRow> command_table();

}  // namespace plenoptic::cli
