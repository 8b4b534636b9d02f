#include "index/type_index.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include "index/kernels.h"

namespace plenoptic::index {
namespace {

constexpr auto by_target = std::less<LinkEntry>();
constexpr std::size_t fewest_for_hot_ranges = 16'384;  // below, looking at every record costs a microsecond
constexpr std::uint64_t hot_entries_per_record = 2;    // 32 bytes a record, at most
constexpr std::size_t few_in_chunk = 64;               // records of a chunk that are quicker looked at one by one than as bits

void move(Ordinal ordinal, Bitmap& from, Bitmap& to) {
  from.remove(ordinal);
  to.add(ordinal);
}

model::Side view_side(const SnapshotPart& part) { return part.variant == 0 ? model::Side::source : model::Side::destination; }

/// Counts what matches, chunk by chunk from the newest, and picks the page's ids on the way.
class PageBuilder {
 public:
  PageBuilder(const RecordIds& ids, const Query& query) : ids_(ids), query_(query) {}

  void add(std::uint32_t chunk, const ChunkWords& words) {
    std::uint64_t place = page_.total_count;
    page_.total_count += kernels().count_bits(words.data(), words.size());
    if (page_.total_count <= query_.offset) return;
    for (std::size_t i = words.size(); i-- > 0 && !full();) {
      if (words[i] == 0) continue;
      const auto count = static_cast<std::uint64_t>(std::popcount(words[i]));
      if (place + count > query_.offset) take_word(words[i], chunk * chunk_size + static_cast<Ordinal>(i) * 64, place);
      place += count;
    }
  }

  /// Counts one match, older than all before.
  void add(Ordinal record) {
    if (page_.total_count++ >= query_.offset && !full()) page_.ids.push_back(ids_[record]);
  }

  /// Counts a chunk of so many matches, where nothing of the page stands in it. False: it has to be added.
  bool skip(std::uint64_t count) {
    if (!full() && page_.total_count + count > query_.offset) return false;
    page_.total_count += count;
    return true;
  }

  /// Nothing is left to do where the total is known.
  bool full() const { return page_.ids.size() == query_.limit; }
  Page take() { return std::move(page_); }
  Page take(std::uint64_t total) {
    page_.total_count = total;
    return take();
  }

 private:
  /// `place`: how many matches are newer than the word's.
  void take_word(std::uint64_t word, Ordinal begin, std::uint64_t place) {
    for (; word != 0 && !full(); ++place) {
      const int bit = 63 - std::countl_zero(word);
      word ^= std::uint64_t{1} << bit;
      if (place >= query_.offset) page_.ids.push_back(ids_[begin + static_cast<Ordinal>(bit)]);
    }
  }

