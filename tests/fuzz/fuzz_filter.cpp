// Queries: decoding and filters of accounts, with custom fields of every type.
#include <cstdint>
#include <cstdlib>

#include "api/query_string.h"
#include "model/system_schema.h"
#include "model/value_types.h"

using namespace plenoptic;

namespace {

model::Schema make_schema() {
  int count = 0;
  auto system = model::system_schema("USD", [&](std::string_view prefix) { return std::string(prefix) + std::to_string(++count); });
  auto& account = system.object_types.front();
  for (const auto& row : model::value_type_rows()) {
    auto& field = account.fields.emplace_back();
    field.number = 1000 + static_cast<model::FieldNumber>(row.type);
    field.key = "c" + std::to_string(static_cast<int>(row.type));
    field.type = row.type;
    field.handle_service = model::HandleService::linkedin;
  }
  return {1, std::move(system.object_types), std::move(system.link_types)};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const model::Schema schema = make_schema();
  const auto query = api::parse_query({reinterpret_cast<const char*>(data), size});
  if (!query) return 0;
  for (model::TypeNumber type : {model::types::account, model::types::contact, model::types::task}) {
    const auto filter = model::parse_filter(schema, schema.type(type), *query);
    if (!filter && (filter.error().problem.message.empty() || filter.error().problem.code.empty())) std::abort();
  }
  return 0;
}
