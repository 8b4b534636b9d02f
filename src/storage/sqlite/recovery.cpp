#include "storage/sqlite/recovery.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include <fmt/format.h>

namespace plenoptic::storage::sqlite {
namespace {

constexpr std::size_t piece_bytes = 1 << 20;

class OpenFile {
 public:
  OpenFile(const std::string& path, int flags) : number_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~OpenFile() {
    if (number_ >= 0) ::close(number_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int number() const { return number_; }

 private:
  const int number_;
};

std::string mark_beside(const std::string& log) { return log + "-unsynced"; }

/// Every byte, as it is read. False with errno.
bool write_over(int file) {
  std::vector<char> piece(piece_bytes);
  off_t at = 0;
  ssize_t read = 0;
  while ((read = ::pread(file, piece.data(), piece.size(), at)) > 0) {
    const ssize_t written = ::pwrite(file, piece.data(), static_cast<std::size_t>(read), at);
    if (written <= 0) return false;
    at += written;
  }
  return read == 0 && ::fdatasync(file) == 0;
}

}  // namespace

void mark_unsynced(const char* log) noexcept {
  try {
    const OpenFile mark(mark_beside(log), O_WRONLY | O_CREAT);
  } catch (const std::bad_alloc&) {
    // As where the disk takes no new file: there is nothing more that could be done here.
  }
}

void write_over_unsynced(const std::string& log) {
  const std::string mark = mark_beside(log);
  if (::access(mark.c_str(), F_OK) != 0) return;
  const OpenFile file(log, O_RDWR);
  const bool is_there = file.number() >= 0 || errno != ENOENT;
  if (is_there && (file.number() < 0 || !write_over(file.number())))
    throw StorageError(StorageError::Kind::other,
                       fmt::format("{} cannot be written ({}), and the disk failed to keep some of it before. Nothing was changed. See what the system's log (dmesg) says of the"
                                   " disk, mend it and start again.",
                                   log, std::strerror(errno)));
  ::unlink(mark.c_str());
}

void sync_recovered(Connection& connection, const std::string& directory) {
  sqlite3_file* log = nullptr;
  sqlite3_file_control(connection.handle(), "main", SQLITE_FCNTL_JOURNAL_POINTER, static_cast<void*>(&log));
  if (log && log->pMethods)
    if (const int code = log->pMethods->xSync(log, SQLITE_SYNC_FULL); code != SQLITE_OK) fail(nullptr, code, "syncing the write-ahead log");
  sync_directory(directory);
}

void sync_directory(const std::string& directory) {
  const OpenFile file(directory, O_RDONLY | O_DIRECTORY);
  if (file.number() >= 0) ::fsync(file.number());
}

}  // namespace plenoptic::storage::sqlite
