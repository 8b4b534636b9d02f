// What administration calls things: names and labels that people read, and currencies. Each is checked and returned in
// the form in which it is stored; what cannot be throws 400 naming `param`.
#pragma once

#include <string>
#include <string_view>

namespace plenoptic::services {

/// Trimmed; 1 to 200 characters.
std::string checked_name(std::string_view sent, std::string_view param);
/// Three letters, as in ISO 4217; upper case.
std::string checked_currency(std::string_view sent, std::string_view param);

}  // namespace plenoptic::services
