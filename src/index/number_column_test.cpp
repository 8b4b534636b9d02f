// Ranges over many bins, against a plain look at every value.
#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "index/column.h"
#include "index/kernels.h"

namespace plenoptic::index {
namespace {

using model::FilterOperator;
using model::Value;

/// What a condition keeps of all ordinals below `size`.
std::vector<Ordinal> kept_of(const Condition& condition, std::size_t size) {
  std::vector<Ordinal> kept;
  ChunkWords words;
  for (std::uint32_t chunk = 0; std::size_t{chunk} * chunk_size < size; ++chunk) {
    if (!condition.may_match(chunk)) continue;
    words.fill(~std::uint64_t{0});
    condition.keep(chunk, words);
    for (std::uint32_t bit = 0; bit < chunk_size; ++bit)
      if (words[bit / 64] >> bit % 64 & 1) kept.push_back(chunk * chunk_size + bit);
  }
  return kept;
}

class NumberColumnTest : public testing::Test {
 protected:
  const unsigned seed = std::random_device{}();
  std::mt19937 random{seed};
  std::unique_ptr<Column> column = make_number_column();
  const model::FieldDefinition field{};
  std::vector<Value> values;

  std::int64_t pick(std::int64_t from, std::int64_t to) { return std::uniform_int_distribution<std::int64_t>(from, to)(random); }
  Value random_value() { return pick(0, 9) == 0 ? Value{} : pick(0, 3) == 0 ? Value(std::int64_t{777}) : Value(pick(-50'000, 50'000)); }

  void check(FilterOperator op, std::int64_t number) {
    const auto condition = column->condition({.field = &field, .op = op, .negated = false, .number = number, .option = {}, .text = {}, .digits = {}});
    std::vector<Ordinal> expected;
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto* value = std::get_if<std::int64_t>(&values[i]);
      if (!value) continue;
      const bool holds[] = {*value == number, *value > number, *value >= number, *value < number, *value <= number};
      if (holds[static_cast<int>(op)]) expected.push_back(static_cast<Ordinal>(i));
    }
    ASSERT_EQ(kept_of(*condition, values.size()), expected) << "seed " << seed << " operator " << static_cast<int>(op) << " number " << number;
    check_single(*condition, expected);
  }

  /// Asked about one record, a condition says the same.
  void check_single(const Condition& condition, const std::vector<Ordinal>& expected) {
    for (int i = 0; i < 100; ++i) {
      const auto ordinal = static_cast<Ordinal>(pick(0, static_cast<std::int64_t>(values.size()) + 100));
      ASSERT_EQ(condition.matches(ordinal), std::binary_search(expected.begin(), expected.end(), ordinal)) << "seed " << seed << " ordinal " << ordinal;
    }
  }

  /// All of several predicates at once are what each of them leaves.
  void check_conjunction() {
    const auto predicate = [&] {
      return model::FieldPredicate{
          .field = &field, .op = static_cast<FilterOperator>(pick(0, 4)), .negated = false, .number = pick(-60'000, 60'000), .option = {}, .text = {}, .digits = {}};
    };
    const std::array predicates{predicate(), predicate(), predicate()};
    const std::array pointers{&predicates[0], &predicates[1], &predicates[2]};
    std::vector<Ordinal> expected;
    for (std::size_t i = 0; i < values.size(); ++i)
      if (std::all_of(pointers.begin(), pointers.end(), [&](const auto* one) { return column->condition(*one)->matches(static_cast<Ordinal>(i)); }))
        expected.push_back(static_cast<Ordinal>(i));
    ASSERT_EQ(kept_of(*column->conjunction(pointers), values.size()), expected) << "seed " << seed;
  }

  void check_all() {
    for (const auto number : {pick(-60'000, 60'000), std::int64_t{777}, std::int64_t{-50'000}, std::numeric_limits<std::int64_t>::max(), std::numeric_limits<std::int64_t>::min()})
      for (int op = 0; op < 5; ++op) check(static_cast<FilterOperator>(op), number);
    check_conjunction();
  }
};

TEST_F(NumberColumnTest, FindsRangesAfterLoading) {
  values.resize(150'001);
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = random_value();
    column->load(field, static_cast<Ordinal>(i), values[i]);
  }
  column->finish_loading();
  for (int i = 0; i < 5; ++i) check_all();
}

TEST_F(NumberColumnTest, FindsRangesWhileItGrowsAndChanges) {
  for (int step = 0; step < 60'000; ++step) {
    const bool grows = values.empty() || pick(0, 1) == 0;
    const auto ordinal = static_cast<Ordinal>(grows ? values.size() : static_cast<std::size_t>(pick(0, static_cast<std::int64_t>(values.size()) - 1)));
    if (grows) values.emplace_back();
    Value after = random_value();
    column->update(field, ordinal, values[ordinal], after);
    values[ordinal] = std::move(after);
    if (step % 6000 == 0) check_all();
  }
}

TEST(Conditions, KeepFewAndManyAlike) {
  for (const std::size_t count : {std::size_t{3}, std::size_t{30'000}}) {
    std::vector<Ordinal> found;
    for (std::size_t i = 0; i < count; ++i) found.push_back(static_cast<Ordinal>((i * 7919) % 200'003));
    auto expected = found;
    std::sort(expected.begin(), expected.end());
    const auto condition = found_condition(found);
    EXPECT_EQ(kept_of(*condition, 200'003), expected);
    for (Ordinal ordinal = 0; ordinal < 300'000; ++ordinal) ASSERT_EQ(condition->matches(ordinal), std::binary_search(expected.begin(), expected.end(), ordinal));
  }
  EXPECT_TRUE(kept_of(*empty_condition(), 200'003).empty());
}

TEST(Kernels, AllTellTheSame) {
  std::mt19937 random(1);
  std::array<std::uint8_t, 192> codes{};
  for (int i = 0; i < 1000; ++i) {
    for (auto& code : codes) code = static_cast<std::uint8_t>(random());
    const auto random_range = [&] {
      const auto a = static_cast<std::uint8_t>(random()), b = static_cast<std::uint8_t>(random());
      return CodeRange{std::min(a, b), std::max(a, b)};
    };
    const CodeRange outer = random_range(), inner = random_range();
    std::array<std::uint64_t, 3> bits{}, expected_bits{}, expected_edges{};
    for (auto& word : bits) word = std::uint64_t{random()} << 32 | random();
    std::uint64_t count = 0;
    for (unsigned k = 0; k < codes.size(); ++k) {
      const auto within = [&](CodeRange range) { return codes[k] >= range.least && codes[k] <= range.most; };
      const bool kept = (bits[k / 64] >> k % 64 & 1) != 0 && within(outer);
      expected_bits[k / 64] |= std::uint64_t{kept} << k % 64;
      expected_edges[k / 64] |= std::uint64_t{kept && !within(inner)} << k % 64;
      count += kept;
    }
    for (std::size_t number = 0; const Kernels* kernels = find_kernels(number); ++number) {
      std::array<std::uint64_t, 3> kept = bits, edges{};
      kernels->keep_codes(codes.data(), kept.size(), outer, inner, kept.data(), edges.data());
      ASSERT_EQ(kept, expected_bits);
      ASSERT_EQ(edges, expected_edges);
      ASSERT_EQ(kernels->count_bits(kept.data(), kept.size()), count);
    }
  }
}

}  // namespace
}  // namespace plenoptic::index
