// Counts of ranges that have become hot, against a plain look at every record, while records change.
#include "index/hot_ranges.h"

#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "index/workspace_index.h"
#include "model/system_schema.h"

namespace plenoptic::index {
namespace {

using model::FilterOperator;
using model::Value;

class HotRangesTest : public testing::Test {
 protected:
  static constexpr TypeNumber type = model::types::opportunity;
  static constexpr model::FieldNumber stage = 2, amount = 3;
  static constexpr std::uint32_t rows_at_first = 20'000;  // large enough for ranges to become hot

  struct Row {
    RecordId id;
    bool live = true;
    std::uint32_t stage = 0;  // 0: unset
    std::optional<std::int64_t> amount;
  };

  static model::Schema make_schema() {
    int count = 0;
    auto system = model::system_schema("USD", [&](std::string_view prefix) { return std::string(prefix) + std::to_string(++count); });
    return {1, std::move(system.object_types), std::move(system.link_types)};
  }

  const unsigned seed = std::random_device{}();
  std::mt19937 random{seed};
  const model::Schema schema = make_schema();
  WorkspaceIndex index;
  base::CuidGenerator ids;
  std::vector<Row> rows;
  std::uint64_t sequence = 0;

  std::uint32_t pick(std::uint32_t below) { return std::uniform_int_distribution<std::uint32_t>(0, below - 1)(random); }

  static Value stage_value(const Row& row) { return row.stage ? Value(model::OptionNumber{row.stage}) : Value(); }
  static Value amount_value(const Row& row) { return row.amount ? Value(*row.amount) : Value(); }
  void roll_stage(Row& row) { row.stage = pick(4); }
  void roll_amount(Row& row) { row.amount = pick(10) ? std::optional<std::int64_t>(pick(3) ? pick(5000) : 777) : std::nullopt; }

  void apply(const Row& row, model::ChangeKind kind, const Row& before) {
    model::Change change;
    change.kind = kind;
    change.type = type;
    change.record = row.id;
    change.sequence = ++sequence;
    const auto put = [&](model::FieldNumber field, const Value& was, const Value& is) {
      if (was == is) return;
      if (kind != model::ChangeKind::created) change.before.set(field, was);
      change.after.set(field, is);
    };
    put(stage, stage_value(before), stage_value(row));
    put(amount, amount_value(before), amount_value(row));
    index.apply_all(schema, std::span(&change, 1));
  }

  void create() {
    Row row;
    row.id = ids.next(static_cast<std::int64_t>(sequence));
    roll_stage(row);
    roll_amount(row);
    rows.push_back(row);
    apply(row, model::ChangeKind::created, {});
  }

  void change_one() {
    if (pick(8) == 0) return create();
    Row& row = rows[pick(static_cast<std::uint32_t>(rows.size()))];
    const Row before = row;
    if (pick(6) == 0) {
      row.live = !row.live;
      return apply(row, row.live ? model::ChangeKind::restored : model::ChangeKind::trashed, before);
    }
    if (pick(2)) roll_stage(row);
    if (pick(2)) roll_amount(row);
    apply(row, model::ChangeKind::updated, before);
  }

