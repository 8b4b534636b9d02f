#include "storage/sqlite/sqlite.h"

#include <fmt/format.h>

#include "storage/sqlite/page_cache.h"

namespace plenoptic::storage::sqlite {
namespace {

StorageError::Kind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL: return StorageError::Kind::full;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN: return StorageError::Kind::unwritable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return StorageError::Kind::corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return StorageError::Kind::busy;
    default: return StorageError::Kind::other;
  }
}

/// Before main, since SQLite takes no more settings once it was used. Nobody asks it how much memory it has, and to count takes a lock.
const bool configured = use_page_cache() && sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0) == SQLITE_OK;

}  // namespace

void fail(sqlite3* handle, int code, std::string_view doing) {
  const char* said = handle ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  throw StorageError(kind_of(code), fmt::format("the database failed at {}: {} (SQLite code {})", doing, said, code));
}

Connection::Connection(const std::string& path, int flags, const char* file_system) {
  if (!configured) throw std::logic_error("SQLite was used before it was configured");
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, file_system);
  handle_.reset(opened);
  if (code != SQLITE_OK) fail(opened, code, "opening " + path);
  sqlite3_busy_timeout(opened, 5000);
}

void Connection::run_text(std::string_view sql) {
  const std::string text(sql);
  const int code = sqlite3_exec(handle(), text.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(handle(), code, text.substr(0, 60));
}

void Connection::pragma(Sql name, std::int64_t value) { run_text(fmt::format("PRAGMA {} = {}", name.text(), value)); }

Statement::Statement(Connection& connection, Sql sql) {
  sqlite3_stmt* prepared = nullptr;
  const int code = sqlite3_prepare_v3(connection.handle(), sql.text().data(), static_cast<int>(sql.text().size()), SQLITE_PREPARE_PERSISTENT, &prepared, nullptr);
  handle_.reset(prepared);
  if (code != SQLITE_OK) fail(connection.handle(), code, sql.text().substr(0, 60));
}

bool Statement::Use::step() {
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  fail(sqlite3_db_handle(statement_), code, std::string_view(sqlite3_sql(statement_)).substr(0, 60));
}

std::string_view Statement::Use::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_, column);
  return {static_cast<const char*>(data), static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

}  // namespace plenoptic::storage::sqlite
