#include "storage/sqlite/recovery.h"

#include <fcntl.h>
#include <unistd.h>

namespace plenoptic::storage::sqlite {

void sync_recovered(Connection& connection, const std::string& directory) {
  sqlite3_file* log = nullptr;
  sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log));
  if (log && log->pMethods)
    if (const int code = log->pMethods->xSync(log, SQLITE_SYNC_FULL); code != SQLITE_OK) fail(nullptr, code, "syncing the write-ahead log");
  sync_directory(directory);
}

void sync_directory(const std::string& directory) {
  const int file = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

}  // namespace plenoptic::storage::sqlite
