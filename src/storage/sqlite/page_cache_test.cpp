#include "storage/sqlite/page_cache.h"

#include <cstring>
#include <map>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace plenoptic::storage::sqlite {
namespace {

using Create = PageCache::Create;

constexpr int page_bytes = 512, extra_bytes = 100;

struct Cache : PageCache {
  explicit Cache(std::size_t capacity, bool purgeable = true) : PageCache(page_bytes, extra_bytes, purgeable) { set_capacity(capacity); }

  /// Makes or finds a page, writes its number into it, and releases it.
  void put(std::uint32_t number) {
    sqlite3_pcache_page* page = fetch(number, Create::always);
    std::memcpy(page->pBuf, &number, sizeof number);
    release(page, false);
  }
  bool has(std::uint32_t number) {
    sqlite3_pcache_page* page = fetch(number, Create::never);
    if (page) release(page, false);
    return page != nullptr;
  }
};

std::uint32_t written(const sqlite3_pcache_page* page) {
  std::uint32_t number = 0;
  std::memcpy(&number, page->pBuf, sizeof number);
  return number;
}

TEST(PageCache, KeepsAPageWithItsContentAndWhatSqliteKeepsBesideIt) {
  Cache cache(10);
  EXPECT_EQ(cache.fetch(7, Create::never), nullptr);
  sqlite3_pcache_page* page = cache.fetch(7, Create::if_room);
  ASSERT_NE(page, nullptr);
  EXPECT_EQ(*static_cast<void**>(page->pExtra), nullptr) << "new";
  std::memset(page->pBuf, 'x', page_bytes);
  std::memset(page->pExtra, 'y', extra_bytes);
  cache.release(page, false);
  for (std::uint32_t number = 20; number < 28; ++number) cache.put(number);
  ASSERT_EQ(cache.fetch(7, Create::never), page);
  EXPECT_EQ(std::string(static_cast<char*>(page->pBuf), page_bytes), std::string(page_bytes, 'x'));
  EXPECT_EQ(std::string(static_cast<char*>(page->pExtra), extra_bytes), std::string(extra_bytes, 'y'));
  cache.release(page, true);
  EXPECT_FALSE(cache.has(7));
}

TEST(PageCache, ForgetsWhatIsNotUsedAgainAndNothingInUse) {
  Cache cache(10);
  sqlite3_pcache_page* held = cache.fetch(1, Create::always);
  for (std::uint32_t number = 2; number <= 10; ++number) cache.put(number);
  for (std::uint32_t number = 100; number < 200; ++number) {
    cache.put(number);
    if (number > 100) {
      EXPECT_TRUE(cache.has(101)) << "used again and again";
    }
    EXPECT_EQ(cache.size(), 10U);
  }
  EXPECT_FALSE(cache.has(5));
  EXPECT_EQ(cache.fetch(1, Create::never), held);
}

TEST(PageCache, RefusesToGrowWhereSqliteCanWriteDirtyPagesDownAndGrowsWhereItMust) {
  Cache cache(10);
  std::vector<sqlite3_pcache_page*> held;
  for (std::uint32_t number = 1; number <= 9; ++number) held.push_back(cache.fetch(number, Create::if_room));
  EXPECT_EQ(cache.fetch(10, Create::if_room), nullptr);
  for (std::uint32_t number = 10; number <= 30; ++number) held.push_back(cache.fetch(number, Create::always));
  EXPECT_EQ(cache.size(), 30U);
  for (sqlite3_pcache_page* page : held) cache.release(page, false);
  EXPECT_EQ(cache.size(), 10U) << "back to its capacity";

  Cache unbounded(10, false);
  for (std::uint32_t number = 1; number <= 100; ++number) unbounded.put(number);
  EXPECT_EQ(unbounded.size(), 100U) << "of a database that stands nowhere else, nothing is forgotten";
}

TEST(PageCache, TruncatesAndShrinks) {
  Cache cache(100);
  for (std::uint32_t number = 1; number <= 50; ++number) cache.put(number);
  cache.fetch(45, Create::never);
  // Two pages are swapped by a number that is far greater than any.
  sqlite3_pcache_page* page = cache.fetch(3, Create::never);
  cache.renumber(page, 3, 524'289);
  EXPECT_FALSE(cache.has(3));
  cache.renumber(page, 524'289, 4000);
  cache.renumber(page, 4000, 4);
  EXPECT_EQ(cache.size(), 49U) << "in place of the one that was there";
  cache.renumber(page, 4, 4000);
  cache.put(4);
  cache.release(page, false);
  EXPECT_EQ(written(cache.fetch(4000, Create::never)), 3U);
  cache.truncate(5000);
  EXPECT_EQ(cache.size(), 50U);
  cache.truncate(41);
  EXPECT_EQ(cache.size(), 39U);
  EXPECT_FALSE(cache.has(45)) << "in use or not";
  EXPECT_TRUE(cache.has(40));
  sqlite3_pcache_page* held = cache.fetch(10, Create::never);
  cache.shrink();
  EXPECT_EQ(cache.size(), 1U);
  EXPECT_EQ(cache.fetch(10, Create::never), held);
  cache.put(41);
  EXPECT_TRUE(cache.has(41));
}

TEST(PageCache, AgreesWithAMapWhateverIsDone) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    Cache cache(40);
    std::map<std::uint32_t, sqlite3_pcache_page*> held;
    std::set<std::uint32_t> made;
    for (int step = 0; step < 5000; ++step) {
      const auto number = static_cast<std::uint32_t>(1 + random() % 200);
      const unsigned what = random() % 100;
      if (what < 60) {
        const bool there = made.contains(number) && cache.has(number);
        sqlite3_pcache_page* page = cache.fetch(number, held.size() < 30 ? Create::if_room : Create::never);
        if (!page) continue;
        if (there) {
          EXPECT_EQ(written(page), number);
        }
        std::memcpy(page->pBuf, &number, sizeof number);
        made.insert(number);
        if (held.contains(number)) {
          EXPECT_EQ(held[number], page);
        }
        held[number] = page;
      } else if (what < 95 && !held.empty()) {
        const auto one = std::next(held.begin(), static_cast<std::ptrdiff_t>(random() % held.size()));
        EXPECT_EQ(written(one->second), one->first) << "in use, it is left alone";
        cache.release(one->second, random() % 10 == 0);
        held.erase(one);
      } else if (what < 98 && !held.empty()) {
        const auto one = *held.begin();
        const auto after = static_cast<std::uint32_t>(1000 + step);
        cache.renumber(one.second, one.first, after);
        std::memcpy(one.second->pBuf, &after, sizeof after);
        held.erase(one.first);
        held[after] = one.second;
      } else {
        cache.truncate(number + 100);
        held.erase(held.lower_bound(number + 100), held.end());
        made.erase(made.lower_bound(number + 100), made.end());
      }
      EXPECT_LE(cache.size(), 40U);
    }
    for (const auto& [number, page] : held) EXPECT_EQ(cache.fetch(number, Create::never), page);
  }
}

}  // namespace
}  // namespace plenoptic::storage::sqlite
