// Percent-decoding of paths and query strings. Raw `$`, `[` and `]` are taken as they are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/filter.h"

namespace plenoptic::api {

/// Nothing where an escape is malformed, or the result is not UTF-8 or holds a NUL. `+` stays `+`.
std::optional<std::string> percent_decode(std::string_view text);

inline constexpr std::size_t most_parameters = 1000;
/// Parts of a query between its `&`, before any is read.
std::size_t count_parameters(std::string_view query);

/// `a=1&b=2`, `+` for space; nothing where a part does not decode.
std::optional<std::vector<model::QueryParameter>> parse_query(std::string_view query);

}  // namespace plenoptic::api
