#include "storage/sqlite/page_cache.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace plenoptic::storage::sqlite {
namespace {

constexpr std::size_t cache_line_bytes = 64;

std::size_t aligned(std::size_t bytes) { return (bytes + 15) / 16 * 16; }

/// So that what follows cannot fail halfway.
template <typename Value>
void make_room(std::vector<Value>& values, std::size_t size) {
  if (values.capacity() < size) values.reserve(2 * size);
}

PageCache& cache_of(sqlite3_pcache* cache) { return *reinterpret_cast<PageCache*>(cache); }

sqlite3_pcache_page* fetch_page(sqlite3_pcache* cache, unsigned number, int create) {
  try {
    return cache_of(cache).fetch(number, static_cast<PageCache::Create>(create));
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

sqlite3_pcache* create_cache(int page_bytes, int extra_bytes, int purgeable) {
  return reinterpret_cast<sqlite3_pcache*>(new (std::nothrow) PageCache(page_bytes, extra_bytes, purgeable != 0));
}

constexpr sqlite3_pcache_methods2 page_cache_methods{
    .iVersion = 1,
    .pArg = nullptr,
    .xInit = [](void*) { return SQLITE_OK; },
    .xShutdown = nullptr,
    .xCreate = create_cache,
    .xCachesize = [](sqlite3_pcache* cache, int pages) { cache_of(cache).set_capacity(static_cast<std::size_t>(std::max(pages, 0))); },
    .xPagecount = [](sqlite3_pcache* cache) { return static_cast<int>(cache_of(cache).size()); },
    .xFetch = fetch_page,
    .xUnpin = [](sqlite3_pcache* cache, sqlite3_pcache_page* page, int discard) { cache_of(cache).release(page, discard != 0); },
    .xRekey = [](sqlite3_pcache* cache, sqlite3_pcache_page* page, unsigned before, unsigned after) { cache_of(cache).renumber(page, before, after); },
    .xTruncate = [](sqlite3_pcache* cache, unsigned first) { cache_of(cache).truncate(first); },
    .xDestroy = [](sqlite3_pcache* cache) { delete &cache_of(cache); },
    .xShrink = [](sqlite3_pcache* cache) { cache_of(cache).shrink(); },
};

}  // namespace

bool use_page_cache() { return sqlite3_config(SQLITE_CONFIG_PCACHE2, &page_cache_methods) == SQLITE_OK; }

PageCache::PageCache(int page_bytes, int extra_bytes, bool purgeable)
    : page_bytes_(aligned(static_cast<std::size_t>(page_bytes))),
      frame_bytes_(page_bytes_ + aligned(sizeof(Frame)) + aligned(static_cast<std::size_t>(extra_bytes))),
      purgeable_(purgeable) {}

/// SQLite's search of a page waits for one cache line after another. Its header and what SQLite keeps beside it lie in one piece. Where that
/// begins is reckoned, not read from the header, which may be as far away as the rest.
void PageCache::ask_for_all_of(FrameNumber number) const {
  const char* const begin = content(number);
  for (std::size_t at = 0; at < frame_bytes_; at += cache_line_bytes) __builtin_prefetch(begin + at);
}

sqlite3_pcache_page* PageCache::fetch(std::uint32_t number, Create create) {
  if (const auto found = frame_of_.find(number); found != frame_of_.end()) {
    ask_for_all_of(found->second);
    return use(found->second);
  }
  if (create == Create::never) return nullptr;
  // SQLite writes dirty pages down and asks again.
  if (create == Create::if_room && purgeable_ && in_use_ >= capacity_ * 9 / 10) return nullptr;
  return make(number);
}

sqlite3_pcache_page* PageCache::use(FrameNumber number) {
  if (states_[number] != in_use) ++in_use_;
  states_[number] = in_use;
  return &frame(number).page;
}

sqlite3_pcache_page* PageCache::make(std::uint32_t page_number) {
  if (purgeable_ && size() >= capacity_) forget_another();
  if (unused_.empty()) add_frames();
  const FrameNumber number = unused_.back();
  frame_of_.emplace(page_number, number);
  unused_.pop_back();
  page_numbers_[number] = page_number;
  greatest_ = std::max(greatest_, page_number);
  std::memset(frame(number).page.pExtra, 0, sizeof(void*));
  return use(number);
}

void PageCache::forget_another() {
  if (in_use_ == size()) return;
  for (;;) {
    const auto number = static_cast<FrameNumber>(hand_++ % states_.size());
    if (states_[number] == kept) return forget(number);
    if (states_[number] == touched) states_[number] = kept;
  }
}

void PageCache::add_frames() {
  const std::size_t before = states_.size(), after = before + frames_in_slab;
  auto slab = std::make_unique_for_overwrite<char[]>(frames_in_slab * frame_bytes_);
  make_room(slabs_, slabs_.size() + 1);
  make_room(page_numbers_, after);
  make_room(states_, after);
  make_room(unused_, after);
  page_numbers_.resize(after);
  states_.resize(after, unused);
  for (std::size_t number = before; number < after; ++number) {
    char* const content = slab.get() + (number - before) * frame_bytes_;
    new (content + page_bytes_) Frame{.page = {.pBuf = content, .pExtra = content + page_bytes_ + aligned(sizeof(Frame))}, .number = static_cast<FrameNumber>(number)};
    unused_.push_back(static_cast<FrameNumber>(number));
  }
  slabs_.push_back(std::move(slab));
}

void PageCache::release(sqlite3_pcache_page* page, bool is_forgotten) {
  const FrameNumber number = number_of(page);
  // More than there is room for: what SQLite needed at once.
  if (is_forgotten || (purgeable_ && size() > capacity_)) return forget(number);
  --in_use_;
  states_[number] = touched;
}

void PageCache::forget(FrameNumber number) {
  if (states_[number] == in_use) --in_use_;
  frame_of_.erase(page_numbers_[number]);
  states_[number] = unused;
  page_numbers_[number] = 0;
  unused_.push_back(number);  // there is room for all
}

void PageCache::renumber(sqlite3_pcache_page* page, std::uint32_t before, std::uint32_t after) noexcept {
  const FrameNumber number = number_of(page);
  if (const auto other = frame_of_.find(after); other != frame_of_.end()) forget(other->second);
  frame_of_.erase(before);
  frame_of_.emplace(after, number);
  page_numbers_[number] = after;
  greatest_ = std::max(greatest_, after);
}

void PageCache::truncate(std::uint32_t first) {
  if (first > greatest_) return;
  greatest_ = first == 0 ? 0 : first - 1;
  // Asked at the end of nearly every commit, and then there is nothing: counted many at a time.
  const auto is_gone = [first](std::uint32_t page_number) { return page_number >= first; };
  if (first > 0 && std::count_if(page_numbers_.begin(), page_numbers_.end(), is_gone) == 0) return;
  for (std::size_t at = 0; at < page_numbers_.size(); ++at)
    if (states_[at] != unused && is_gone(page_numbers_[at])) forget(static_cast<FrameNumber>(at));
}

void PageCache::shrink() {
  for (std::size_t at = 0; at < states_.size(); ++at)
    if (states_[at] == kept || states_[at] == touched) forget(static_cast<FrameNumber>(at));
}

}  // namespace plenoptic::storage::sqlite
