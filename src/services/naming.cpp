#include "services/naming.h"

#include <algorithm>

#include "base/utf8.h"
#include "model/errors.h"
#include "model/value_types/parsing.h"

namespace plenoptic::services {

std::string checked_name(std::string_view sent, std::string_view param) {
  constexpr std::size_t longest = 200;
  const std::string_view name = model::value_types::trimmed(sent);
  if (!name.empty() && base::utf8_length(name) <= longest) return std::string(name);
  throw model::errors::admin_invalid("'" + std::string(param) + "' must be 1 to 200 characters, not only white space.", std::string(param));
}

std::optional<std::string> checked_description(const std::optional<std::string>& sent) {
  constexpr std::size_t longest = 1000;
  if (sent && base::utf8_length(*sent) > longest) throw model::errors::admin_invalid("'description' must be at most 1,000 characters.", "description");
  return sent;
}

std::string checked_currency(std::string_view sent, std::string_view param) {
  std::string code(sent);
  for (char& c : code)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  if (code.size() == 3 && std::all_of(code.begin(), code.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) return code;
  throw model::errors::admin_invalid("'" + std::string(param) + "' must be an ISO 4217 code of three letters, like EUR.", std::string(param));
}

}  // namespace plenoptic::services
