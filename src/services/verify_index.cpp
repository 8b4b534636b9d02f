#include "services/verify_index.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/value_types.h"

namespace plenoptic::services {
namespace {

using index::Life;
using index::Page;
using model::FieldDefinition;
using model::FieldPredicate;
using model::FieldValues;
using model::FilterOperator;
using model::ObjectType;
using model::OptionNumber;
using model::Record;
using model::RecordId;
using model::Value;

constexpr std::size_t samples_per_type = 12;
constexpr std::size_t page_size = 25;

std::string digits_of(std::string_view text) {
  std::string digits;
  for (char c : text)
    if (c >= '0' && c <= '9') digits += c;
  return digits;
}

bool compares(std::int64_t value, FilterOperator op, std::int64_t wanted) {
  switch (op) {
    case FilterOperator::equal: return value == wanted;
    case FilterOperator::greater_than: return value > wanted;
    case FilterOperator::greater_than_or_equal: return value >= wanted;
    case FilterOperator::less_than: return value < wanted;
    case FilterOperator::less_than_or_equal: return value <= wanted;
    default: return false;
  }
}

bool contains(const FieldPredicate& predicate, const std::vector<std::string>& texts) {
  const bool telephone = predicate.field->type == model::ValueType::telephone;
  return std::any_of(texts.begin(), texts.end(), [&](const std::string& text) {
    const std::string digits = telephone ? digits_of(text) : std::string();
    return text.find(predicate.text) != std::string::npos || digits.find(predicate.text) != std::string::npos ||
           (!predicate.digits.empty() && digits.find(predicate.digits) != std::string::npos);
  });
}

/// The meaning of a predicate, its negation left aside, without any index. `texts`: the value's comparison_texts.
bool holds(const FieldPredicate& predicate, const Value& value, const std::vector<std::string>& texts) {
  if (const auto* number = std::get_if<std::int64_t>(&value)) return compares(*number, predicate.op, predicate.number);
  if (const bool* flag = std::get_if<bool>(&value)) return *flag == (predicate.number != 0);
  if (const auto* option = std::get_if<OptionNumber>(&value)) return *option == predicate.option;
  if (texts.empty()) return false;
  if (predicate.op == FilterOperator::contains) return contains(predicate, texts);
  return predicate.op == FilterOperator::starts_with ? texts.front().starts_with(predicate.text) : texts.front() == predicate.text;
}

std::string described(const ObjectType& type, const FieldPredicate& predicate, Life life) {
  return fmt::format("{}{} by '{}'{} (operator {})", life == Life::live ? "" : "trashed ", type.plural, predicate.field->key, predicate.negated ? " negated" : "",
                     static_cast<int>(predicate.op));
}

}  // namespace

struct IndexChecks::Question {
  FieldPredicate predicate;
  Expected live = {}, trashed = {};
};

void IndexChecks::Expected::take(RecordId id) {
  ++total;
  newest.push_back(id);
  if (newest.size() >= 8 * page_size) newest.erase(newest.begin(), newest.end() - page_size);
}

/// Each record has the same chance to be among the samples, however many there are.
void IndexChecks::sample(const Record& record, const FieldValues& values) {
  std::vector<Sample>& samples = samples_[record.type];
  const std::uint64_t seen = ++seen_[record.type];
  if (samples.size() < samples_per_type)
    samples.push_back({record.id, values});
  else if (const std::uint64_t place = random_() % seen; place < samples_per_type)
    samples[place] = {record.id, values};
}

void IndexChecks::ask_about_values(const ObjectType& type, const FieldDefinition& field, std::vector<Question>& questions) {
  for (const Sample& sample : samples_[type.number]) {
    const Value& value = sample.values.get(field.number);
    const auto operators = model::value_type_row(field.type).operators;
    FieldPredicate predicate{.field = &field, .op = operators[random_() % operators.size()], .negated = random_() % 4 == 0, .number = 0, .option = {}, .text = {}, .digits = {}};
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      predicate.number = *number;
    } else if (const auto texts = model::comparison_texts(field, value); !texts.empty() && !texts.front().empty()) {
      const std::string& text = texts[random_() % texts.size()];
      const std::size_t begin = predicate.op == FilterOperator::contains ? random_() % text.size() : 0;
      const std::size_t size = predicate.op == FilterOperator::equal ? text.size() : 1 + random_() % (text.size() - begin);
      predicate.text = predicate.op == FilterOperator::equal ? texts.front() : text.substr(begin, size);
      if (field.type == model::ValueType::telephone) predicate.digits = digits_of(predicate.text);
    } else {
      continue;
    }
    questions.push_back({predicate});
  }
}

