// A database with two workspaces of the same records and links between them that come and go, and what stands of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "storage/database_fixture.h"
#include "storage/sqlite/held_links.h"
#include "storage/sqlite/sqlite.h"

namespace plenoptic::storage {

using model::Cardinality;
using model::Side;

class RecentEndsTest : public DatabaseTest {
 protected:
  static constexpr std::size_t record_count = 9;

  /// Workspace, type, source, destination. Both workspaces have records of the same ids.
  using OneLink = std::tuple<WorkspaceId, model::LinkTypeNumber, RecordId, RecordId>;
  using Links = std::set<OneLink>;

  void SetUp() override {
    DatabaseTest::SetUp();
    open_with(7);
    database->write_group([&](Writer& writer) {
      workspaces = {workspace, writer.create_workspace({.slug = "v", .name = "V", .settings = "{}", .schema_version = 1})};
      writer.put_definition(workspaces[1], {DefinitionKind::object_type, model::types::account, 0, "{}"});
      for (std::size_t i = 0; i < record_count; ++i) {
        const model::Record record = make(writer);
        records.push_back(record.id);
        writer.insert_record(workspaces[1], record);
      }
    });
  }

  /// Slices so small that a fold takes many groups.
  void open_with(std::size_t recent_ends) {
    database.reset();
    database = open_sqlite({.directory = directory,
                            .recent_ends = recent_ends,
                            .ends_in_slice = 2,
                            .warn = [this](const std::string&) { ++warnings; },
                            .upkeep_fails = [this](const std::string&) { ++upkeep_failures; }});
  }

  /// A copy as a killed server would leave the directory, opened.
  void crash_and_open() {
    namespace fs = std::filesystem;
    const std::string copy = directory + "-crashed";
    fs::remove_all(copy);
    fs::create_directory(copy);
    for (const char* file : {"/plenoptic.db", "/plenoptic.db-wal"})
      if (fs::exists(directory + file)) fs::copy_file(directory + file, copy + file);
    database.reset();
    fs::remove_all(directory);
    fs::rename(copy, directory);
    open_with(7);
  }

