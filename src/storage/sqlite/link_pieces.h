// Rows of `links`. Where a record has more links than its own row holds (held_links.h), those of one type at one side are rows of up to 27
// others' ids in order: pieces.
//
// The first piece has no start, each other begins with the id that was its first when it was made. So a key never changes while its
// piece does, and the piece of an id is the last one that does not start after it.
#pragma once

#include <array>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "storage/sqlite/held_links.h"
#include "storage/sqlite/recent_ends.h"
#include "storage/sqlite/rows.h"

namespace plenoptic::storage::sqlite {

/// What stays on its page: SQLite moves a row's end to a page of its own from 488 bytes on where pages have 2 KiB. verify.cpp has it too.
inline constexpr std::size_t most_ids_in_piece = 27;

/// Calls `visit` with each id of a piece. Throws std::runtime_error where `others` is none of those that LinkPieces writes.
template <typename Visit>
void for_each_id(std::string_view others, const Visit& visit) {
  const auto require = [](bool sound) {
    if (!sound) throw std::runtime_error("a row of links does not decode");
  };
  require(!others.empty() && others.size() % RecordId::byte_count == 0);
  for (std::string_view before; !others.empty(); others.remove_prefix(RecordId::byte_count)) {
    const std::string_view id = others.substr(0, RecordId::byte_count);
    require(before < id);
    before = id;
    visit(id_of(id));
  }
}

/// Of the writing connection, in a transaction.
class LinkPieces {
 public:
  explicit LinkPieces(Connection& connection);

  /// Writes what `changes` say of a record's links: all of one workspace and type and, at `side`, of one record; by the other's id, ascending.
  /// Whether anything is now otherwise.
  bool change(model::Side side, std::span<const EndChange> changes);
  /// A record's whole set, as it moves out of its row.
  void add(WorkspaceId workspace, RecordId record, std::span<const HeldLink> set);

 private:
  /// A record's side of a type.
  struct Key {
    WorkspaceId workspace;
    std::array<char, RecordId::byte_count> record;
    LinkTypeNumber type;
    int side;
  };
  struct Piece {
    std::string start;  // empty: the first one
    std::vector<RecordId> ids;
    bool is_stored = false;
  };
  Piece find(const Key& key, RecordId id);
  /// Where the next piece begins; the greatest id of all where there is none.
  RecordId end_of(const Key& key, const Piece& piece);
  /// Writes it as one row, as several or as none.
  void store(const Key& key, const Piece& piece, bool grew_at_end);

  Statement find_, next_, insert_, update_, delete_;
};

}  // namespace plenoptic::storage::sqlite
