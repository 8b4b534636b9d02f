// The index against a plain reference: random changes, then random questions, answered alike.
#include "index/workspace_index.h"

#include <array>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "model/system_schema.h"
#include "model/value_types.h"

namespace plenoptic::index {
namespace {

using model::FieldPredicate;
using model::FilterOperator;
using model::Value;

model::Schema make_schema() {
  int count = 0;
  auto system = model::system_schema("USD", [&](std::string_view prefix) { return std::string(prefix) + std::to_string(++count); });
  return {1, std::move(system.object_types), std::move(system.link_types)};
}

/// One opportunity as the reference keeps it.
struct Row {
  RecordId id;
  bool live = true;
  model::FieldValues fields;
  std::vector<RecordId> champions;
};

class IndexTest : public testing::Test {
 protected:
  static constexpr TypeNumber type = model::types::opportunity;
  static constexpr model::FieldNumber name = 1, stage = 2, amount = 3;

  model::Schema schema = make_schema();
  WorkspaceIndex index;
  std::mt19937 random{std::random_device{}()};
  base::CuidGenerator ids;
  std::vector<Row> rows;
  std::vector<RecordId> contacts;
  std::uint64_t sequence = 0;

  std::uint32_t pick(std::uint32_t below) { return std::uniform_int_distribution<std::uint32_t>(0, below - 1)(random); }

  void apply(model::Change change) {
    change.sequence = ++sequence;
    index.apply_all(schema, std::span(&change, 1));
  }

  void add_contact() {
    model::Change change{.kind = model::ChangeKind::created, .type = model::types::contact, .record = ids.next(sequence)};
    contacts.push_back(change.record);
    apply(std::move(change));
  }

  Value random_value(model::FieldNumber field) {
    if (pick(5) == 0) return {};
    // Alike in none, eight or more than twelve of their first bytes.
    constexpr std::array starts{"", "Acme Co ", "Northern Lights "};
    if (field == name)
      return starts[pick(starts.size())] + std::string(1, static_cast<char>('a' + pick(3))) + std::string(1, static_cast<char>('A' + pick(3))) + std::to_string(pick(40));
    if (field == stage) return model::OptionNumber{1 + pick(7)};
    return static_cast<std::int64_t>(pick(3) == 0 ? 500 : pick(20000)) - 1000;
  }

  void create() {
    Row row{.id = ids.next(sequence), .live = true, .fields = {}, .champions = {}};
    model::Change change{.kind = model::ChangeKind::created, .type = type, .record = row.id};
    for (auto field : {name, stage, amount})
      if (Value value = random_value(field); !model::is_unset(value)) {
        row.fields.set(field, value);
        change.after.set(field, value);
      }
    rows.push_back(row);
    apply(std::move(change));
  }

  void update(Row& row) {
    model::Change change{.kind = model::ChangeKind::updated, .type = type, .record = row.id};
    const auto field = static_cast<model::FieldNumber>(1 + pick(3));
    const Value after = random_value(field);
    change.before.set(field, row.fields.get(field));
    change.after.set(field, after);
    row.fields.set(field, after);
    const RecordId contact = contacts[pick(static_cast<std::uint32_t>(contacts.size()))];
    const auto known = std::find(row.champions.begin(), row.champions.end(), contact);
    change.links.push_back({model::links::opportunity_champion, row.id, contact, known == row.champions.end()});
    if (known == row.champions.end())
      row.champions.push_back(contact);
    else
      row.champions.erase(known);
    apply(std::move(change));
  }

  void toggle(Row& row) {
    row.live = !row.live;
    apply({.kind = row.live ? model::ChangeKind::restored : model::ChangeKind::trashed, .type = type, .record = row.id});
  }

  /// A text that a record has, or where it may be a prefix some of it.
  std::string random_operand(bool may_be_prefix) {
    const Value value = rows.empty() ? Value{} : rows[pick(static_cast<std::uint32_t>(rows.size()))].fields.get(name);
    const auto* text = std::get_if<std::string>(&value);
    if (!text) return std::string("abc").substr(pick(3), pick(2));
    const std::string folded = model::fold_text(*text);
    return may_be_prefix ? folded.substr(0, pick(static_cast<std::uint32_t>(folded.size() + 1))) : folded;
  }

