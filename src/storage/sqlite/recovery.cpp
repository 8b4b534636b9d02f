#include "storage/sqlite/recovery.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
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

constexpr const char* believed_suffix = "-synced";  // of the file that says so
constexpr std::size_t longest_path = 4096;

/// Every byte, as it is read. Returns the system's number of what failed, or 0.
int write_over(int file) {
  std::vector<char> piece(piece_bytes);
  off_t at = 0;
  ssize_t read = 0;
  while ((read = ::pread(file, piece.data(), piece.size(), at)) > 0) {
    const ssize_t written = ::pwrite(file, piece.data(), static_cast<std::size_t>(read), at);
    if (written < 0) return errno;
    at += written;
  }
  return read < 0 || ::fdatasync(file) != 0 ? errno : 0;
}

int write_over(const std::string& path) {
  const OpenFile file(path, O_RDWR);
  if (file.number() < 0) return errno == ENOENT ? 0 : errno;
  return write_over(file.number());
}

}  // namespace

void disbelieve(const char* log) noexcept {
  std::array<char, longest_path> name{};
  const std::string_view path = log;
  const std::string_view suffix = believed_suffix;
  if (path.size() + suffix.size() >= name.size()) return;
  std::copy(suffix.begin(), suffix.end(), std::copy(path.begin(), path.end(), name.begin()));
  ::unlink(name.data());
}

void make_believable(const std::string& log) {
  const std::string believed = log + believed_suffix;
  if (::access(believed.c_str(), F_OK) == 0) return;
  const int error = write_over(log);
  if (error == EACCES || error == EPERM || error == EROFS) throw StorageError(StorageError::Kind::unwritable, log + " cannot be written");
  if (error == ENOSPC || error == EDQUOT) throw StorageError(StorageError::Kind::full, "there is no room to write over " + log);
  if (error != 0)
    throw StorageError(
        StorageError::Kind::other,
        fmt::format("{} cannot be written over ({}), and the disk may have failed to keep some of it before. Nothing was changed. See what the system's log (dmesg) says of"
                    " the disk, mend it and start again, or restore a backup.",
                    log, std::strerror(error)));
  const OpenFile made(believed, O_WRONLY | O_CREAT);  // or not: then the next start writes over once more
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
