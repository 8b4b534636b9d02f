#include "index/text_store.h"

#include <algorithm>
#include <functional>

namespace plenoptic::index {
namespace {

constexpr std::size_t fewest_holes = 64 << 10;
constexpr std::size_t recent_size = 256;

}  // namespace

std::string_view TextStore::get(Ordinal ordinal) const {
  if (ordinal >= places_.size()) return {};
  const Place& place = places_[ordinal];
  return std::string_view(bytes_).substr(place.offset(), place.size);
}

TextStore::Place TextStore::place_for(std::string_view text) {
  recent_.resize(recent_size);
  Place& recent = recent_[std::hash<std::string_view>()(text) % recent_size];
  if (recent.size != text.size() || std::string_view(bytes_).substr(recent.offset(), recent.size) != text) {
    const std::size_t offset = bytes_.size();
    bytes_ += text;
    recent = {static_cast<std::uint32_t>(offset), static_cast<std::uint32_t>(text.size()), static_cast<std::uint32_t>(offset >> 32)};
  }
  return recent;
}

void TextStore::set(Ordinal ordinal, std::string_view text) {
  if (ordinal >= places_.size()) places_.resize(ordinal + 1);
  holes_ = std::min(holes_ + places_[ordinal].size, bytes_.size());
  places_[ordinal] = text.empty() ? Place() : place_for(text);
  if (holes_ > bytes_.size() / 2 && bytes_.size() > 2 * squeezed_ + places_.size() * sizeof(Place) + fewest_holes) squeeze();
}

void TextStore::archive(Archive& archive) {
  archive(bytes_, places_, holes_);
  archive.require(holes_ <= bytes_.size());
  if (!archive.is_restoring()) return;
  archive.require(std::all_of(places_.begin(), places_.end(), [&](const Place& place) { return place.offset() <= bytes_.size() && place.size <= bytes_.size() - place.offset(); }));
  recent_.clear();
  squeezed_ = bytes_.size() - holes_;
}

void TextStore::squeeze() {
  std::string old;
  old.swap(bytes_);
  bytes_.reserve(old.size() / 2);
  recent_.clear();
  for (Place& place : places_)
    if (place.size > 0) place = place_for(std::string_view(old).substr(place.offset(), place.size));
  holes_ = 0;
  squeezed_ = bytes_.size();
}

}  // namespace plenoptic::index