  FieldPredicate random_predicate() {
    const model::FieldDefinition* field = schema.type(type).find_field(static_cast<model::FieldNumber>(1 + pick(3)));
    FieldPredicate predicate{.field = field,
                             .op = FilterOperator::equal,
                             .negated = pick(3) == 0,
                             .number = static_cast<std::int64_t>(pick(20000)) - 1000,
                             .option = {1 + pick(8)},
                             .text = {},
                             .digits = {}};
    if (field->number == amount) predicate.op = static_cast<FilterOperator>(pick(5));
    if (field->number == name && pick(2)) predicate.op = FilterOperator::starts_with;
    if (field->number == name) predicate.text = random_operand(predicate.op == FilterOperator::starts_with);
    return predicate;
  }

  static bool holds(const FieldPredicate& predicate, const Row& row) {
    const Value& value = row.fields.get(predicate.field->number);
    bool result = false;
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      const std::int64_t wanted = predicate.number;
      const bool by_operator[] = {*number == wanted, *number > wanted, *number >= wanted, *number < wanted, *number <= wanted};
      result = by_operator[static_cast<int>(predicate.op)];
    } else if (const auto* option = std::get_if<model::OptionNumber>(&value)) {
      result = *option == predicate.option;
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      const std::string folded = model::fold_text(*text);
      result = predicate.op == FilterOperator::starts_with ? folded.starts_with(predicate.text) : folded == predicate.text;
    }
    return result != predicate.negated;
  }

  /// As storage gives them: by source, in two ranges.
  void load_links(WorkspaceIndex& loaded) {
    std::vector<LinkRange> ranges;
    for (int i = 0; i < 2; ++i) ranges.emplace_back(loaded, schema);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      std::sort(rows[i].champions.begin(), rows[i].champions.end());
      for (RecordId contact : rows[i].champions) ranges[i < rows.size() / 3 ? 0 : 1].add(rows[i].id, model::links::opportunity_champion, contact);
    }
    loaded.load_links(schema, ranges);
  }

  void ask() {
    model::Filter filter;
    for (std::uint32_t i = pick(3); i > 0; --i) filter.fields.push_back(random_predicate());
    if (pick(3) == 0) {
      const RecordId target = contacts[pick(static_cast<std::uint32_t>(contacts.size()))];
      filter.relationships.push_back(
          {.links = {{model::links::opportunity_champion, model::Side::source}}, .far_type = model::types::contact, .negated = pick(3) == 0, .target = target});
    }
    const Life life = pick(4) == 0 ? Life::trashed : Life::live;
    std::vector<RecordId> expected;
    for (auto row = rows.rbegin(); row != rows.rend(); ++row) {
      bool matches = row->live == (life == Life::live);
      for (const auto& predicate : filter.fields) matches = matches && holds(predicate, *row);
      for (const auto& predicate : filter.relationships)
        matches = matches && (std::find(row->champions.begin(), row->champions.end(), predicate.target) != row->champions.end()) != predicate.negated;
      if (matches) expected.push_back(row->id);
    }
    const std::size_t offset = pick(static_cast<std::uint32_t>(expected.size() + 2));
    const Page page = index.query({.type = type, .life = life, .filter = &filter, .offset = offset, .limit = 25});
    ASSERT_EQ(page.total_count, expected.size());
    expected.erase(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(std::min(offset, expected.size())));
    expected.resize(std::min<std::size_t>(25, expected.size()));
    ASSERT_EQ(page.ids, expected);
  }
};

TEST_F(IndexTest, AnswersAsAPlainReferenceDoes) {
  const unsigned seed = std::random_device{}();
  random.seed(seed);
  SCOPED_TRACE("seed " + std::to_string(seed));
  for (int i = 0; i < 20; ++i) add_contact();
  for (int i = 0; i < 6000 && !HasFatalFailure(); ++i) {
    if (rows.size() < 2500 && pick(2)) create();
    if (rows.empty()) continue;
    Row& row = rows[pick(static_cast<std::uint32_t>(rows.size()))];
    pick(4) == 0 ? toggle(row) : update(row);
    if (i % 5 == 0) ask();
  }
}

