// The bytes of the index's structures, for snapshots. A class names its members once, in `archive(Archive&)`, which serves both
// ways: saving and restoring. Plain values and arrays of them go as one block in this machine's own form; bitmaps in CRoaring's.
// Restoring trusts no size: what does not fit the bytes that are left is refused before anything is made.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <vector>

#include "index/bitmap.h"

namespace plenoptic::index {

/// A snapshot that cannot be used, and why. The index is built from storage instead.
class SnapshotRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

template <typename T>
concept Plain = std::is_trivially_copyable_v<T> && !std::is_pointer_v<T>;

class Archive {
 public:
  /// Appends to `to`. What is saved is only read.
  static Archive saving(std::string& to) { return Archive(&to, nullptr, {}); }
  /// Adds how many bytes saving would append.
  static Archive measuring(std::size_t& bytes) { return Archive(nullptr, &bytes, {}); }
  static Archive restoring(std::string_view from) { return Archive(nullptr, nullptr, from); }
  bool is_restoring() const { return !to_ && !measured_; }

  template <typename... Parts>
  void operator()(Parts&... parts) {
    (item(parts), ...);
  }
  /// Throws SnapshotRefused where it is not so: bytes that no saving made.
  void require(bool sound) const {
    if (!sound) refuse();
  }
  /// Everything was restored.
  void require_end() const { require(from_.empty()); }

 private:
  Archive(std::string* to, std::size_t* measured, std::string_view from) : to_(to), measured_(measured), from_(from) {}

  template <Plain T>
  void item(T& value) {
    block(&value, sizeof value);
  }
  template <Plain T>
  void item(std::vector<T>& values) {
    resize(values, sizeof(T));
    block(values.data(), values.size() * sizeof(T));
  }
  template <typename T>
  void item(std::vector<T>& values) {
    resize(values, sizeof(std::uint64_t));  // each has a size of its own, at least
    for (T& value : values) item(value);
  }
  void item(std::string& text) {
    resize(text, 1);
    block(text.data(), text.size());
  }
  template <Plain Key, typename T>
  void item(std::unordered_map<Key, T>& map) {
    std::uint64_t count = map.size();
    item(count);
    if (!is_restoring()) {
      for (auto& [key, value] : map) {
        block(&key, sizeof key);
        item(value);
      }
      return;
    }
    require(count <= from_.size() / (sizeof(Key) + sizeof(std::uint64_t)));
    map.reserve(count);
    for (std::uint64_t i = 0; i < count; ++i) {
      Key key{};
      item(key);
      item(map[key]);
    }
  }
  void item(Bitmap& bitmap);
  template <typename T>
    requires requires(T& value, Archive& archive) { value.archive(archive); }
  void item(T& value) {
    value.archive(*this);
  }

  template <typename Sequence>
  void resize(Sequence& sequence, std::size_t least_bytes_each) {
    std::uint64_t count = sequence.size();
    item(count);
    if (!is_restoring()) return;
    require(count <= from_.size() / least_bytes_each);
    sequence.resize(count);
  }
  /// The next bytes, saved from or restored to `content`.
  template <typename T>
  void block(T* content, std::size_t bytes) {
    if (bytes == 0) return;
    if (measured_) {
      *measured_ += bytes;
    } else if (to_) {
      to_->append(reinterpret_cast<const char*>(content), bytes);
    } else if constexpr (!std::is_const_v<T>) {
      const std::string_view taken = take(bytes);
      std::memcpy(content, taken.data(), taken.size());
    }
  }
  std::string_view take(std::size_t bytes) {
    require(bytes <= from_.size());
    const std::string_view taken = from_.substr(0, bytes);
    from_.remove_prefix(bytes);
    return taken;
  }
  [[noreturn]] static void refuse();

  // One of the three is what it works on.
  std::string* to_;
  std::size_t* measured_;
  std::string_view from_;
};

}  // namespace plenoptic::index
