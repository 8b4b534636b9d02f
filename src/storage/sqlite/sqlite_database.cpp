#include "storage/sqlite/sqlite_database.h"

#include <filesystem>
#include <mutex>

#include <fmt/format.h>
#include <sys/stat.h>

#include "storage/sqlite/checkpointer.h"
#include "storage/sqlite/directory_lock.h"
#include "storage/sqlite/end_folder.h"
#include "storage/sqlite/gathering_file_system.h"
#include "storage/sqlite/migrations.h"
#include "storage/sqlite/recovery.h"
#include "storage/sqlite/transaction.h"
#include "storage/sqlite/verify.h"

namespace plenoptic::storage {
namespace {

using namespace sqlite;

/// Half of SQLite's own: writes touch records and links here and there, and each page that is touched goes to the log whole.
constexpr std::int64_t page_bytes = 2048;

void configure(Connection& connection, const SqliteOptions& options) {
  connection.pragma("page_size", page_bytes);  // of a new file
  connection.run("PRAGMA journal_mode = WAL");
  if (options.throw_away)
    connection.run("PRAGMA synchronous = OFF");
  else
    connection.run("PRAGMA synchronous = FULL");
  // SQLite 3.40.1 has the WAL-reset fault: only the Checkpointer checkpoints.
  connection.run("PRAGMA wal_autocheckpoint = 0");
  connection.run("PRAGMA temp_store = MEMORY");
  connection.pragma("mmap_size", 0);
}

/// What is never synced must not wait for it.
const char* file_system(const SqliteOptions& options, const GatheringFileSystem& gathering) { return options.throw_away ? nullptr : gathering.name(); }

Connection open_for_checkpoints(const std::string& path, const SqliteOptions& options, const GatheringFileSystem& gathering) {
  Connection connection(path, SQLITE_OPEN_READWRITE, file_system(options, gathering));
  configure(connection, options);
  return connection;
}

/// A reading connection with its statements.
struct ReadConnection {
  Connection connection;
  ReadStatements statements;

  ReadConnection(const std::string& path, const SqliteOptions& options) : connection(path, SQLITE_OPEN_READWRITE), statements(configured(connection, options)) {}

  static Connection& configured(Connection& connection, const SqliteOptions& options) {
    configure(connection, options);
    connection.pragma("cache_size", -options.page_cache_kib / 8);  // there may be many, and most records are read from kept answers
    return connection;
  }
};

/// Connections that wait for the next snapshot.
class ReadPool {
 public:
  ReadPool(std::string path, SqliteOptions options) : path_(std::move(path)), options_(std::move(options)) {}

  std::unique_ptr<ReadConnection> take() {
    {
      std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        auto connection = std::move(idle_.back());
        idle_.pop_back();
        return connection;
      }
    }
    return std::make_unique<ReadConnection>(path_, options_);
  }

  void give_back(std::unique_ptr<ReadConnection> connection) {
    constexpr std::size_t most_idle = 16;
    std::lock_guard lock(mutex_);
    if (idle_.size() < most_idle) idle_.push_back(std::move(connection));
  }

 private:
  const std::string path_;
  const SqliteOptions options_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<ReadConnection>> idle_;
};

class Snapshot final : public Reading<Reader> {
 public:
  Snapshot(ReadPool& pool, std::unique_ptr<ReadConnection> connection, const RecentEnds& recent)
      : Reading(connection->statements, recent, recent.pin()), pool_(pool), connection_(std::move(connection)) {
    connection_->statements.begin.use().run();
  }

  ~Snapshot() override {
    try {
      connection_->statements.end.use().run();
      pool_.give_back(std::move(connection_));
    } catch (const StorageError&) {
      // The connection goes, and its snapshot with it.
    }
  }

 private:
  ReadPool& pool_;
  std::unique_ptr<ReadConnection> connection_;
};

class SqliteDatabase final : public Database {
 public:
  explicit SqliteDatabase(const SqliteOptions& options)
      : options_(options),
        lock_(options.directory),
        path_(options.directory + "/plenoptic.db"),
        write_out_(path_),
        connection_(open(path_, options, gathering_)),
        read_(connection_),
        write_(connection_),
        recent_(options.recent_ends),
        transaction_(connection_, read_, write_, recent_),
        folder_(connection_, recent_, options.ends_in_slice, options.upkeep_fails),
        pool_(path_, options),
        checkpointer_(
            open_for_checkpoints(path_, options, gathering_), write_out_, [this] { return read(); }, commit_mutex_, options.wal_limit_bytes / page_bytes, options.upkeep_fails) {
    if (!load_ends()) make_ends_anew();
    // The file's size says nothing: it is written over from its beginning. The hook tells the pages in use.
    sqlite3_wal_hook(
        connection_.handle(),
        [](void* self, sqlite3*, const char*, int pages) {
          static_cast<SqliteDatabase*>(self)->checkpointer_.set_pages(pages);
          return SQLITE_OK;
        },
        this);
  }

