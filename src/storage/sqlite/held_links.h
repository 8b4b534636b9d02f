// Links that stand in a row of `records`. A link whose source has one is held by its source's row, not by a row of `links`: a write
// that gives a deal another account then changes one page for the deal, not two. The other end has its row in `links`.
#pragma once

#include <compare>
#include <string>
#include <string_view>
#include <vector>

#include "model/definitions.h"

namespace plenoptic::storage::sqlite {

struct HeldLink {
  model::LinkTypeNumber type = 0;
  model::RecordId destination;
  auto operator<=>(const HeldLink&) const = default;
};

/// Of one record, ascending. Few: one of each type, and those to trashed records that it had before.
using HeldLinks = std::vector<HeldLink>;

/// A cardinality never changes, so neither does where a type's links stand.
inline bool is_held(const model::LinkType& type) { return type.end(model::Side::source).cardinality == model::Cardinality::has_one; }

/// The column's form: for each, 4 bytes of type and 16 of id, big endian.
std::string encode_held_links(const HeldLinks& links);
/// Into `links`, whose memory is used again. Throws std::runtime_error where `bytes` is nothing that encode_held_links makes.
void decode_held_links(std::string_view bytes, HeldLinks& links);

}  // namespace plenoptic::storage::sqlite
