// What administration calls things: names and labels that people read, and currencies. Each is checked and returned in
// the form in which it is stored; what cannot be throws 400 naming `param`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace plenoptic::services {

/// Trimmed; 1 to 200 characters.
std::string checked_name(std::string_view sent, std::string_view param);
/// As it is; at most 1,000 characters.
std::optional<std::string> checked_description(const std::optional<std::string>& sent);
/// Three letters, as in ISO 4217; upper case.
std::string checked_currency(std::string_view sent, std::string_view param);

}  // namespace plenoptic::services