std::vector<IndexChecks::Question> IndexChecks::make_questions(const ObjectType& type) {
  std::vector<Question> questions;
  const auto ask = [&](const FieldDefinition& field, std::int64_t number, OptionNumber option) {
    for (const bool negated : {false, true})
      questions.push_back({{.field = &field, .op = FilterOperator::equal, .negated = negated, .number = number, .option = option, .text = {}, .digits = {}}});
  };
  for (const FieldDefinition& field : type.fields) {
    if (model::value_type_row(field.type).operators.empty()) continue;
    if (field.type == model::ValueType::single_select)
      for (const model::SelectOption& option : field.options) ask(field, 0, option.number);
    else if (field.type == model::ValueType::checkbox)
      for (const int flag : {0, 1}) ask(field, flag, {});
    else
      ask_about_values(type, field, questions);
  }
  std::stable_sort(questions.begin(), questions.end(), [](const Question& a, const Question& b) { return a.predicate.field < b.predicate.field; });
  return questions;
}

std::uint64_t IndexChecks::compare(const index::WorkspaceIndex& index, const ObjectType& type, std::string_view check) {
  check_ = check;
  std::vector<Question> questions = make_questions(type);
  std::vector<RecordId> live, trashed;
  storage_.scan_records(workspace_, type.number, [&](const Record& record) {
    (record.live() ? live : trashed).push_back(record.id);
    if (questions.empty()) return;
    const FieldValues values = model::decode_fields(record.fields);
    const FieldDefinition* field = nullptr;
    std::vector<std::string> texts;
    for (Question& question : questions) {
      const Value& value = values.get(question.predicate.field->number);
      if (field != question.predicate.field) texts = model::comparison_texts(*(field = question.predicate.field), value);
      if (holds(question.predicate, value, texts) != question.predicate.negated) (record.live() ? question.live : question.trashed).take(record.id);
    }
  });
  compare_order(index, type, Life::live, live);
  compare_order(index, type, Life::trashed, trashed);
  for (const Question& question : questions) compare_answer(index, type, question);
  return questions.size() + 2 + compare_links(index, type);
}

/// Every record of a type, page after page.
void IndexChecks::compare_order(const index::WorkspaceIndex& index, const ObjectType& type, Life life, const std::vector<RecordId>& ids) {
  constexpr std::size_t large_page = 1000;
  const char* which = life == Life::live ? "live" : "trashed";
  for (std::size_t offset = 0; offset == 0 || offset < ids.size(); offset += large_page) {
    const Page answer = index.query({.type = type.number, .life = life, .filter = nullptr, .offset = offset, .limit = large_page});
    if (answer.total_count != ids.size())
      return findings_.add(check_, fmt::format("{} {} are {} in storage and {} in the index", which, type.plural, ids.size(), answer.total_count));
    const auto begin = ids.rbegin() + static_cast<std::ptrdiff_t>(offset);
    if (!std::equal(answer.ids.begin(), answer.ids.end(), begin, begin + static_cast<std::ptrdiff_t>(std::min(large_page, ids.size() - offset))))
      return findings_.add(check_, fmt::format("{} {} stand in another order in the index, after the first {}", which, type.plural, offset));
  }
}

void IndexChecks::compare_answer(const index::WorkspaceIndex& index, const ObjectType& type, const Question& question) {
  model::Filter filter;
  filter.fields.push_back(question.predicate);
  for (const Life life : {Life::live, Life::trashed}) {
    const Expected& expected = life == Life::live ? question.live : question.trashed;
    const Page answer = index.query({.type = type.number, .life = life, .filter = &filter, .offset = 0, .limit = page_size});
    std::vector<RecordId> newest(expected.newest.rbegin(), expected.newest.rbegin() + static_cast<std::ptrdiff_t>(std::min(page_size, expected.newest.size())));
    if (answer.total_count != expected.total)
      findings_.add(check_, fmt::format("{}: {} in storage, {} by the index", described(type, question.predicate, life), expected.total, answer.total_count));
    else if (answer.ids != newest)
      findings_.add(check_, fmt::format("{}: the index shows other records", described(type, question.predicate, life)));
  }
}

/// Who is linked to each sampled record, through each of its types of link.
std::uint64_t IndexChecks::compare_links(const index::WorkspaceIndex& index, const ObjectType& type) {
  std::uint64_t asked = 0;
  for (const model::LinkType& link_type : schema_.link_types())
    for (const model::Side side : {model::Side::source, model::Side::destination}) {
      if (link_type.end(side).type != type.number) continue;
      const model::Side near = model::other_side(side);
      for (const Sample& sample : samples_[type.number]) {
        const auto target = storage_.find_record(workspace_, type.number, sample.id);
        std::vector<RecordId> expected;
        for (const model::Link& link : storage_.links(workspace_, link_type, side, sample.id))
          if (link.other_live && target && target->live()) expected.push_back(link.other);
        model::Filter filter;
        filter.relationships.push_back({.links = {{link_type.number, near}}, .far_type = type.number, .negated = false, .target = sample.id});
        Page answer = index.query({.type = link_type.end(near).type, .life = Life::live, .filter = &filter, .offset = 0, .limit = expected.size() + 1});
        std::sort(answer.ids.begin(), answer.ids.end());
        ++asked;
        if (answer.ids != expected)
          findings_.add(check_, fmt::format("linked to {} by link type {}: {} in storage, {} by the index", model::public_id(type, sample.id), link_type.number, expected.size(),
                                            answer.total_count));
      }
    }
  return asked;
}

}  // namespace plenoptic::services
