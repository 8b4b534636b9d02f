#include "index/text_store.h"

#include <algorithm>

namespace plenoptic::index {
namespace {

constexpr std::size_t fewest_holes = 64 << 10;

}  // namespace

std::string_view TextStore::get(Ordinal ordinal) const {
  if (ordinal >= places_.size()) return {};
  const Place& place = places_[ordinal];
  return std::string_view(bytes_).substr(place.offset(), place.size);
}

void TextStore::set(Ordinal ordinal, std::string_view text) {
  if (ordinal >= places_.size()) places_.resize(ordinal + 1);
  holes_ += places_[ordinal].size;
  const std::size_t offset = bytes_.size();
  bytes_ += text;
  places_[ordinal] = {static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(offset >> 32)};
  if (holes_ > fewest_holes && holes_ > bytes_.size() / 2) squeeze();
}

void TextStore::archive(Archive& archive) {
  archive(bytes_, places_, holes_);
  archive.require(holes_ <= bytes_.size());
  if (archive.is_restoring())
    archive.require(
        std::all_of(places_.begin(), places_.end(), [&](const Place& place) { return place.offset() <= bytes_.size() && place.size <= bytes_.size() - place.offset(); }));
}

void TextStore::squeeze() {
  std::string packed;
  packed.reserve(bytes_.size() - holes_);
  for (Ordinal ordinal = 0; ordinal < places_.size(); ++ordinal) {
    const std::string_view text = get(ordinal);
    const std::size_t offset = packed.size();
    packed += text;
    places_[ordinal] = {static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(offset >> 32)};
  }
  bytes_ = std::move(packed);
  holes_ = 0;
}

}  // namespace plenoptic::index
