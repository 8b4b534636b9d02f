#include "index/archive.h"

namespace plenoptic::index {

void Archive::item(Bitmap& bitmap) {
  std::uint64_t size = is_restoring() ? 0 : bitmap.getSizeInBytes();
  item(size);
  if (measured_) {
    *measured_ += size;
    return;
  }
  if (to_) {
    const std::size_t begin = to_->size();
    to_->resize(begin + size);
    bitmap.write(to_->data() + begin);
    return;
  }
  const std::string_view bytes = take(size);
  try {
    bitmap = Bitmap::readSafe(bytes.data(), bytes.size());
  } catch (const std::runtime_error&) {
    refuse();
  }
  require(bitmap.getSizeInBytes() == size);
}

void Archive::refuse() { throw SnapshotRefused("it holds what no snapshot does"); }

}  // namespace plenoptic::index
