#include "index/text_store.h"

#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace plenoptic::index {
namespace {

void restore(TextStore& store, TextStore& into) {
  std::string bytes;
  Archive saving = Archive::saving(bytes);
  saving(store);
  Archive restoring = Archive::restoring(bytes);
  restoring(into);
  restoring.require_end();
}

/// Few texts and many, short and long, in turns; squeezed and restored on the way.
TEST(TextStore, AgreesWithAMapWhateverIsSet) {
  std::mt19937 random(1126);
  TextStore store;
  std::map<Ordinal, std::string> texts;
  for (int round = 0; round < 40; ++round) {
    const unsigned different = 1U << (random() % 14);
    for (int i = 0; i < 2000; ++i) {
      const Ordinal ordinal = random() % 3000;
      const std::string text = random() % 10 == 0 ? "" : "text number " + std::to_string(random() % different) + std::string(random() % 3 * 20, 'x');
      store.set(ordinal, text);
      texts[ordinal] = text;
    }
    for (const auto& [ordinal, text] : texts) ASSERT_EQ(store.get(ordinal), text);
    if (round % 5 == 4) {
      TextStore again;
      restore(store, again);
      store = std::move(again);
    }
  }
}

TEST(TextStore, KeepsATextOnceThatManyHave) {
  const std::string text(100, 'x');
  TextStore alike, unlike;
  for (Ordinal ordinal = 0; ordinal < 10'000; ++ordinal) {
    alike.set(ordinal, text + std::to_string(ordinal % 4));
    unlike.set(ordinal, text + std::to_string(ordinal));
  }
  EXPECT_LT(alike.memory_bytes(), 10'000 * 40);
  EXPECT_GT(unlike.memory_bytes(), 10'000 * 100);
  EXPECT_EQ(alike.get(9'999), text + "3");
}

TEST(TextStore, StaysAsLargeAsWhatItHolds) {
  TextStore store;
  const std::string text(100, 'x');
  for (int round = 0; round < 200; ++round)
    for (Ordinal ordinal = 0; ordinal < 1000; ++ordinal) store.set(ordinal, text + std::to_string(round * 1000 + static_cast<int>(ordinal)));
  EXPECT_LT(store.memory_bytes(), 1'000'000U);
  EXPECT_EQ(store.get(999), text + "199999");
}

}  // namespace
}  // namespace plenoptic::index
