// Values: the first byte picks type and configuration, the rest is JSON. What is taken is written as JSON that is taken
// again and gives the same; it survives storage; its texts and forms can be made.
#include <cstdint>
#include <cstdlib>

#include "model/value_types.h"

using namespace plenoptic;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  model::FieldDefinition field;
  field.key = "key";
  field.type = static_cast<model::ValueType>(data[0] % 15);
  field.multiple = (data[0] & 0x80) != 0 && (field.type == model::ValueType::email || field.type == model::ValueType::url || field.type == model::ValueType::telephone);
  field.handle_service = static_cast<model::HandleService>((data[0] >> 4) % 4);
  for (std::uint32_t i = 1; i <= 3; ++i) {
    auto& option = field.options.emplace_back();
    option.number = {i};
    option.id = "opt_" + std::to_string(i);
    option.set_label("Label " + std::to_string(i));
  }
  const auto json = base::parse_json({reinterpret_cast<const char*>(data + 1), size - 1});
  if (!json) return 0;
  const auto value = model::parse_value(field, *json);
  if (!value) return value.error().message.empty() ? std::abort(), 0 : 0;
  std::string out;
  model::write_value(field, *value, out);
  const auto written = base::parse_json(out);
  if (!written) std::abort();
  const auto again = model::parse_value(field, *written);
  std::string out_again;
  if (!again) std::abort();
  model::write_value(field, *again, out_again);
  if (out != out_again) std::abort();
  model::FieldValues values;
  values.set(7, *value);
  if (model::decode_fields(model::encode_fields(values)) != values) std::abort();
  model::display_value(field, *value);
  model::comparison_texts(field, *value);
  model::unique_forms(field, *value);
  return 0;
}
