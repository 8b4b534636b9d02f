#include "storage/sqlite/held_links.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

namespace plenoptic::storage::sqlite {
namespace {

using model::RecordId;
using model::Side;

constexpr std::size_t type_bytes = 4, head_bytes = type_bytes + 2;
static_assert(HeldLinks::most <= 0xff, "a set's count is one byte");

void put_head(std::string& out, HeldLinks::Set set, std::size_t count) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(set.type >> shift);
  out += static_cast<char>(set.side);
  out += static_cast<char>(count);
}

void require(bool sound) {
  if (!sound) throw std::runtime_error("the links in a record's row do not decode");
}

/// Takes a head away from `bytes`: the set and how many it has.
std::pair<HeldLinks::Set, std::size_t> take_head(std::string_view& bytes) {
  require(bytes.size() >= head_bytes);
  HeldLinks::Set set;
  for (const char part : bytes.substr(0, type_bytes)) set.type = set.type << 8 | static_cast<unsigned char>(part);
  const auto side = static_cast<unsigned char>(bytes[type_bytes]);
  require(side <= static_cast<unsigned char>(Side::destination));
  set.side = static_cast<Side>(side);
  const std::size_t count = static_cast<unsigned char>(bytes[type_bytes + 1]);
  bytes.remove_prefix(head_bytes);
  return {set, count};
}

}  // namespace

std::span<const HeldLink> HeldLinks::of(Set set) const {
  const auto [begin, end] =
      std::equal_range(links_.begin(), links_.end(), HeldLink{set.type, set.side, {}}, [](const HeldLink& a, const HeldLink& b) { return set_of(a) < set_of(b); });
  return {begin, end};
}

bool HeldLinks::are_in_pieces(Set set) const { return std::binary_search(in_pieces_.begin(), in_pieces_.end(), set); }

bool HeldLinks::change(const HeldLink& link, bool added) {
  const auto place = std::lower_bound(links_.begin(), links_.end(), link);
  const bool is_there = place != links_.end() && *place == link;
  if (is_there == added) return false;
  if (added)
    links_.insert(place, link);
  else
    links_.erase(place);
  return true;
}

void HeldLinks::mark_in_pieces(Set set) { in_pieces_.insert(std::upper_bound(in_pieces_.begin(), in_pieces_.end(), set), set); }

std::vector<HeldLink> HeldLinks::move_largest_out() {
  std::span<const HeldLink> largest;
  for (auto link = links_.cbegin(); link != links_.cend();) {
    const std::span<const HeldLink> set = of(set_of(*link));
    if (set.size() > largest.size()) largest = set;
    link += static_cast<std::ptrdiff_t>(set.size());
  }
  std::vector<HeldLink> moved(largest.begin(), largest.end());
  const auto begin = links_.begin() + (largest.data() - links_.data());
  links_.erase(begin, begin + static_cast<std::ptrdiff_t>(moved.size()));
  mark_in_pieces(set_of(moved.front()));
  return moved;
}

void HeldLinks::forget(Side side) {
  std::erase_if(links_, [side](const HeldLink& link) { return link.side == side; });
  std::erase_if(in_pieces_, [side](Set set) { return set.side == side; });
}

void HeldLinks::clear() {
  links_.clear();
  in_pieces_.clear();
}

std::string HeldLinks::encode() const {
  std::string out;
  out.reserve(links_.size() * (head_bytes + RecordId::byte_count) + in_pieces_.size() * head_bytes);
  auto outside = in_pieces_.begin();
  const auto put_outside_before = [&](const Set* next) {
    for (; outside != in_pieces_.end() && (!next || *outside < *next); ++outside) put_head(out, *outside, 0);
  };
  for (auto link = links_.begin(); link != links_.end();) {
    const Set set = set_of(*link);
    put_outside_before(&set);
    const std::span<const HeldLink> links = of(set);
    put_head(out, set, links.size());
    for (const HeldLink& held : links) {
      const auto id = held.other.bytes();
      out.append(id.data(), id.size());
    }
    link += static_cast<std::ptrdiff_t>(links.size());
  }
  put_outside_before(nullptr);
  return out;
}

void HeldLinks::decode(std::string_view bytes) {
  clear();
  std::optional<Set> before;
  while (!bytes.empty()) {
    const auto [set, count] = take_head(bytes);
    require(!before || *before < set);
    before = set;
    if (count == 0) in_pieces_.push_back(set);
    require(bytes.size() >= count * RecordId::byte_count);
    for (std::size_t i = 0; i < count; ++i, bytes.remove_prefix(RecordId::byte_count)) {
      const HeldLink link{set.type, set.side, RecordId::from_bytes(bytes.substr(0, RecordId::byte_count))};
      require(i == 0 || links_.back() < link);
      links_.push_back(link);
    }
  }
}

}  // namespace plenoptic::storage::sqlite
