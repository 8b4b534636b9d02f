// SQLite's cache of database pages, in place of its own. That one walks through every page it holds at the end of a commit in
// which a tree was balanced (it mistakes the number that two pages are swapped by for the file's size, up to 1 GiB), and to
// find a page it goes through a chain of headers that stand anywhere in memory. Here numbers, states and the table stand
// close together. The contract: https://www.sqlite.org/c3ref/pcache_methods2.html
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <sqlite3.h>
#include <boost/unordered/unordered_flat_map.hpp>

namespace plenoptic::storage::sqlite {

/// The pages of one connection, used by one thread at a time.
class PageCache {
 public:
  enum class Create : std::uint8_t { never, if_room, always };

  /// Each page has its content and `extra_bytes` for SQLite beside it. Only a purgeable cache forgets pages by itself.
  PageCache(int page_bytes, int extra_bytes, bool purgeable);

  /// Past so many pages those are forgotten that are not in use.
  void set_capacity(std::size_t pages) { capacity_ = pages; }
  std::size_t size() const { return frame_of_.size(); }
  /// The page, from now on in use; a new one has its extra bytes begin with a null pointer. Null where there is none and
  /// none can be made.
  sqlite3_pcache_page* fetch(std::uint32_t number, Create create);
  /// No longer in use: may be forgotten, or is at once.
  void release(sqlite3_pcache_page* page, bool is_forgotten);
  /// A page that has the number is forgotten. SQLite cannot be told of a failure: out of memory ends the process.
  void renumber(sqlite3_pcache_page* page, std::uint32_t before, std::uint32_t after) noexcept;
  /// Forgets pages with this number or a greater one, in use or not.
  void truncate(std::uint32_t first);
  /// Forgets all that is not in use.
  void shrink();

 private:
  using FrameNumber = std::uint32_t;
  static constexpr std::size_t frames_in_slab = 16;
  struct Frame {
    sqlite3_pcache_page page;
    FrameNumber number;
  };
  enum State : std::uint8_t { unused, kept, touched, in_use };  // kept and touched: not in use, the latter since the hand came by

  char* content(FrameNumber number) const { return slabs_[number / frames_in_slab].get() + number % frames_in_slab * frame_bytes_; }
  Frame& frame(FrameNumber number) const { return *reinterpret_cast<Frame*>(content(number) + page_bytes_); }
  static FrameNumber number_of(sqlite3_pcache_page* page) { return reinterpret_cast<Frame*>(page)->number; }
  void ask_for_all_of(FrameNumber number) const;
  sqlite3_pcache_page* use(FrameNumber number);
  sqlite3_pcache_page* make(std::uint32_t page_number);
  /// One that is not in use, where there is one.
  void forget_another();
  void add_frames();
  void forget(FrameNumber number);

  const std::size_t page_bytes_;
  const std::size_t frame_bytes_;
  const bool purgeable_;
  std::size_t capacity_ = 0;
  std::size_t in_use_ = 0;
  std::uint32_t greatest_ = 0;  // at least the greatest page number here
  boost::unordered_flat_map<std::uint32_t, FrameNumber> frame_of_;
  std::vector<std::unique_ptr<char[]>> slabs_;
  std::vector<std::uint32_t> page_numbers_;  // by frame
  std::vector<State> states_;                // by frame
  std::vector<FrameNumber> unused_;
  std::size_t hand_ = 0;  // where the next page to forget is looked for
};

/// Makes SQLite use it; false where SQLite was used before.
bool use_page_cache();

}  // namespace plenoptic::storage::sqlite
