#include "cli/table.h"

#include <algorithm>

#include "base/utf8.h"

namespace plenoptic::cli {
namespace {

using base::Json;

std::string shown(const Json& value) {
  if (value.is_string()) return base::printable(value.string());  // a name may hold what a terminal obeys
  if (value.is_null()) return "-";
  if (!value.is_array()) return value.dump();
  std::string out;
  for (const Json& item : value.items()) out += (out.empty() ? "" : ",") + shown(item);
  return out.empty() ? "all" : out;
}

std::string at(const Json& row, std::string_view path) {
  const Json* value = &row;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    value = &value->at(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return shown(*value);
}

std::string title(std::string_view path) {
  std::string text(path);
  if (text.ends_with(".value")) text.resize(text.size() - 6);
  if (text.starts_with("fields.$")) text.erase(0, 8);
  return text;
}

}  // namespace

std::string table(const std::vector<Json>& rows, const std::vector<std::string_view>& columns) {
  std::vector<std::vector<std::string>> cells(1);
  for (std::string_view column : columns) cells.front().push_back(title(column));
  for (const Json& row : rows) {
    auto& line = cells.emplace_back();
    for (std::string_view column : columns) line.push_back(at(row, column));
  }
  std::vector<std::size_t> widths(columns.size());
  for (const auto& line : cells)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], base::utf8_length(line[i]));
  std::string out;
  for (const auto& line : cells) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      out += line[i];
      if (i + 1 < line.size()) out.append(widths[i] - base::utf8_length(line[i]) + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

std::string properties(const Json& row, const std::vector<std::string_view>& columns) {
  std::string out;
  for (std::string_view column : columns) out += title(column) + ": " + at(row, column) + "\n";
  return out;
}

}  // namespace plenoptic::cli
