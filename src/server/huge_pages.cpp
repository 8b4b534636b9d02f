#include "server/huge_pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <string>

#include <jemalloc/jemalloc.h>

// The sanitizers' builds have an allocator of their own, and not these.
extern "C" {
int mallctl(const char* name, void* old_value, size_t* old_size, void* new_value, size_t new_size) JEMALLOC_NOTHROW __attribute__((weak));
void* mallocx(size_t bytes, int flags) JEMALLOC_NOTHROW __attribute__((weak));
void dallocx(void* memory, int flags) JEMALLOC_NOTHROW __attribute__((weak));
}

namespace plenoptic::server {
namespace {

// There may be four for each of the machine's processors, at 90 KiB; threads go to the first ones, an arena each, while there are any.
constexpr unsigned most_arenas = 16;

extent_hooks_t* original = nullptr;
extent_hooks_t with_huge_pages;
std::size_t plain_bytes = SIZE_MAX;
std::atomic<std::size_t> taken_bytes = 0;

template <typename Value>
bool read_setting(const char* name, Value& value) {
  size_t size = sizeof value;
  return mallctl(name, &value, &size, nullptr, 0) == 0;
}

/// An arena that is not there yet comes to be by it.
void hook(unsigned arena) {
  extent_hooks_t* hooks = &with_huge_pages;
  mallctl(("arena." + std::to_string(arena) + ".extent_hooks").c_str(), nullptr, nullptr, &hooks, sizeof hooks);
}

/// The arena of large pieces (a column's values) comes to be with the first of them, and takes no hooks before.
void make_arena_of_large_pieces() {
  size_t large = 0;
  if (!read_setting("opt.oversize_threshold", large) || large == 0) return;
  if (void* piece = mallocx(large, 0)) dallocx(piece, 0);
}

/// As jemalloc's own, which takes two MiB at a time and more the more it has. Nobody who allocates expects `errno` to change.
void* take(extent_hooks_t*, void* address, size_t bytes, size_t alignment, bool* is_zero, bool* is_committed, unsigned arena) {
  void* taken = original->alloc(original, address, bytes, alignment, is_zero, is_committed, arena);
  if (taken && taken_bytes.fetch_add(bytes, std::memory_order_relaxed) + bytes > plain_bytes) {
    const int before = errno;
    ::madvise(taken, bytes, MADV_HUGEPAGE);
    errno = before;
  }
  return taken;
}

}  // namespace

void use_huge_pages_past(std::size_t bytes) {
  unsigned arenas = 0;
  if (!mallctl || !read_setting("arenas.narenas", arenas) || !read_setting("arena.0.extent_hooks", original) || !original->alloc) return;
  make_arena_of_large_pieces();
  with_huge_pages = *original;
  with_huge_pages.alloc = take;
  for (unsigned arena = 0; arena + 1 < std::min(arenas, most_arenas + 1); ++arena) hook(arena);
  hook(arenas - 1);  // of large pieces
  taken_bytes = 0;   // what arenas are made of is in neither count
  plain_bytes = bytes;
}

}  // namespace plenoptic::server
