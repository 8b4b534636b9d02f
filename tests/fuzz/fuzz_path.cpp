// Paths, ids and times.
#include <cstdint>
#include <cstdlib>

#include "api/router.h"
#include "base/clock.h"
#include "base/id.h"

using namespace plenoptic;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  static const api::Router router(api::operations());
  for (const char* method : {"GET", "POST", "DELETE"}) router.match(method, text);
  if (const auto id = base::Cuid::parse(text); id && id->text() != text) std::abort();
  if (const auto time = base::parse_timestamp(text)) {
    const auto again = base::parse_timestamp(base::format_timestamp(*time));
    if (!again || *again != *time) std::abort();
  }
  return 0;
}
