#include "storage/sqlite/held_links.h"

#include <stdexcept>

namespace plenoptic::storage::sqlite {
namespace {

constexpr std::size_t type_bytes = 4, id_bytes = model::RecordId::byte_count;

}  // namespace

std::string encode_held_links(const HeldLinks& links) {
  std::string out;
  out.reserve(links.size() * (type_bytes + id_bytes));
  for (const HeldLink& link : links) {
    for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(link.type >> shift);
    const auto id = link.destination.bytes();
    out.append(id.data(), id.size());
  }
  return out;
}

void decode_held_links(std::string_view bytes, HeldLinks& links) {
  const auto require = [](bool sound) {
    if (!sound) throw std::runtime_error("the links in a record's row do not decode");
  };
  require(bytes.size() % (type_bytes + id_bytes) == 0);
  links.clear();
  links.reserve(bytes.size() / (type_bytes + id_bytes));
  for (; !bytes.empty(); bytes.remove_prefix(type_bytes + id_bytes)) {
    model::LinkTypeNumber type = 0;
    for (const char part : bytes.substr(0, type_bytes)) type = type << 8 | static_cast<unsigned char>(part);
    const HeldLink link{type, model::RecordId::from_bytes(bytes.substr(type_bytes, id_bytes))};
    require(links.empty() || links.back() < link);
    links.push_back(link);
  }
}

}  // namespace plenoptic::storage::sqlite
