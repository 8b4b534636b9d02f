#include "api/call.h"

#include <charconv>
#include <stdexcept>

namespace plenoptic::api {

const std::string& Call::path_parameter(std::string_view name) const {
  for (const auto& [known, value] : path_parameters)
    if (known == name) return value;
  throw std::logic_error("the path has no parameter " + std::string(name));
}

const std::string* Call::find_query(std::string_view name) const {
  const std::string* found = nullptr;
  for (const model::QueryParameter& parameter : query)
    if (parameter.key == name) found = &parameter.value;
  return found;
}

storage::Reader& Call::storage() {
  if (write) return write->storage;
  if (!snapshot_) snapshot_ = services.database.read();
  return *snapshot_;
}

std::optional<std::int64_t> query_integer(const Call& call, std::string_view name, std::int64_t fallback, std::int64_t least, std::int64_t most) {
  const std::string* text = call.find_query(name);
  if (!text || text->empty()) return fallback;
  std::int64_t value = 0;
  const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (failure != std::errc() || end != text->data() + text->size() || value < least || value > most) return std::nullopt;
  return value;
}

}  // namespace plenoptic::api