  /// A filter on a range of amounts, or on one amount; within a stage, where it is not 0.
  void ask(std::uint32_t of_stage) {
    const std::int64_t low = pick(5200) - 100, high = pick(8) ? low + pick(2000) : low;
    model::Filter filter;
    const auto add = [&](model::FieldNumber field, FilterOperator op, std::int64_t number, std::uint32_t option) {
      filter.fields.push_back({.field = schema.type(type).find_field(field), .op = op, .negated = false, .number = number, .option = {option}, .text = {}, .digits = {}});
    };
    if (of_stage) add(stage, FilterOperator::equal, 0, of_stage);
    if (low == high) {
      add(amount, FilterOperator::equal, low, 0);
    } else {
      add(amount, FilterOperator::greater_than_or_equal, low, 0);
      add(amount, FilterOperator::less_than, high, 0);
    }
    std::vector<RecordId> expected;
    for (const Row& row : rows)
      if (row.live && (!of_stage || row.stage == of_stage) && row.amount && *row.amount >= low && (*row.amount < high || low == high) && (low != high || *row.amount == low))
        expected.push_back(row.id);
    std::reverse(expected.begin(), expected.end());
    const std::size_t offset = pick(4) ? 0 : pick(40);
    const Page page = index.query({.type = type, .life = Life::live, .filter = &filter, .offset = offset, .limit = 25});
    ASSERT_EQ(page.total_count, expected.size()) << "seed " << seed << " stage " << of_stage << " from " << low << " to " << high;
    expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(std::min(offset, expected.size())));
    expected.resize(std::min<std::size_t>(expected.size(), 25));
    ASSERT_EQ(page.ids, expected) << "seed " << seed;
  }
};

TEST_F(HotRangesTest, CountWhatIsThere) {
  for (std::uint32_t i = 0; i < rows_at_first; ++i) create();
  const std::size_t cold = index.memory_bytes();
  // More questions than a key of so many records needs to become hot.
  for (int i = 0; i < 200; ++i) ask(pick(4));
  EXPECT_GT(index.memory_bytes(), cold + rows_at_first * 16);
  for (int step = 0; step < 3000; ++step) {
    change_one();
    if (step % 20 == 0) ask(pick(4));
  }
  for (int i = 0; i < 20; ++i) ask(pick(4));
}

HotRange range_of(std::uint32_t size) {
  std::vector<HotRange::Entry> entries;
  for (std::uint32_t i = 0; i < size; ++i) entries.push_back({.value = i, .ordinal = i});
  return HotRange(std::move(entries));
}

TEST(HotRanges, AreMadeWhenAskedForOftenEnough) {
  HotRanges ranges;
  int made = 0;
  const auto ask = [&](std::int64_t choice) {
    return ranges.count({.number = 3, .chooser = 2, .choice = choice}, {10, 19}, 5000, 12'000, [&] {
      ++made;
      return range_of(5000);
    });
  };
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask(1), std::nullopt);
  EXPECT_EQ(ask(1), 10U);
  EXPECT_EQ(ask(1), 10U);
  EXPECT_EQ(made, 1);
  // There is room for two: the third takes the place of the one that was asked for longest ago.
  for (std::int64_t choice : {2, 3})
    for (int i = 0; i < 5; ++i) ask(choice);
  EXPECT_EQ(made, 3);
  EXPECT_EQ(ask(3), 10U);
  EXPECT_EQ(ask(2), 10U);
  EXPECT_EQ(ask(1), std::nullopt);
}

TEST(HotRanges, ManyKeysAreForgotten) {
  HotRanges ranges;
  for (int round = 0; round < 5; ++round)
    for (std::int64_t choice = 0; choice < 1000; ++choice)
      EXPECT_EQ(ranges.count({.number = 3, .chooser = 2, .choice = choice}, {}, 10, 1'000'000, [] { return range_of(10); }), std::nullopt);
  EXPECT_EQ(ranges.memory_bytes(), 0U);
}

TEST(HotRanges, OneWithoutRecordsIsKeptToo) {
  HotRanges ranges;
  for (int i = 0; i < 5; ++i) ranges.count({.number = 3, .chooser = {}, .choice = 0}, {}, 0, 100, [] { return range_of(0); });
  int seen = 0;
  ranges.visit([&](const HotRangeKey&, HotRange& range) {
    ++seen;
    range.insert({.value = 5, .ordinal = 1});
  });
  EXPECT_EQ(seen, 1);
  EXPECT_EQ(ranges.count({.number = 3, .chooser = {}, .choice = 0}, {5, 5}, 0, 100, [] { return range_of(0); }), 1U);
}

}  // namespace
}  // namespace plenoptic::index
