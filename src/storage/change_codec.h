// The body of a stored log entry: changed fields and link changes, compactly.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/record.h"

namespace plenoptic::storage {

/// For a created record the values are left out: the record has them.
std::string encode_change_body(const model::Change& change);
/// Fills in `before`, `after` and `links`. Throws std::runtime_error on corruption.
void decode_change_body(std::string_view body, model::Change& change);
/// The link changes alone. Throws like it.
std::vector<model::LinkChange> decode_link_changes(std::string_view body);

}  // namespace plenoptic::storage