TEST_F(IndexTest, IsTheSameWhenLoadedFromStorage) {
  for (int i = 0; i < 5; ++i) add_contact();
  for (int i = 0; i < 300; ++i) create();
  for (Row& row : rows) update(row);
  WorkspaceIndex loaded;
  loaded.begin_loading(schema);
  const model::ObjectType& opportunities = schema.type(type);
  for (RecordId contact : contacts) loaded.load_record(schema.type(model::types::contact), {.type = model::types::contact, .id = contact});
  for (const Row& row : rows) {
    model::FieldValues set;
    for (const auto& [number, value] : row.fields.entries())
      if (!model::is_unset(value)) set.set(number, value);
    loaded.load_record(opportunities, {.type = type, .id = row.id, .fields = model::encode_fields(set)});
  }
  for (TypeNumber number : {TypeNumber{model::types::contact}, type}) loaded.finish_type(number);
  load_links(loaded);
  loaded.finish_loading(sequence);
  for (int i = 0; i < 200; ++i) {
    model::Filter filter;
    if (i % 3 != 0) filter.fields.push_back(random_predicate());
    if (i % 2 == 0)
      filter.relationships.push_back(
          {.links = {{model::links::opportunity_champion, model::Side::source}}, .far_type = model::types::contact, .negated = i % 4 == 0, .target = contacts[pick(5)]});
    const Query query{.type = type, .life = Life::live, .filter = &filter, .offset = 0, .limit = 25};
    SCOPED_TRACE(testing::Message() << "fields " << filter.fields.size() << " field " << (filter.fields.empty() ? 0 : filter.fields[0].field->number) << " op "
                                    << (filter.fields.empty() ? 0 : static_cast<int>(filter.fields[0].op)) << " relationships " << filter.relationships.size());
    EXPECT_EQ(loaded.query(query).total_count, index.query(query).total_count);
    EXPECT_EQ(loaded.query(query).ids, index.query(query).ids);
  }
  EXPECT_GT(loaded.memory_bytes(), 0U);
}

TEST_F(IndexTest, ATrashedTargetMatchesNothing) {
  add_contact();
  create();
  Row& row = rows.front();
  update(row);
  model::Filter filter;
  filter.relationships.push_back(
      {.links = {{model::links::opportunity_champion, model::Side::source}}, .far_type = model::types::contact, .negated = false, .target = contacts.front()});
  const Query query{.type = type, .life = Life::live, .filter = &filter, .offset = 0, .limit = 25};
  EXPECT_EQ(index.query(query).total_count, 1U);
  apply({.kind = model::ChangeKind::trashed, .type = model::types::contact, .record = contacts.front()});
  EXPECT_EQ(index.query(query).total_count, 0U);
}

TEST_F(IndexTest, RefusesGapsAndPassesOverWhatItKnows) {
  add_contact();
  model::Change change{.sequence = 1, .kind = model::ChangeKind::created, .type = type, .record = ids.next(1)};
  index.apply_all(schema, std::span(&change, 1));
  EXPECT_EQ(index.query({.type = type}).total_count, 0U);
  change.sequence = 9;
  EXPECT_THROW(index.apply_all(schema, std::span(&change, 1)), std::logic_error);
}

TEST_F(IndexTest, AnswersWhileItChanges) {
  add_contact();
  std::atomic<bool> stop = false;
  std::thread reader([&] {
    model::Filter filter;
    filter.fields.push_back({.field = schema.type(type).find_field(stage), .op = FilterOperator::equal, .negated = false, .number = 0, .option = {1}, .text = {}, .digits = {}});
    while (!stop) {
      const auto lock = index.read_lock();
      const Page page = index.query({.type = type, .life = Life::live, .filter = &filter, .offset = 0, .limit = 25});
      ASSERT_LE(page.ids.size(), page.total_count);
    }
  });
  for (int i = 0; i < 2000; ++i) create();
  stop = true;
  reader.join();
}

}  // namespace
}  // namespace plenoptic::index
