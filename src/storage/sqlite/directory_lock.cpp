#include "storage/sqlite/directory_lock.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/database.h"
#include "storage/sqlite/recovery.h"

namespace plenoptic::storage::sqlite {
namespace {

void make_directory(const std::string& directory) {
  std::error_code failure;
  if (std::filesystem::is_directory(directory, failure)) return;
  std::filesystem::create_directories(directory, failure);
  if (failure)
    throw StorageError(StorageError::Kind::unwritable, "the data directory " + directory + " cannot be made: " + failure.message() + ". Make it, or name another with --data.");
  ::chmod(directory.c_str(), 0700);
  sync_directory(std::filesystem::absolute(directory).parent_path().string());
}

std::string holder_of(int file) {
  std::array<char, 32> text{};
  const ssize_t size = ::pread(file, text.data(), text.size() - 1, 0);
  return size > 0 ? " (process " + std::string(text.data(), static_cast<std::size_t>(size)) + ")" : "";
}

}  // namespace

DirectoryLock::DirectoryLock(const std::string& directory, Purpose purpose) {
  const std::string path = directory + "/plenoptic.lock";
  if (purpose == Purpose::look) {
    file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file_ >= 0) lock(directory, LOCK_SH);
    return;
  }
  make_directory(directory);
  file_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file_ < 0)
    throw StorageError(StorageError::Kind::unwritable, "the data directory " + directory + " cannot be written: " + std::strerror(errno) +
                                                           ". Give this user the right to write there, or name another with --data.");
  lock(directory, LOCK_EX);
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(file_, 0) != 0 || ::pwrite(file_, pid.data(), pid.size(), 0) < 0) {
    // The pid is a help for messages only.
  }
}

void DirectoryLock::lock(const std::string& directory, int how) {
  if (::flock(file_, how | LOCK_NB) == 0) return;
  const std::string holder = holder_of(file_);
  ::close(file_);
  throw StorageError(StorageError::Kind::busy, "another Plenoptic" + holder + " is running on " + directory + ". Stop it first, or name another directory.");
}

DirectoryLock::~DirectoryLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace plenoptic::storage::sqlite
