// The OpenAPI document, generated from the operations table and the definitions.
#pragma once

#include <string>
#include <string_view>

#include "model/definitions.h"

namespace plenoptic::api {

/// `schema`: a workspace's own definitions, or fresh_schema() for who shows no key.
std::string openapi_document(std::string_view public_url, std::string_view version, const model::Schema& schema);

}  // namespace plenoptic::api
