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

/// A cursor names the log entry that the next page starts at, sealed to this record and field.
std::string make_cursor(const Record& record, const model::FieldDefinition& field, std::uint64_t sequence) {
  const std::string digest = base::sha256(fmt::format("{}/{}/{}", record.id.text(), field.number, sequence));
  std::string seal;
  for (std::size_t i = 0; i < 8; ++i) seal += fmt::format("{:02x}", static_cast<unsigned char>(digest[i]));
  return fmt::format("{}.{}", sequence, seal);
}

std::uint64_t read_cursor(const Record& record, const model::FieldDefinition& field, std::string_view cursor) {
  std::uint64_t sequence = 0;
  const auto [end, failure] = std::from_chars(cursor.data(), cursor.data() + cursor.size(), sequence);
  if (failure != std::errc() || make_cursor(record, field, sequence) != cursor) throw model::errors::invalid_cursor();
  return sequence;
}

/// Walks the record's chain of log entries back and calls `visit(value, sequence, at, is_create)` for each value
/// the field was given, newest first, until it returns false.
template <typename Visit>
void walk(storage::Reader& storage, model::WorkspaceId workspace, const Record& record, const model::FieldDefinition& field, Visit visit) {
  const model::FieldValues now = model::decode_fields(record.fields);
  Value value = now.get(field.number);
  for (std::uint64_t sequence = record.version; sequence != 0;) {
    const std::optional<Change> change = storage.find_change(workspace, sequence);
    if (!change) return;
    if (change->kind == ChangeKind::created) {
      if (!model::is_unset(value)) visit(value, sequence, record.created_at_ms, true);
      return;
    }
    if (change->after.find(field.number)) {
      if (!visit(change->after.get(field.number), sequence, change->at_ms, false)) return;
      value = change->before.get(field.number);
    }
    sequence = change->previous_sequence;
  }
}

}  // namespace

HistoryPage field_history(storage::Reader& storage, model::WorkspaceId workspace, const Record& record, const model::FieldDefinition& field, std::size_t limit,
                          const std::optional<std::string>& after) {
  const std::uint64_t start = after ? read_cursor(record, field, *after) : record.version;
  HistoryPage page;
  walk(storage, workspace, record, field, [&](const Value& value, std::uint64_t sequence, std::int64_t at_ms, bool is_create) {
    if (sequence > start) return true;
    if (page.entries.size() == limit) {
      page.next_cursor = make_cursor(record, field, sequence);
      return false;
    }
    page.entries.push_back({value, at_ms, is_create});
    return true;
  });
  // A page of a longer history does not say which value was the first.
  if (after || page.next_cursor)
    for (HistoryEntry& entry : page.entries) entry.is_create = false;
  return page;
}

}  // namespace plenoptic::services
