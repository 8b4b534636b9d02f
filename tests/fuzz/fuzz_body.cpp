// Bodies of every operation: the first byte picks the row, the rest is the body. Only model::Error comes out.
#include <cstdint>
#include <cstdlib>

#include "api/body.h"
#include "model/errors.h"
#include "model/system_schema.h"
#include "services/records.h"

using namespace plenoptic;

namespace {

model::Schema make_schema() {
  int count = 0;
  auto system = model::system_schema("USD", [&](std::string_view prefix) { return std::string(prefix) + std::to_string(++count); });
  return {1, std::move(system.object_types), std::move(system.link_types)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const model::Schema schema = make_schema();
  if (size < 1) return 0;
  const auto rows = api::operations();
  const api::Operation& operation = rows[data[0] % rows.size()];
  try {
    const auto body =
        api::parse_body(operation, {.content_type = "application/json", .bytes = {reinterpret_cast<const char*>(data + 1), size - 1}, .too_large = false, .limit = 0});
    if (operation.type == 0 || !body.at("fields").is_object()) return 0;
    const auto mode = operation.id.ends_with(".create") ? services::WriteMode::create : services::WriteMode::update;
    services::parse_record_write(schema, schema.type(operation.type), body.at("fields"), body.at("relationships"), mode);
  } catch (const model::Error& error) {
    if (error.message.empty() || model::http_status(error.kind) >= 500) std::abort();
  }
  return 0;
}
