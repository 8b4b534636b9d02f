#include "storage/sqlite/link_pieces.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace plenoptic::storage::sqlite {
namespace {

using model::Side;

RecordId far_end(Side side, const EndChange& change) { return side == Side::source ? change.record : change.source; }

std::string bytes_of(std::span<const RecordId> ids) {
  std::string bytes;
  bytes.reserve(ids.size() * RecordId::byte_count);
  for (const RecordId id : ids) bytes.append(id.bytes().data(), RecordId::byte_count);
  return bytes;
}

}  // namespace

LinkPieces::LinkPieces(Connection& connection)
    : find_(connection, "SELECT start, others FROM links WHERE workspace_id = ? AND record_id = ? AND type = ? AND side = ? AND start <= ? ORDER BY start DESC LIMIT 1"),
      next_(connection, "SELECT start FROM links WHERE workspace_id = ? AND record_id = ? AND type = ? AND side = ? AND start > ? ORDER BY start LIMIT 1"),
      insert_(connection, "INSERT INTO links (workspace_id, record_id, type, side, start, others) VALUES (?, ?, ?, ?, ?, ?)"),
      update_(connection, "UPDATE links SET others = ?6 WHERE workspace_id = ?1 AND record_id = ?2 AND type = ?3 AND side = ?4 AND start = ?5"),
      delete_(connection, "DELETE FROM links WHERE workspace_id = ? AND record_id = ? AND type = ? AND side = ? AND start = ?") {}

bool LinkPieces::change(Side side, std::span<const EndChange> changes) {
  const EndChange& first = changes.front();
  const Key key{first.workspace, (side == Side::source ? first.source : first.record).bytes(), first.type, static_cast<int>(side)};
  bool changed = false;
  for (auto change = changes.begin(); change != changes.end();) {
    Piece piece = find(key, far_end(side, *change));
    const RecordId last = piece.ids.empty() ? RecordId() : piece.ids.back();
    std::optional<RecordId> end;  // looked up where it is asked for
    const auto is_here = [&](RecordId id) {
      if (id <= last) return true;
      if (!end) end = end_of(key, piece);
      return id < *end;
    };
    bool piece_changed = false;
    do {
      const RecordId id = far_end(side, *change);
      const auto place = std::lower_bound(piece.ids.begin(), piece.ids.end(), id);
      const bool is_there = place != piece.ids.end() && *place == id;
      if (is_there == change->added) continue;
      piece_changed = true;
      change->added ? piece.ids.insert(place, id) : piece.ids.erase(place);
    } while (++change != changes.end() && is_here(far_end(side, *change)));
    if (piece_changed) store(key, piece, !piece.ids.empty() && last < piece.ids.back());
    changed |= piece_changed;
  }
  return changed;
}

void LinkPieces::add(WorkspaceId workspace, RecordId record, std::span<const HeldLink> set) {
  const Side side = set.front().side;
  std::vector<EndChange> changes;
  for (const HeldLink& link : set) {
    const auto& [source, destination] = side == Side::source ? std::pair(record, link.other) : std::pair(link.other, record);
    changes.push_back({.record = destination, .source = source, .workspace = workspace, .type = link.type, .added = true});
  }
  change(side, changes);
}

LinkPieces::Piece LinkPieces::find(const Key& key, RecordId id) {
  const auto bytes = id.bytes();
  auto row = find_.use();
  if (!row.bind(key.workspace.value, key.record, key.type, key.side, bytes).step()) return {};
  Piece piece{.start = std::string(row.bytes(0)), .ids = {}, .is_stored = true};
  piece.ids.reserve(most_ids_in_piece + 1);
  for_each_id(row.bytes(1), [&](RecordId other) { piece.ids.push_back(other); });
  return piece;
}

RecordId LinkPieces::end_of(const Key& key, const Piece& piece) {
  auto row = next_.use();
  return row.bind(key.workspace.value, key.record, key.type, key.side, piece.start).step() ? id_of(row.bytes(0)) : RecordId::greatest();
}

void LinkPieces::store(const Key& key, const Piece& piece, bool grew_at_end) {
  if (piece.ids.empty()) return delete_.use().bind(key.workspace.value, key.record, key.type, key.side, piece.start).run();
  const std::size_t pieces = (piece.ids.size() + most_ids_in_piece - 1) / most_ids_in_piece;
  // What grows at its end goes on there: full pieces are left behind. Otherwise each may grow.
  const std::size_t size = grew_at_end ? most_ids_in_piece : (piece.ids.size() + pieces - 1) / pieces;
  for (std::size_t from = 0; from < piece.ids.size(); from += size) {
    const auto ids = std::span(piece.ids).subspan(from, std::min(size, piece.ids.size() - from));
    const std::string start = from == 0 ? piece.start : bytes_of(ids.first(1)), others = bytes_of(ids);
    Statement& write = from == 0 && piece.is_stored ? update_ : insert_;
    write.use().bind(key.workspace.value, key.record, key.type, key.side, start, others).run();
  }
}

}  // namespace plenoptic::storage::sqlite
