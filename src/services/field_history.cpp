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

constexpr std::size_t most_read = 5'000;  // log entries for a page: a record may have been written a million times

/// Where a page goes on.
struct Place {
  std::uint64_t next = 0;   // the log entry to look at
  std::uint64_t shown = 0;  // the one whose value was shown last; 0: none was
};

/// Sealed to this record and field, so that one of another is told as that.
std::string make_cursor(const Record& record, const model::FieldDefinition& field, const Place& at) {
  const std::string digest = base::sha256(fmt::format("{}/{}/{}/{}", record.id.text(), field.number, at.next, at.shown));
  std::string seal;
  for (std::size_t i = 0; i < 8; ++i) seal += fmt::format("{:02x}", static_cast<unsigned char>(digest[i]));
  return fmt::format("{}.{}.{}", at.next, at.shown, seal);
}

/// Anybody can make a seal: that the entries are of this record is looked up.
Place read_cursor(storage::Reader& storage, model::WorkspaceId workspace, const Record& record, const model::FieldDefinition& field, std::string_view cursor) {
  Place at;
  const char* const end = cursor.data() + cursor.size();
  const auto next = std::from_chars(cursor.data(), end, at.next);
  if (next.ec != std::errc() || next.ptr == end) throw model::errors::invalid_cursor();
  const auto shown = std::from_chars(next.ptr + 1, end, at.shown);
  if (shown.ec != std::errc() || make_cursor(record, field, at) != cursor) throw model::errors::invalid_cursor();
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
  Place at = after ? read_cursor(storage, workspace, record, field, *after) : Place{record.version};
  // The log leaves out what a record was created with: it is what the oldest change found, or what there is.
  const auto created_with = [&] {
    if (at.shown == 0) return model::decode_fields(record.fields).get(field.number);
    const std::optional<Change> oldest = storage.find_change(workspace, at.shown);
    return oldest ? oldest->before.get(field.number) : Value();
  };
  HistoryPage page;
  for (std::size_t read = 0; at.next != 0; ++read) {
    if (read == most_read) {
      page.next_cursor = make_cursor(record, field, at);
      break;
    }
    const std::optional<Change> change = storage.find_change(workspace, at.next);
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
