#include "index/sorted_blocks.h"

#include <algorithm>
#include <functional>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace plenoptic::index {
namespace {

using Blocks = SortedBlocks<int>;

/// Tells what lies outside the range, on either side: whoever stands before it is not asked.
struct Range {
  int from, to;
  auto before() const {
    return [*this](int value) { return value < from; };
  }
  auto after() const {
    return [*this](int value) { return value < from || value > to; };
  }
};

std::vector<int> between(const Blocks& blocks, int from, int to) {
  std::vector<int> found;
  const Range range{from, to};
  blocks.scan(range.before(), range.after(), [&](int value) { found.push_back(value); });
  return found;
}

std::size_t count_between(const Blocks& blocks, int from, int to) {
  const Range range{from, to};
  return blocks.count(range.before(), range.after());
}

TEST(SortedBlocks, AgreesWithASetWhateverIsDone) {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    std::mt19937 random(seed);
    Blocks blocks(2 + random() % 9);
    std::set<int> set;
    for (int step = 0; step < 3000; ++step) {
      const int value = static_cast<int>(random() % 400);
      if (random() % 100 < (step / 1000 == 1 ? 30U : 60U)) {
        if (set.insert(value).second) blocks.insert(value, std::less());
      } else {
        EXPECT_EQ(blocks.erase(value, std::less()), set.erase(value) == 1);
      }
      const int from = static_cast<int>(random() % 420) - 10, to = from + static_cast<int>(random() % 60);
      const std::vector<int> expected(set.lower_bound(from), set.upper_bound(to));
      ASSERT_EQ(between(blocks, from, to), expected) << "seed " << seed << ", step " << step;
      ASSERT_EQ(count_between(blocks, from, to), expected.size());
      ASSERT_EQ(blocks.size(), set.size());
    }
    for (const int value : set) EXPECT_TRUE(blocks.erase(value, std::less()));
    EXPECT_EQ(blocks.size(), 0U);
    EXPECT_TRUE(between(blocks, -10, 500).empty());
  }
}

TEST(SortedBlocks, AFewEntriesTakeFewBytes) {
  Blocks blocks;
  blocks.insert(1, std::less());
  blocks.insert(2, std::less());
  EXPECT_LE(blocks.memory_bytes(), 128U);
}

TEST(SortedBlocks, ManyEntriesTakeNoMoreThanTheirBlocksHold) {
  constexpr int count = 100'000;
  std::vector<int> odd;
  Blocks blocks;
  for (int value = 0; value < count; value += 2) {
    blocks.append(value);
    odd.push_back(value + 1);
  }
  std::shuffle(odd.begin(), odd.end(), std::mt19937(7));
  const auto middle = odd.begin() + count / 4;
  std::for_each(odd.begin(), middle, [&](int value) { blocks.insert(value, std::less()); });
  std::string saved;
  Archive saving = Archive::saving(saved);
  blocks.archive(saving);
  Blocks restored;
  Archive restoring = Archive::restoring(saved);
  restored.archive(restoring);
  for (Blocks* each : {&blocks, &restored}) {
    std::for_each(middle, odd.end(), [&](int value) { each->insert(value, std::less()); });
    EXPECT_EQ(each->size(), static_cast<std::size_t>(count));
    EXPECT_LT(each->memory_bytes(), 2 * count * sizeof(int));
  }
}

TEST(SortedBlocks, WhatIsAlmostEmptyIsJoined) {
  constexpr int count = 100'000;
  Blocks blocks;
  for (int value = 0; value < count; ++value) blocks.append(value);
  for (int value = 0; value < count; ++value)
    if (value % 100 != 0) EXPECT_TRUE(blocks.erase(value, std::less()));
  std::vector<int> expected;
  for (int value = 0; value < count; value += 100) expected.push_back(value);
  EXPECT_EQ(between(blocks, 0, count), expected);
  EXPECT_LT(blocks.memory_bytes(), 64 * expected.size() * sizeof(int)) << "each block has room for 256, and would have two or three left";
}

TEST(SortedBlocks, WhatIsAppendedAndRestoredIsFoundAndChanged) {
  Blocks blocks(4);
  for (int value = 0; value < 100; value += 2) blocks.append(value);
  std::string saved;
  Archive saving = Archive::saving(saved);
  blocks.archive(saving);
  Blocks restored(4);
  restored.insert(7, std::less());
  Archive restoring = Archive::restoring(saved);
  restored.archive(restoring);
  EXPECT_EQ(between(restored, 30, 37), (std::vector{30, 32, 34, 36}));
  restored.insert(33, std::less());
  EXPECT_TRUE(restored.erase(0, std::less()));
  EXPECT_FALSE(restored.erase(7, std::less()));
  EXPECT_EQ(between(restored, -5, 34), (std::vector{2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32, 33, 34}));
  restored.clear();
  EXPECT_TRUE(between(restored, -5, 200).empty());
}

}  // namespace
}  // namespace plenoptic::index