  const RecordIds& ids_;
  const Query& query_;
  Page page_;
};

}  // namespace

TypeIndex::ColumnPart& TypeIndex::column_of(const model::FieldDefinition& field) {
  ColumnPart& part = columns_[field.number];
  if (!part.column) {
    part.column = make_column(field.type);
    part.type = field.type;
  }
  return part;
}

void TypeIndex::apply(const model::ObjectType& type, const model::Change& change) {
  using model::ChangeKind;
  const bool ids_have_it = change.sequence <= ids_saved_at_;
  if (change.kind == ChangeKind::created && !ids_have_it) live_.add(ids_.append(change.record));
  const auto ordinal = ids_.find(change.record);
  if (!ordinal) return;
  for_hot_ranges(change, *ordinal, [](HotRange& range, const HotRange::Entry& entry) { range.erase(entry); });
  if (!ids_have_it && change.kind == ChangeKind::trashed) move(*ordinal, live_, trashed_);
  if (!ids_have_it && change.kind == ChangeKind::restored) move(*ordinal, trashed_, live_);
  for (const auto& [number, value] : change.after.entries())
    if (const model::FieldDefinition* field = type.find_field(number))
      if (ColumnPart& part = column_of(*field); part.column && change.sequence > part.saved_at) part.column->update(*field, *ordinal, change.before.get(number), value);
  for_hot_ranges(change, *ordinal, [](HotRange& range, const HotRange::Entry& entry) { range.insert(entry); });
}

void TypeIndex::apply_link(std::uint64_t sequence, model::LinkView view, LinkEntry link, bool added) {
  LinkPart& part = links_[{view.link_type, view.side}];
  if (sequence <= part.saved_at) return;
  if (added)
    part.table.insert(link, by_target);
  else
    part.table.erase(link, by_target);
}

void TypeIndex::load(const model::ObjectType& type, const model::Record& record) {
  const Ordinal ordinal = ids_.append(record.id);
  (record.live() ? live_ : trashed_).add(ordinal);
  const model::FieldValues values = model::decode_fields(record.fields);
  for (const auto& [number, value] : values.entries())
    if (const model::FieldDefinition* field = type.find_field(number))
      if (Column* column = column_of(*field).column.get()) column->load(*field, ordinal, value);
}

void TypeIndex::load_links(model::LinkView view, std::span<const LinkEntry> links) {
  auto& table = links_[{view.link_type, view.side}].table;
  for (const LinkEntry& link : links) table.append(link);
}

void TypeIndex::finish_loading() {
  for (auto& [number, part] : columns_)
    if (part.column) part.column->finish_loading();
}

const Column* TypeIndex::find_column(model::FieldNumber field) const {
  const auto column = columns_.find(field);
  return column == columns_.end() ? nullptr : column->second.column.get();
}

/// Predicates of one field, all negated or none.
void TypeIndex::add_terms(std::span<const model::FieldPredicate* const> predicates, std::vector<Term>& terms) const {
  const Column* column = find_column(predicates.front()->field->number);
  const bool negated = predicates.front()->negated;
  if (column && !negated && predicates.size() > 1)
    if (ConditionPointer all = column->conjunction(predicates)) return terms.push_back({std::move(all), false});
  for (const model::FieldPredicate* predicate : predicates) terms.push_back({column ? column->condition(*predicate) : empty_condition(), negated});
}

ConditionPointer TypeIndex::condition(const model::RelationshipPredicate& predicate, std::optional<Ordinal> target) const {
  std::vector<Ordinal> found;
  if (target)
    for (const model::LinkView& view : predicate.links)
      if (const auto table = links_.find({view.link_type, view.side}); table != links_.end())
        table->second.table.scan([&](const LinkEntry& entry) { return entry.target < *target; }, [&](const LinkEntry& entry) { return entry.target > *target; },
                                 [&](const LinkEntry& entry) { found.push_back(entry.near); });
  if (predicate.links.size() > 1) {
    std::sort(found.begin(), found.end());
    found.erase(std::unique(found.begin(), found.end()), found.end());
  }
  return found_condition(std::move(found));
}

std::vector<TypeIndex::Term> TypeIndex::terms_of(const model::Filter& filter, std::span<const std::optional<Ordinal>> targets) const {
  std::vector<Term> terms;
  terms.reserve(filter.fields.size() + filter.relationships.size());
  std::vector<const model::FieldPredicate*> predicates;
  predicates.reserve(filter.fields.size());
  for (const auto& predicate : filter.fields) predicates.push_back(&predicate);
  const auto group = [](const model::FieldPredicate* predicate) { return std::pair(predicate->field->number, predicate->negated); };
  std::sort(predicates.begin(), predicates.end(), [&](const auto* a, const auto* b) { return group(a) < group(b); });
  for (auto begin = predicates.begin(); begin != predicates.end();) {
    const auto end = std::find_if(begin, predicates.end(), [&](const auto* predicate) { return group(predicate) != group(*begin); });
    add_terms(std::span(begin, end), terms);
    begin = end;
  }
  for (std::size_t i = 0; i < filter.relationships.size(); ++i) terms.push_back({condition(filter.relationships[i], targets[i]), filter.relationships[i].negated});
  // What leaves least goes first, negations later, what looks at single values last.
  const auto rank = [](const Term& term) { return std::tuple(term.condition->looks_at_values(), term.negated, term.condition->estimate()); };
  std::sort(terms.begin(), terms.end(), [&](const Term& a, const Term& b) { return rank(a) < rank(b); });
  return terms;
}

Page TypeIndex::query(const Query& query, std::span<const std::optional<Ordinal>> targets) const {
  const Bitmap& all = query.life == Life::live ? live_ : trashed_;
  if (!query.filter || query.filter->empty()) return page_of(all, query);
  return page_of(all, terms_of(*query.filter, targets), query, count_hot(query));
}

Page TypeIndex::page_of(const Bitmap& matches, const Query& query) const {
  PageBuilder builder(ids_, query);
  ChunkWords words;
  for (std::uint32_t chunk = chunk_count(); chunk-- > 0;) {
    if (builder.skip(bits_in_chunk(matches, chunk))) continue;
    copy_bits(matches, chunk, words);
    builder.add(chunk, words);
  }
  return builder.take();
}

Page TypeIndex::page_of(const Bitmap& all, std::span<const Term> terms, const Query& query, std::optional<std::uint64_t> total) const {
  if (const auto few = terms.front().condition->few(); few && !terms.front().negated && few->size() <= few_in_chunk * chunk_count())
    return page_of_few(*few, all, terms.subspan(1), query);
  PageBuilder builder(ids_, query);
  ChunkWords words;
  for (std::uint32_t chunk = chunk_count(); chunk-- > 0;) {
    const auto rules_out = [&](const Term& term) { return !term.negated && !term.condition->may_match(chunk); };
    if (!has_chunk(all, chunk) || std::any_of(terms.begin(), terms.end(), rules_out)) continue;
    copy_bits(all, chunk, words);
    for (const Term& term : terms) keep_term(term, chunk, words);
    builder.add(chunk, words);
    if (total && builder.full()) return builder.take(*total);
  }
  return builder.take();
}

Page TypeIndex::page_of_few(std::span<const Ordinal> candidates, const Bitmap& all, std::span<const Term> terms, const Query& query) const {
  PageBuilder builder(ids_, query);
  for (auto record = candidates.rbegin(); record != candidates.rend(); ++record) {
    const auto holds = [&](const Term& term) { return term.condition->matches(*record) != term.negated; };
    if (all.contains(*record) && std::all_of(terms.begin(), terms.end(), holds)) builder.add(*record);
  }
  return builder.take();
}

std::optional<std::pair<HotRangeKey, ValueRange>> TypeIndex::hot_range_of(const model::Filter& filter) const {
  if (!filter.relationships.empty()) return std::nullopt;
  HotRangeKey key;
  std::vector<const model::FieldPredicate*> numbers;
  for (const model::FieldPredicate& predicate : filter.fields) {
    const Column* column = find_column(predicate.field->number);
    if (!column || predicate.negated) return std::nullopt;
    if (const auto choice = column->choice_of(predicate); choice && !key.chooser) {
      key.chooser = predicate.field->number;
      key.choice = *choice;
    } else {
      numbers.push_back(&predicate);
    }
  }
  if (numbers.empty()) return std::nullopt;
  key.number = numbers.front()->field->number;
  if (std::any_of(numbers.begin(), numbers.end(), [&](const auto* predicate) { return predicate->field->number != key.number; })) return std::nullopt;
  const auto range = find_column(key.number)->range_of(numbers);
  return range ? std::optional(std::pair(key, *range)) : std::nullopt;
}

std::optional<std::uint64_t> TypeIndex::count_hot(const Query& query) const {
  if (query.life != Life::live || ids_.size() < fewest_for_hot_ranges) return std::nullopt;
  const auto hot = hot_range_of(*query.filter);
  if (!hot) return std::nullopt;
  const auto& [key, range] = *hot;
  const Bitmap* chosen = chosen_by(key);
  if (!chosen) return std::nullopt;
  return hot_ranges_.count(key, range, chosen->cardinality(), hot_entries_per_record * ids_.size(), [&, &key = key] { return make_hot_range(key, *chosen); });
}

HotRange TypeIndex::make_hot_range(const HotRangeKey& key, const Bitmap& chosen) const {
  const Column& numbers = *find_column(key.number);
  std::vector<HotRange::Entry> entries;
  const Bitmap members = chosen & live_;
  for (Ordinal ordinal : members)
    if (const auto value = numbers.number_of(ordinal)) entries.push_back({*value, ordinal});
  return HotRange(std::move(entries));
}

/// The records that have the key's choice, trashed ones perhaps among them; null where none ever had it.
const Bitmap* TypeIndex::chosen_by(const HotRangeKey& key) const {
  if (!key.chooser) return &live_;
  const Column* chooser = find_column(*key.chooser);
  return chooser ? chooser->records_of(key.choice) : nullptr;
}

/// The record's value, where it is one of the key's.
std::optional<std::int64_t> TypeIndex::value_in(const HotRangeKey& key, Ordinal ordinal) const {
  const Bitmap* chosen = chosen_by(key);
  if (!chosen || !chosen->contains(ordinal) || !live_.contains(ordinal)) return std::nullopt;
  const Column* numbers = find_column(key.number);
  return numbers ? numbers->number_of(ordinal) : std::nullopt;
}

/// For those that the log entry may move the record in or out of, where it is in.
template <typename Act>
void TypeIndex::for_hot_ranges(const model::Change& change, Ordinal ordinal, Act act) {
  hot_ranges_.visit([&](const HotRangeKey& key, HotRange& range) {
    const bool moves = change.kind != model::ChangeKind::updated || change.after.find(key.number) || (key.chooser && change.after.find(*key.chooser));
    if (!moves) return;
    if (const auto value = value_in(key, ordinal)) act(range, HotRange::Entry{*value, ordinal});
  });
}

void TypeIndex::keep_term(const Term& term, std::uint32_t chunk, ChunkWords& words) {
  if (!term.negated) return term.condition->keep(chunk, words);
  if (!term.condition->may_match(chunk)) return;
  ChunkWords matching = words;
  term.condition->keep(chunk, matching);
  for (std::size_t i = 0; i < words.size(); ++i) words[i] &= ~matching[i];
}

std::size_t TypeIndex::memory_bytes() const {
  std::size_t bytes = ids_.memory_bytes() + live_.getSizeInBytes(false) + trashed_.getSizeInBytes(false);
  for (const auto& [number, part] : columns_)
    if (part.column) bytes += part.column->memory_bytes();
  bytes += hot_ranges_.memory_bytes();
  for (const auto& [view, part] : links_) bytes += part.table.memory_bytes();
  return bytes;
}

void TypeIndex::list_parts(TypeNumber type, std::vector<SnapshotPart>& parts) const {
  using Kind = SnapshotPart::Kind;
  parts.push_back({.kind = Kind::ids, .type = type, .number = 0, .variant = 0});
  for (const auto& [number, part] : columns_)
    if (part.column) parts.push_back({.kind = Kind::column, .type = type, .number = number, .variant = static_cast<std::uint32_t>(part.type)});
  for (const auto& [view, part] : links_) parts.push_back({.kind = Kind::links, .type = type, .number = view.first, .variant = static_cast<std::uint32_t>(view.second)});
}

void TypeIndex::make_room(const model::ObjectType& type, const SnapshotPart& part) {
  if (part.kind == SnapshotPart::Kind::links) {
    links_[{part.number, view_side(part)}];
    return;
  }
  if (part.kind == SnapshotPart::Kind::ids) return;
  const model::FieldDefinition* field = type.find_field(part.number);
  if (!field || static_cast<std::uint32_t>(field->type) != part.variant || !column_of(*field).column) throw SnapshotRefused("the data model has another field in a column's place");
}

void TypeIndex::archive(const SnapshotPart& part, Archive& archive) {
  switch (part.kind) {
    case SnapshotPart::Kind::ids:
      archive(ids_, live_, trashed_);
      for (const Bitmap* records : {&live_, &trashed_}) archive.require(records->isEmpty() || records->maximum() < ids_.size());
      return;
    case SnapshotPart::Kind::column: return columns_.at(part.number).column->archive(archive);
    case SnapshotPart::Kind::links: return archive(links_.at({part.number, view_side(part)}).table);
  }
}

void TypeIndex::set_saved_at(const SnapshotPart& part, std::uint64_t sequence) {
  switch (part.kind) {
    case SnapshotPart::Kind::ids: ids_saved_at_ = sequence; return;
    case SnapshotPart::Kind::column: columns_.at(part.number).saved_at = sequence; return;
    case SnapshotPart::Kind::links: links_.at({part.number, view_side(part)}).saved_at = sequence; return;
  }
}

}  // namespace plenoptic::index
