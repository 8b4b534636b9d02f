#include "storage/sqlite/closed_directory.h"

#include <filesystem>

#include "storage/sqlite/directory_lock.h"
#include "storage/sqlite/end_folder.h"
#include "storage/sqlite/migrations.h"
#include "storage/sqlite/verify.h"

namespace plenoptic::storage {
namespace {

using namespace sqlite;

std::string database_of(const std::string& directory) {
  const std::string path = directory + "/plenoptic.db";
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored))
    throw StorageError(StorageError::Kind::unwritable, "there is no database in " + directory + ". Name the directory that `plenoptic serve --data` has.");
  return path;
}

/// `path` as SQLite's URI, with what must be escaped in one.
std::string uri_of(const std::string& path, std::string_view parameters) {
  std::string uri = "file:";
  for (char c : path) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '%' || c == '?' || c == '#')
      uri += {'%', digits[byte >> 4], digits[byte & 15]};
    else
      uri += c;
  }
  return uri + std::string(parameters);
}

/// Without a write-ahead log the file is all there is, and `immutable` makes nothing beside it. With one, its index is kept in memory
/// (exclusive locking) and closing does not empty it.
Connection open(const std::string& path) {
  std::error_code none;
  if (const auto journal_bytes = std::filesystem::file_size(path + "-journal", none); !none && journal_bytes > 0)
    throw StorageError(StorageError::Kind::other, path + " was interrupted while it was made. Start the server on it once: it finishes or undoes that, and then check again.");
  const auto log_bytes = std::filesystem::file_size(path + "-wal", none);
  if (none || log_bytes == 0) return {uri_of(path, "?immutable=1"), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI};
  Connection connection(path, SQLITE_OPEN_READWRITE);
  sqlite3_db_config(connection.handle(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  connection.run("PRAGMA locking_mode = EXCLUSIVE");
  connection.run("PRAGMA query_only = ON");
  return connection;
}

/// Every page is looked at several times, in the order of several keys.
Connection& configured(Connection& connection) {
  connection.run("PRAGMA cache_size = -131072");
  connection.run("PRAGMA temp_store = MEMORY");
  connection.pragma("mmap_size", std::int64_t{4} << 30);
  return connection;
}

/// Its statements know the tables of this program's form.
Connection& known(Connection& connection) {
  if (!is_current(connection))
    throw StorageError(StorageError::Kind::other,
                       "the database has another form than this program's. Check it with the version that wrote it, or start this one's server on it once.");
  return connection;
}

}  // namespace

struct ClosedDirectory::Parts {
  DirectoryLock lock;
  Connection connection;
  ReadStatements statements;
  RecentEnds recent{0};
  Reading<Reader> reader;

  explicit Parts(const std::string& directory)
      : lock(directory, DirectoryLock::Purpose::look),
        connection(open(database_of(directory))),
        statements(known(configured(connection))),
        reader(statements, recent, recent.pin()) {
    statements.begin.use().run();
    load_recent_ends(connection, recent);  // where the log cannot be read, the checks say so
  }
};

ClosedDirectory::ClosedDirectory(const std::string& directory) : parts_(std::make_unique<Parts>(directory)) {}

ClosedDirectory::~ClosedDirectory() = default;

Reader& ClosedDirectory::reader() { return parts_->reader; }

std::vector<std::string> ClosedDirectory::check() { return verify_database(parts_->connection); }

}  // namespace plenoptic::storage
