// Stored forms: damaged bytes give an error and nothing worse; what decodes encodes to what decodes the same.
#include <cstdint>
#include <cstdlib>
#include <stdexcept>

#include "storage/change_codec.h"
#include "storage/sqlite/held_links.h"

using namespace plenoptic;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    const auto values = model::decode_fields(bytes);
    if (model::decode_fields(model::encode_fields(values)) != values) std::abort();
  } catch (const std::runtime_error&) {
  }
  try {
    model::Change change;
    storage::decode_change_body(bytes, change);
  } catch (const std::runtime_error&) {
  }
  try {
    storage::sqlite::HeldLinks links;
    links.decode(bytes);
    if (links.encode() != bytes) std::abort();
  } catch (const std::runtime_error&) {
  }
  return 0;
}