  void run_sql(const std::string& sql) {
    sqlite::Connection connection(directory + "/plenoptic.db", SQLITE_OPEN_READWRITE);
    ASSERT_EQ(sqlite3_exec(connection.handle(), sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
  }

  std::int64_t ask_sql(const std::string& sql) {
    sqlite::Connection connection(directory + "/plenoptic.db", SQLITE_OPEN_READWRITE);
    std::int64_t answer = -1;
    const auto take = [](void* to, int, char** columns, char**) {
      *static_cast<std::int64_t*>(to) = std::atoll(columns[0]);
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(connection.handle(), sql.c_str(), take, &answer, nullptr), SQLITE_OK);
    return answer;
  }
  std::int64_t workspaces_behind() { return ask_sql("SELECT count(*) FROM workspaces WHERE ends_at <> log_sequence"); }
  std::int64_t link_bytes() { return ask_sql("SELECT sum(length(links)) FROM records"); }
  /// Of destinations, in their rows or in pieces.
  std::size_t folded_ends() {
    sqlite::Connection connection(directory + "/plenoptic.db", SQLITE_OPEN_READWRITE);
    sqlite::Statement rows(connection, "SELECT links FROM records");
    auto count = static_cast<std::size_t>(ask_sql("SELECT coalesce(sum(length(others)), 0) / 16 FROM links WHERE side = 1"));
    auto row = rows.use();
    for (sqlite::HeldLinks links; row.step();) {
      links.decode(row.bytes(0));
      count += static_cast<std::size_t>(std::count_if(links.all().begin(), links.all().end(), [](const sqlite::HeldLink& link) { return link.side == Side::destination; }));
    }
    return count;
  }

  void append(Writer& writer, WorkspaceId in, RecordId record, std::vector<model::LinkChange> changes) {
    model::Change entry{.workspace = in, .at_ms = now, .type = model::types::account, .record = record};
    entry.links = std::move(changes);
    writer.append_change(entry);
  }

  /// A link, taken away where it is there.
  void change_one(Writer& writer, Links& links) {
    const model::LinkType& type = types[random() % types.size()];
    const WorkspaceId in = workspaces[random() % 3 == 0];
    const RecordId from = records[random() % record_count], to = records[random() % record_count];
    const bool add = !links.contains({in, type.number, from, to});
    EXPECT_TRUE(add ? writer.add_link(in, type, from, to) : writer.remove_link(in, type, from, to));
    if (add)
      links.insert({in, type.number, from, to});
    else
      links.erase({in, type.number, from, to});
    append(writer, in, from, {{type.number, from, to, add}});
  }

  /// A group of requests, some undone; now and then the whole of it fails.
  void run_group() {
    Links after = links;
    const bool fails = random() % 8 == 0;
    const auto work = [&](Writer& writer) {
      for (std::size_t request = 0; request < 3; ++request) {
        Links trial = after;
        writer.begin_request();
        for (std::size_t change = random() % 3; change > 0; --change) change_one(writer, trial);
        expect_links(writer, trial);
        if (random() % 4 == 0) {
          writer.undo_request();
        } else {
          writer.keep_request();
          after = std::move(trial);
        }
      }
      expect_links(writer, after);
      if (fails) throw std::runtime_error("the group fails");
    };
    if (fails) {
      EXPECT_THROW(database->write_group(work), std::runtime_error);
    } else {
      database->write_group(work);
      links = std::move(after);
    }
  }

  void expect_links(Reader& reader, const Links& expected) {
    for (const WorkspaceId in : workspaces)
      for (const RecordId record : records) {
        std::vector<std::tuple<model::LinkTypeNumber, Side, RecordId>> wanted, found;
        for (const auto& [of, type, from, to] : expected) {
          if (of == in && from == record) wanted.emplace_back(type, Side::source, to);
          if (of == in && to == record) wanted.emplace_back(type, Side::destination, from);
        }
        std::sort(wanted.begin(), wanted.end());
        for (const model::Link& link : reader.links(in, record)) found.emplace_back(link.type, link.side, link.other);
        ASSERT_EQ(found, wanted);
        for (const model::LinkType& type : types)
          for (const Side side : {Side::source, Side::destination}) {
            const auto of_view = std::count_if(wanted.begin(), wanted.end(), [&](const auto& link) { return std::get<0>(link) == type.number && std::get<1>(link) == side; });
            ASSERT_EQ(reader.links(in, type, side, record).size(), static_cast<std::size_t>(of_view));
          }
      }
  }

  void expect_all_ends(Reader& reader, const Links& expected) {
    std::multiset<OneLink> sources, destinations;
    for (const WorkspaceId in : workspaces)
      reader.scan_link_ends(in, [&](RecordId record, model::LinkTypeNumber type, Side side, RecordId other) {
        side == Side::source ? sources.emplace(in, type, record, other) : destinations.emplace(in, type, other, record);
      });
    const std::multiset<OneLink> wanted(expected.begin(), expected.end());
    EXPECT_EQ(sources, wanted);
    EXPECT_EQ(destinations, wanted);
  }

  void expect_all() {
    const auto reader = database->read();
    ASSERT_NO_FATAL_FAILURE(expect_links(*reader, links));
    expect_all_ends(*reader, links);
  }

  /// So many that a record has more links, now and then, than its row holds.
  const std::vector<model::LinkType> types{link_type(3, Cardinality::has_one),  link_type(4, Cardinality::has_many), link_type(5, Cardinality::has_one),
                                           link_type(6, Cardinality::has_many), link_type(8, Cardinality::has_many), link_type(9, Cardinality::has_many),
                                           link_type(10, Cardinality::has_one), link_type(11, Cardinality::has_many)};
  std::mt19937 random{20261125};
  std::array<WorkspaceId, 2> workspaces;
  std::vector<RecordId> records;
  Links links;
  int warnings = 0, upkeep_failures = 0;
};

}  // namespace plenoptic::storage
