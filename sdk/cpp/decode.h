// Answers' JSON into the types of types.h. Unknown members are passed over. Used by client.cpp only.
#pragma once

#include "plenoptic/sdk/types.h"

namespace plenoptic::sdk {

Record decode_record(const Json& json);
Page decode_page(const Json& json);
Definitions decode_definitions(const Json& json);
FieldHistory decode_history(const Json& json);
AuthValidation decode_validation(const Json& json);

}  // namespace plenoptic::sdk
