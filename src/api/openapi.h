// The OpenAPI document, generated from the operations table.
#pragma once

#include <string>
#include <string_view>

namespace plenoptic::api {

std::string openapi_document(std::string_view public_url, std::string_view version);

}  // namespace plenoptic::api
