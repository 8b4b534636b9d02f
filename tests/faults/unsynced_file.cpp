#include "faults/unsynced_file.h"

#include <algorithm>
#include <cstring>

namespace plenoptic::faults {
namespace {

std::int64_t real_size(sqlite3_file* real) {
  sqlite3_int64 size = 0;
  return real->pMethods->xFileSize(real, &size) == SQLITE_OK ? size : 0;
}

}  // namespace

UnsyncedFile::UnsyncedFile(sqlite3_file* real) : size_(real_size(real)), kept_(size_) {}

std::int64_t UnsyncedFile::read(sqlite3_file* real, char* out, std::int64_t amount, std::int64_t offset) const {
  std::memset(out, 0, static_cast<std::size_t>(amount));
  const std::int64_t below = std::min(amount, kept_ - offset);
  if (below > 0) real->pMethods->xRead(real, out, static_cast<int>(below), offset);
  for (auto sector = sectors_.lower_bound(offset / sector_bytes); sector != sectors_.end(); ++sector) {
    const std::int64_t begin = std::max(offset, sector->first * sector_bytes);
    const std::int64_t end = std::min(offset + amount, (sector->first + 1) * sector_bytes);
    if (begin >= end) break;
    std::memcpy(out + (begin - offset), sector->second.data() + (begin - sector->first * sector_bytes), static_cast<std::size_t>(end - begin));
  }
  return std::clamp<std::int64_t>(size_ - offset, 0, amount);
}

UnsyncedFile::Sector UnsyncedFile::current(sqlite3_file* real, std::int64_t number) const {
  if (const auto found = sectors_.find(number); found != sectors_.end()) return found->second;
  Sector sector{};
  const std::int64_t below = std::min(sector_bytes, kept_ - number * sector_bytes);
  if (below > 0) real->pMethods->xRead(real, sector.data(), static_cast<int>(below), number * sector_bytes);
  return sector;
}

void UnsyncedFile::write(sqlite3_file* real, const char* data, std::int64_t amount, std::int64_t offset) {
  for (std::int64_t done = 0; done < amount;) {
    const std::int64_t number = (offset + done) / sector_bytes, within = (offset + done) % sector_bytes;
    const std::int64_t part = std::min(amount - done, sector_bytes - within);
    Sector sector = current(real, number);
    std::memcpy(sector.data() + within, data + done, static_cast<std::size_t>(part));
    if (sectors_.insert_or_assign(number, sector).second) order_.push_back(number);
    done += part;
  }
  size_ = std::max(size_, offset + amount);
}

void UnsyncedFile::truncate(std::int64_t size) {
  size_ = size;
  kept_ = std::min(kept_, size);
  if (const auto cut = sectors_.find(size / sector_bytes); cut != sectors_.end()) std::fill(cut->second.begin() + size % sector_bytes, cut->second.end(), '\0');
  sectors_.erase(sectors_.lower_bound((size + sector_bytes - 1) / sector_bytes), sectors_.end());
  std::erase_if(order_, [this](std::int64_t number) { return !sectors_.contains(number); });
}

int UnsyncedFile::apply_sector(sqlite3_file* real, std::int64_t number) const {
  const std::int64_t begin = number * sector_bytes;
  return real->pMethods->xWrite(real, sectors_.at(number).data(), static_cast<int>(std::min(sector_bytes, size_ - begin)), begin);
}

int UnsyncedFile::apply_truncation(sqlite3_file* real) const { return kept_ < real_size(real) ? real->pMethods->xTruncate(real, kept_) : SQLITE_OK; }

int UnsyncedFile::apply_all(sqlite3_file* real) {
  int code = apply_truncation(real);
  for (const auto& [number, sector] : sectors_)
    if (code == SQLITE_OK) code = apply_sector(real, number);
  if (code == SQLITE_OK && real_size(real) < size_) code = real->pMethods->xTruncate(real, size_);
  if (code != SQLITE_OK) return code;
  sectors_.clear();
  order_.clear();
  kept_ = size_;
  return SQLITE_OK;
}

void UnsyncedFile::apply_some(sqlite3_file* real, Random& random) {
  enum { nothing, everything, oldest, any };
  const auto how = random() % 4;
  if (how == nothing) return;
  if (how == everything || random() % 2 == 0) apply_truncation(real);
  const std::size_t count = how == oldest && !order_.empty() ? random() % order_.size() : order_.size();
  const std::uint64_t chance = how == any ? random() % 101 : 100;
  for (std::size_t i = 0; i < count; ++i)
    if (random() % 100 < chance) apply_sector(real, order_[i]);
}

}  // namespace plenoptic::faults
