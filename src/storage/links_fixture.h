// A database with accounts, links between them, and what stands of them.
#pragma once

#include <string>
#include <tuple>
#include <vector>

#include "storage/database_fixture.h"
#include "storage/sqlite/sqlite.h"

namespace plenoptic::storage {

class LinksTest : public DatabaseTest {
 protected:
  using Place = std::tuple<model::LinkTypeNumber, model::Side, RecordId>;
  static std::vector<Place> places(const std::vector<model::Link>& links) {
    std::vector<Place> found;
    for (const model::Link& link : links) found.emplace_back(link.type, link.side, link.other);
    return found;
  }
  std::vector<Place> places_of(RecordId record) { return places(database->read()->links(workspace, record)); }

  /// Each change is logged, as the seam asks for.
  bool link(Writer& writer, const model::LinkType& type, RecordId from, RecordId to) {
    const bool changed = writer.add_link(workspace, type, from, to);
    if (changed) tell_log(writer, {type.number, from, to, true});
    return changed;
  }
  bool unlink(Writer& writer, const model::LinkType& type, RecordId from, RecordId to) {
    const bool changed = writer.remove_link(workspace, type, from, to);
    if (changed) tell_log(writer, {type.number, from, to, false});
    return changed;
  }
  void tell_log(Writer& writer, const model::LinkChange& change) {
    model::Change entry{.workspace = workspace, .at_ms = now, .type = model::types::account, .record = change.source};
    entry.links.push_back(change);
    writer.append_change(entry);
  }

  void reopen() {
    database.reset();
    database = open_sqlite({.directory = directory, .recent_ends = 40, .ends_in_slice = 7});
  }
  std::int64_t rows_of_links() {
    sqlite::Connection connection(directory + "/plenoptic.db", SQLITE_OPEN_READWRITE);
    sqlite::Statement count(connection, "SELECT count(*) FROM links");
    auto row = count.use();
    row.step();
    return row.integer(0);
  }

  static constexpr auto source = model::Side::source, destination = model::Side::destination;
  const model::LinkType parent = link_type(7, model::Cardinality::has_one), partners = link_type(5, model::Cardinality::has_many);
};

}  // namespace plenoptic::storage