  ~SqliteDatabase() override {
    if (options_.throw_away || !wrote_) return;
    std::lock_guard lock(commit_mutex_);
    try {
      folder_.fold_all(transaction_);
    } catch (const std::exception&) {
      // The log knows, and the next start reads it.
    }
  }

  std::unique_ptr<Reader> read() override { return std::make_unique<Snapshot>(pool_, pool_.take(), recent_); }

  void write_group(const std::function<void(Writer&)>& work) override {
    std::lock_guard lock(commit_mutex_);
    folder_.require_room();
    transaction_.run([&] {
      work(transaction_);
      folder_.fold_some(transaction_);
    });
    folder_.committed();
    wrote_ = true;
  }

  void maintain() override {
    checkpointer_.maintain();
    std::lock_guard lock(commit_mutex_);
    folder_.maintain(transaction_);
  }

  std::vector<std::string> verify() override { return verify_database(connection_); }

  std::string describe() const override { return fmt::format("SQLite {} in {}", sqlite3_libversion(), path_); }

 private:
  /// The log is read once, from one end to the other: there is no use in keeping its pages, and memory that is touched for the first time costs most.
  bool load_ends() {
    connection_.pragma("cache_size", -1024);
    const bool is_loaded = load_recent_ends(connection_, recent_);
    connection_.pragma("cache_size", -options_.page_cache_kib);
    return is_loaded;
  }

  void make_ends_anew() {
    options_.warn("the end of the change log cannot be read: the far ends of all links are written anew from their records, which takes a minute for millions");
    recent_.forget_from(0);
    try {
      rebuild_ends(connection_, transaction_);
    } catch (const std::runtime_error& failure) {
      const auto* of_storage = dynamic_cast<const StorageError*>(&failure);
      if (of_storage && of_storage->kind != StorageError::Kind::corrupt) throw;
      throw StorageError(StorageError::Kind::corrupt,
                         fmt::format("{} is damaged: neither the end of its change log can be read, nor the links that would stand in for it ({}). Nothing was changed."
                                     " Restore it from a backup.",
                                     path_, failure.what()));
    }
  }

  static Connection open(const std::string& path, const SqliteOptions& options, const GatheringFileSystem& gathering) {
    ::umask(0077);
    Connection connection(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, file_system(options, gathering));
    try {
      if (!options.throw_away) make_believable(sqlite3_filename_wal(sqlite3_db_filename(connection.handle(), "main")));
      configure(connection, options);
      connection.pragma("cache_size", -options.page_cache_kib);
      migrate(connection);
      if (!options.throw_away) sync_recovered(connection, options.directory);
    } catch (const StorageError& failure) {
      if (failure.kind == StorageError::Kind::corrupt)
        throw StorageError(failure.kind, path + " is damaged or no Plenoptic database. Nothing was changed. Restore it from a backup, or name another directory with --data.");
      if (failure.kind == StorageError::Kind::full) throw StorageError(failure.kind, "the disk of " + path + " is full. Nothing was changed. Make room and start again.");
      if (sqlite3_extended_errcode(connection.handle()) == SQLITE_IOERR_SHMSIZE)
        throw StorageError(StorageError::Kind::full, path + "-shm cannot grow, most likely since its disk is full. Nothing was changed. Make room and start again.");
      if (failure.kind == StorageError::Kind::unwritable) throw StorageError(failure.kind, path + " cannot be written. Give this user the right to write it and its directory.");
      throw;
    }
    return connection;
  }

  const SqliteOptions options_;
  DirectoryLock lock_;
  const std::string path_;
  WriteOut write_out_;
  const GatheringFileSystem gathering_;
  Connection connection_;
  ReadStatements read_;
  WriteStatements write_;
  RecentEnds recent_;
  WriteTransaction transaction_;
  EndFolder folder_;
  ReadPool pool_;
  std::mutex commit_mutex_;
  bool wrote_ = false;  // a directory that was only looked at stays as it is
  Checkpointer checkpointer_;
};

}  // namespace

std::unique_ptr<Database> open_sqlite(const SqliteOptions& options) { return std::make_unique<SqliteDatabase>(options); }

}  // namespace plenoptic::storage
