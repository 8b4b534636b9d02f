// Links that stand in a row of `records`: all of a record's, at both sides, until they are many. A record is then read with its links, and
// written with them, by a look at one page. What is too much for a row stands in `links` (link_pieces.h), and the row says which.
#pragma once

#include <compare>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/definitions.h"

namespace plenoptic::storage::sqlite {

/// Seen from the record that holds it.
struct HeldLink {
  model::LinkTypeNumber type = 0;
  model::Side side = model::Side::source;  // where the record stands
  model::RecordId other;
  auto operator<=>(const HeldLink&) const = default;
};

/// One record's.
class HeldLinks {
 public:
  /// All links of a type at one side.
  struct Set {
    model::LinkTypeNumber type = 0;
    model::Side side = model::Side::source;
    auto operator<=>(const Set&) const = default;
  };
  /// So many links in a row, of all sets together; then the largest set moves out. Three quarters of a KiB: few rows of that size need a page of their own.
  static constexpr std::size_t most = 48;

  /// Ascending.
  const std::vector<HeldLink>& all() const { return links_; }
  std::span<const HeldLink> of(Set set) const;
  /// Sets that stand in pieces, ascending. One that once did stays there, so that none goes back and forth.
  const std::vector<Set>& in_pieces() const { return in_pieces_; }
  bool are_in_pieces(Set set) const;

  /// False where that was so before. Not of a set in pieces.
  bool change(const HeldLink& link, bool added);
  bool are_too_many() const { return links_.size() > most; }
  void mark_in_pieces(Set set);
  /// From now on the largest set stands in pieces: what it held.
  std::vector<HeldLink> move_largest_out();
  /// As if the record stood at this side of no link.
  void forget(model::Side side);
  void clear();

  /// The column's form: for each set in order 4 bytes of type (big endian), one of side, one that counts, and 16 for each id. A set in pieces counts 0.
  std::string encode() const;
  /// Memory is used again. Throws std::runtime_error where `bytes` is nothing that encode() makes.
  void decode(std::string_view bytes);

 private:
  static Set set_of(const HeldLink& link) { return {link.type, link.side}; }

  std::vector<HeldLink> links_;
  std::vector<Set> in_pieces_;
};

}  // namespace plenoptic::storage::sqlite
