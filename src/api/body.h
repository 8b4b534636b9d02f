// A request's body, checked in the order of the contract: media type, size, JSON, shape.
#pragma once

#include <string_view>

#include "api/operation.h"
#include "base/json.h"

namespace plenoptic::api {

struct RawBody {
  std::string_view content_type;
  std::string_view bytes;
  bool too_large = false;
  std::size_t limit = 0;
};

/// The JSON object of an operation's body; null where none was sent and none is needed. Throws 415, 413 and 400.
base::Json parse_body(const Operation& operation, const RawBody& raw);

}  // namespace plenoptic::api
