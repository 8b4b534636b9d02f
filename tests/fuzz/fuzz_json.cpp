// JSON: what is read and written reads back the same; nothing crashes or swells.
#include <cstdint>
#include <cstdlib>

#include "base/json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace plenoptic::base;
  const auto json = parse_json({reinterpret_cast<const char*>(data), size});
  if (!json) return json.error().message.empty() ? std::abort(), 0 : 0;
  const auto again = parse_json(json->dump());
  if (!again || *again != *json) std::abort();
  return 0;
}
