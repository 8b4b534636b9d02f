#include "services/field_history.h"

#include <charconv>

#include <fmt/format.h>

#include "base/id.h"
#include "model/errors.h"

namespace plenoptic::services {
namespace {

using model::Change;
using model::ChangeKind;
using model::Record;
using model::Value;

/// What a page reads of the log: a record may have been written a million times, with megabytes each.
class Allowance {
 public:
  bool is_spent() const { return entries_ == 0 || bytes_ <= 0; }
  void spend(const Change& change) {
    --entries_;
    for (const model::FieldValues* values : {&change.before, &change.after})
      for (const auto& [number, value] : values->entries())
        if (const auto* text = std::get_if<std::string>(&value)) bytes_ -= static_cast<std::int64_t>(text->size());
  }

 private:
  std::size_t entries_ = 5'000;
  std::int64_t bytes_ = 16 << 20;
};

/// Where a page goes on.
struct Place {
  std::uint64_t next = 0;   // the log entry to look at
  std::uint64_t first = 0;  // the one that the first page began at
  std::uint64_t shown = 0;  // the one whose value was shown last; 0: none was
};

/// Sealed to this record and field, so that one of another is told as that.
std::string make_cursor(const Record& record, const model::FieldDefinition& field, const Place& at) {
  const std::string digest = base::sha256(fmt::format("{}/{}/{}/{}/{}", record.id.text(), field.number, at.next, at.first, at.shown));
  std::string seal;
  for (std::size_t i = 0; i < 8; ++i) seal += fmt::format("{:02x}", static_cast<unsigned char>(digest[i]));
  return fmt::format("{}.{}.{}.{}", at.next, at.first, at.shown, seal);
}

/// Anybody can make a seal: that the entries are of this record is looked up.
Place read_cursor(storage::Reader& storage, model::WorkspaceId workspace, const Record& record, const model::FieldDefinition& field, std::string_view cursor) {
  Place at;
  const char *from = cursor.data(), *const end = from + cursor.size();
  for (std::uint64_t* part : {&at.next, &at.first, &at.shown}) {
    const auto [stop, failure] = std::from_chars(from, end, *part);
    if (failure != std::errc() || stop == end) throw model::errors::invalid_cursor();
    from = stop + 1;
  }
  if (make_cursor(record, field, at) != cursor) throw model::errors::invalid_cursor();
  const auto is_of_record = [&](std::uint64_t sequence) {
    const std::optional<Change> change = storage.find_change(workspace, sequence);
    return change && change->type == record.type && change->record == record.id;
  };
  if (!is_of_record(at.next) || (at.shown != 0 && !is_of_record(at.shown))) throw model::errors::invalid_cursor();
  return at;
}

}  // namespace

HistoryPage field_history(storage::Reader& storage, model::WorkspaceId workspace, const Record& record, const model::FieldDefinition& field, std::size_t limit,
                          const std::optional<std::string>& after) {
  Place at = after ? read_cursor(storage, workspace, record, field, *after) : Place{.next = record.version, .first = record.version};
  Allowance allowance;
  const auto read = [&](std::uint64_t sequence) {
    std::optional<Change> change = storage.find_change(workspace, sequence);
    if (change) allowance.spend(*change);
    return change;
  };
  // The log leaves out what a record was created with: it is what the oldest change found, or what there is. Where none was shown,
  // one may have come since the first page.
  const auto created_with = [&] {
    if (at.shown != 0) return read(at.shown)->before.get(field.number);
    Value value = model::decode_fields(record.fields).get(field.number);
    allowance = {};
    for (std::uint64_t sequence = record.version; sequence > at.first;) {
      const std::optional<Change> later = allowance.is_spent() ? std::nullopt : read(sequence);
      if (!later) throw model::errors::invalid_cursor();  // so many came that it is another history: begin anew
      if (later->after.find(field.number)) value = later->before.get(field.number);
      sequence = later->previous_sequence;
    }
    return value;
  };
  HistoryPage page;
  while (at.next != 0) {
    if (allowance.is_spent()) {
      page.next_cursor = make_cursor(record, field, at);
      break;
    }
    const std::optional<Change> change = read(at.next);
    if (!change) break;
    const bool is_create = change->kind == ChangeKind::created;
    const Value value = is_create ? created_with() : change->after.get(field.number);
    if (is_create ? !model::is_unset(value) : change->after.find(field.number) != nullptr) {
      if (page.entries.size() == limit) {
        page.next_cursor = make_cursor(record, field, at);
        break;
      }
      page.entries.push_back({value, is_create ? record.created_at_ms : change->at_ms, is_create});
      at.shown = at.next;
    }
    if (is_create) break;
    at.next = change->previous_sequence;
  }
  // A page of a longer history does not say which value was the first.
  if (after || page.next_cursor)
    for (HistoryEntry& entry : page.entries) entry.is_create = false;
  return page;
}

}  // namespace plenoptic::services
