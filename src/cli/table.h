// Answers as people read them: aligned columns, or a name and value a line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace plenoptic::cli {

/// `columns` are paths like `fields.$email.value`; a column's title is its last telling part.
std::string table(const std::vector<base::Json>& rows, const std::vector<std::string_view>& columns);
std::string properties(const base::Json& row, const std::vector<std::string_view>& columns);

}  // namespace plenoptic::cli
