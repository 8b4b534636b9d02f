#include "services/verify_records.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "model/value_types.h"

namespace plenoptic::services {
namespace {

using model::Change;
using model::ChangeKind;
using model::FieldDefinition;
using model::FieldValues;
using model::ObjectType;
using model::OptionNumber;
using model::Record;
using model::RecordId;
using model::Side;
using model::Value;

std::uint64_t mixed(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

std::uint64_t hash_of(model::LinkTypeNumber type, RecordId source, RecordId destination, std::uint64_t salt) {
  std::uint64_t hash = mixed(salt ^ type);
  for (std::uint64_t part : {source.high, source.low, destination.high, destination.low}) hash = mixed(hash ^ part);
  return hash;
}

/// Whether a stored value has the form that model/value.h gives its field's type.
bool fits(const FieldDefinition& field, const Value& value) {
  using enum model::ValueType;
  switch (field.type) {
    case checkbox: return std::holds_alternative<bool>(value);
    case number:
    case currency:
    case datetime: return std::holds_alternative<std::int64_t>(value);
    case single_select: {
      const auto* option = std::get_if<OptionNumber>(&value);
      return option && field.find_option(*option);
    }
    case multi_select: {
      const auto* options = std::get_if<std::vector<OptionNumber>>(&value);
      return options && !options->empty() && std::all_of(options->begin(), options->end(), [&](OptionNumber option) { return field.find_option(option) != nullptr; });
    }
    case full_name: return std::holds_alternative<model::FullName>(value);
    case address: return std::holds_alternative<model::Address>(value);
    case email:
    case telephone:
    case url: {
      const auto* several = std::get_if<std::vector<std::string>>(&value);
      return field.multiple ? several && !several->empty() : std::holds_alternative<std::string>(value);
    }
    case text:
    case markdown:
    case html:
    case social_handle: return std::holds_alternative<std::string>(value);
  }
  return false;
}

/// Links of which two places should know alike. Takes memory for each: only to tell which ones, where the sums differ.
class LinkBalance {
 public:
  void more_in_first(model::LinkTypeNumber type, RecordId source, RecordId destination) { ++balance_[{type, source, destination}]; }
  void more_in_second(model::LinkTypeNumber type, RecordId source, RecordId destination) { --balance_[{type, source, destination}]; }

  void tell(Findings& findings, std::string_view check, std::string_view only_first, std::string_view only_second) const {
    for (const auto& [link, balance] : balance_)
      if (balance != 0)
        findings.add(check, fmt::format("a link of type number {} from {} to {} {}", std::get<0>(link), std::get<1>(link).text(), std::get<2>(link).text(),
                                        balance > 0 ? only_first : only_second));
  }

 private:
  std::map<std::tuple<model::LinkTypeNumber, RecordId, RecordId>, int> balance_;
};

}  // namespace

void LinkSum::add(model::LinkTypeNumber type, RecordId source, RecordId destination) {
  first_ += hash_of(type, source, destination, 1);
  second_ += hash_of(type, source, destination, 2);
}

void LinkSum::subtract(model::LinkTypeNumber type, RecordId source, RecordId destination) {
  first_ -= hash_of(type, source, destination, 1);
  second_ -= hash_of(type, source, destination, 2);
}

bool RecordChecks::check(const ObjectType& type, const Record& record, const FieldValues& values) {
  try {
    check_links(type, record);
  } catch (const storage::StorageError&) {
    throw;
  } catch (const std::exception&) {
    findings_.add("links", fmt::format("the links of {} do not decode", model::public_id(type, record.id)));
    return false;
  }
  check_log(type, record, values);
  if (!check_values(type, record, values)) return false;
  if (record.live()) check_unique(type, record, values);
  return true;
}

bool RecordChecks::check_values(const ObjectType& type, const Record& record, const FieldValues& values) {
  bool sound = true;
  for (const auto& [number, value] : values.entries()) {
    const FieldDefinition* field = type.find_field(number);
    if (field && fits(*field, value)) continue;
    sound = false;
    if (!field)
      findings_.add("values", fmt::format("{} has a value of field number {}, which {} does not define", model::public_id(type, record.id), number, type.plural));
    else
      findings_.add("values", fmt::format("{}'s value of '{}' is none of its type", model::public_id(type, record.id), field->key));
  }
  return sound;
}

void RecordChecks::check_links(const ObjectType& type, const Record& record) {
  std::map<std::pair<model::LinkTypeNumber, Side>, int> live_links;
  for (const model::Link& link : storage_.links(workspace_.id, record.id)) {
    ++link_ends_;
    const model::LinkType* link_type = schema_.find_link_type(link.type);
    if (!link_type || link_type->end(link.side).type != record.type) {
      findings_.add("links", fmt::format("{} has a link of type number {} that its object type does not have", model::public_id(type, record.id), link.type));
      continue;
    }
    if (record.live() && link.other_live) ++live_links[{link.type, link.side}];
  }
  for (const auto& [view, count] : live_links) {
    const model::LinkTypeEnd& end = schema_.link_type(view.first).end(view.second);
    if (end.cardinality == model::Cardinality::has_one && count > 1)
      findings_.add("links", fmt::format("{} has {} live links through '{}', which has one", model::public_id(type, record.id), count, end.key));
  }
}

void RecordChecks::check_unique(const ObjectType& type, const Record& record, const FieldValues& values) {
  for (const FieldDefinition& field : type.fields) {
    if (!field.unique) continue;
    const auto listed = model::unique_forms(field, values.get(field.number));
    const std::set<std::string> forms(listed.begin(), listed.end());
    unique_forms_ += forms.size();
    for (const std::string& form : forms) {
      const auto holder = storage_.find_unique_holder(workspace_.id, type.number, field.number, form);
      if (holder == record.id) continue;
      findings_.add("unique values",
                    fmt::format("'{}' of {} is kept unique for {}", field.key, model::public_id(type, record.id), holder ? model::public_id(type, *holder) : "nobody"));
    }
  }
}

void RecordChecks::check_log(const ObjectType& type, const Record& record, FieldValues values) {
  const std::string name = model::public_id(type, record.id);
  bool live = record.live();
  // Since a clock may go back between two runs of a server: the latest of all, or (before there was that rule) the newest.
  std::int64_t latest_ms = record.created_at_ms, newest_ms = record.created_at_ms;
  for (std::uint64_t sequence = record.version; sequence != 0;) {
    std::optional<Change> change;
    try {
      change = storage_.find_change(workspace_.id, sequence);
    } catch (const storage::StorageError&) {
      throw;
    } catch (const std::exception&) {
      return findings_.add("log", fmt::format("entry {} of {} does not decode", sequence, name));
    }
    if (!change || change->record != record.id || change->type != record.type)
      return findings_.add("log", fmt::format("entry {}, which {} names, is {}", sequence, name, change ? "another record's" : "not there"));
    if (change->kind != ChangeKind::created) latest_ms = std::max(latest_ms, change->at_ms);
    if (sequence == record.version) newest_ms = latest_ms;
    ++log_entries_;
    if (!undo(name, record, *change, values, live)) return;
    sequence = change->previous_sequence;
  }
  if (record.updated_at_ms != latest_ms && record.updated_at_ms != newest_ms) findings_.add("log", fmt::format("{} was updated at another time than its entries", name));
}

bool RecordChecks::undo(const std::string& name, const Record& record, const Change& change, FieldValues& values, bool& live) {
  const auto at = [&](std::string_view what) { findings_.add("log", fmt::format("{} at entry {}: {}", name, change.sequence, what)); };
  for (const model::LinkChange& link : change.links)
    link.added ? logged_links_.add(link.type, link.source, link.destination) : logged_links_.subtract(link.type, link.source, link.destination);
  for (const auto& [number, after] : change.after.entries()) {
    if (!(values.get(number) == after)) at(fmt::format("field number {} is another than the log says", number));
    const Value& before = change.before.get(number);
    model::is_unset(before) ? values.erase(number) : values.set(number, before);
  }
  if (live == (change.kind == ChangeKind::trashed)) at("in the trash and not, by turns that cannot be");
  if (change.kind == ChangeKind::trashed || change.kind == ChangeKind::restored) live = !live;
  if ((change.kind == ChangeKind::created) != (change.previous_sequence == 0)) at("a record's first entry is its creation, and no other");
  if (change.kind == ChangeKind::created && record.created_at_ms != record.id.milliseconds()) at("created at another time than its id says");
  if (change.previous_sequence < change.sequence) return true;
  at("the entry before it is none before it");
  return false;
}

void RecordChecks::finish(VerifiedCounts& counts) {
  std::uint64_t unique_values = 0, ends = 0;
  storage_.scan_unique(workspace_.id, [&](model::TypeNumber, model::FieldNumber, std::string_view, RecordId) { ++unique_values; });
  LinkSum stored, from_the_other_end;
  storage_.scan_link_ends(workspace_.id, [&](RecordId record, model::LinkTypeNumber type, Side side, RecordId other) {
    ++ends;
    side == Side::source ? stored.add(type, record, other) : from_the_other_end.add(type, other, record);
  });
  if (unique_values != unique_forms_) find_stray_unique_values();
  if (ends != link_ends_) find_stray_links();
  if (!(stored == from_the_other_end)) find_one_ended_links();
  if (log_entries_ != workspace_.log_sequence)
    findings_.add("log", fmt::format("of {} entries {} belong to records' histories, in workspace {}", workspace_.log_sequence, log_entries_, workspace_.slug));
  else if (!(stored == logged_links_))
    find_unlogged_links();
  counts.unique_values += unique_values;
  counts.links += ends / 2;
  counts.log_entries += log_entries_;
}

void RecordChecks::find_stray_unique_values() {
  storage_.scan_unique(workspace_.id, [&](model::TypeNumber number, model::FieldNumber field_number, std::string_view value, RecordId holder) {
    const ObjectType* type = schema_.find_type(number);
    const FieldDefinition* field = type ? type->find_field(field_number) : nullptr;
    const auto record = storage_.find_record(workspace_.id, number, holder);
    bool has = false;
    if (field && field->unique && record && record->live()) {
      const auto forms = model::unique_forms(*field, model::decode_fields(record->fields).get(field_number));
      has = std::find(forms.begin(), forms.end(), value) != forms.end();
    }
    if (!has) findings_.add("unique values", fmt::format("type {}, field {}: a value is kept unique for record {}, which does not have it", number, field_number, holder.text()));
  });
}

void RecordChecks::find_stray_links() {
  storage_.scan_link_ends(workspace_.id, [&](RecordId record, model::LinkTypeNumber number, Side side, RecordId other) {
    const model::LinkType* type = schema_.find_link_type(number);
    if (!type || !storage_.is_live(workspace_.id, type->end(side).type, record))
      findings_.add("links", fmt::format("a link of type number {} between {} and {} has an end that is no record", number, record.text(), other.text()));
  });
}

void RecordChecks::find_one_ended_links() {
  LinkBalance ends;
  storage_.scan_link_ends(workspace_.id, [&](RecordId record, model::LinkTypeNumber type, Side side, RecordId other) {
    side == Side::source ? ends.more_in_first(type, record, other) : ends.more_in_second(type, other, record);
  });
  ends.tell(findings_, "links", "has one end only, its source's", "has one end only, its destination's");
}

void RecordChecks::find_unlogged_links() {
  LinkBalance links;
  storage_.scan_log(workspace_.id, 0, [&](const Change& change) {
    for (const model::LinkChange& link : change.links)
      link.added ? links.more_in_first(link.type, link.source, link.destination) : links.more_in_second(link.type, link.source, link.destination);
    return true;
  });
  storage_.scan_link_ends(workspace_.id, [&](RecordId record, model::LinkTypeNumber type, Side side, RecordId other) {
    if (side == Side::source) links.more_in_second(type, record, other);
  });
  links.tell(findings_, "log", "is in the log and not in storage", "is in storage and not in the log");
}

}  // namespace plenoptic::services
