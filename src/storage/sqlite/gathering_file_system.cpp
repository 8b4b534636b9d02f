#include "storage/sqlite/gathering_file_system.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>

#include "storage/sqlite/recovery.h"

namespace plenoptic::storage::sqlite {
namespace {

constexpr std::size_t most_gathered = 1 << 20;
constexpr std::size_t most_written = 64 << 10;  // at once: SQLite's own file system takes 17 bits of a size
constexpr sqlite3_int64 grown_by = 1 << 20;
constexpr sqlite3_int64 header_bytes = 32;  // of a log: synced before the first frame is written
constexpr std::array<char, most_written> zeros{};

/// A write-ahead log's file. SQLite gives the memory and sees the first member only; the file below follows this object.
struct LogFile {
  sqlite3_file seen;
  const char* path = nullptr;  // SQLite keeps it until the file is closed
  bool is_dropped = false;     // some of it, by the system: a sync failed
  std::string gathered;
  sqlite3_int64 begin = 0;  // where the gathered bytes stand in the file
  sqlite3_int64 size = 0;   // of the file, as it was when the log began anew and has grown since

  static LogFile& of(sqlite3_file* file) { return *reinterpret_cast<LogFile*>(file); }
  sqlite3_file* below() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  sqlite3_int64 end() const { return begin + static_cast<sqlite3_int64>(gathered.size()); }

  /// What cannot be written is forgotten: the transaction that wrote it fails, and the next one writes there again.
  int flush() {
    if (gathered.empty()) return SQLITE_OK;
    int code = SQLITE_OK;
    for (std::size_t at = 0; at < gathered.size() && code == SQLITE_OK; at += most_written)
      code = put(std::string_view(gathered).substr(at, most_written), begin + static_cast<sqlite3_int64>(at));
    if (code == SQLITE_OK) code = grow();
    gathered.clear();
    return code;
  }

  /// A quota, or a limit of the file's size, is as good as a full disk: SQLite knows one of the three.
  int put(std::string_view bytes, sqlite3_int64 at) {
    const int code = below()->pMethods->xWrite(below(), bytes.data(), static_cast<int>(bytes.size()), at);
    if (code != SQLITE_IOERR_WRITE) return code;
    int reason = 0;
    below()->pMethods->xFileControl(below(), SQLITE_FCNTL_LAST_ERRNO, &reason);
    return reason == EDQUOT || reason == EFBIG ? SQLITE_FULL : code;
  }
  int find_size() { return below()->pMethods->xFileSize(below(), &size); }

  /// Once frames reach the file's end: zeros, which are no frame to SQLite, up to the next MiB. Never before the header is durable: a log that was
  /// cut would come back, if that is lost, with a hole in it. Where they cannot be written, the log goes on without.
  int grow() {
    if (begin < header_bytes) return SQLITE_OK;
    if (begin == header_bytes)  // it may have been cut, here or by the checkpointer
      if (const int code = find_size(); code != SQLITE_OK) return code;
    if (end() < size) return SQLITE_OK;
    size = end();
    const sqlite3_int64 whole = (size / grown_by + 1) * grown_by;
    while (size < whole) {
      const auto piece = static_cast<std::size_t>(std::min<sqlite3_int64>(whole - size, zeros.size()));
      if (put({zeros.data(), piece}, size) != SQLITE_OK) return find_size();
      size += static_cast<sqlite3_int64>(piece);
    }
    return SQLITE_OK;
  }

  int write(std::string_view bytes, sqlite3_int64 at) {
    if (!gathered.empty() && at >= begin && at + static_cast<sqlite3_int64>(bytes.size()) <= end()) {
      std::memcpy(gathered.data() + (at - begin), bytes.data(), bytes.size());
      return SQLITE_OK;
    }
    if (!gathered.empty() && (at != end() || gathered.size() + bytes.size() > most_gathered))
      if (const int code = flush(); code != SQLITE_OK) return code;
    if (gathered.empty()) begin = at;
    gathered += bytes;
    return SQLITE_OK;
  }
};

/// Calls a method of the file below once what was gathered is in it.
template <typename Method, typename... Arguments>
int flushed(sqlite3_file* file, Method method, Arguments... arguments) {
  LogFile& log = LogFile::of(file);
  if (const int code = log.flush(); code != SQLITE_OK) return code;
  return (log.below()->pMethods->*method)(log.below(), arguments...);
}

template <typename Method, typename... Arguments>
int passed(sqlite3_file* file, Method method, Arguments... arguments) {
  return (LogFile::of(file).below()->pMethods->*method)(LogFile::of(file).below(), arguments...);
}

int close_log(sqlite3_file* file) {
  LogFile& log = LogFile::of(file);
  const int flush_code = log.flush();
  const int code = log.below()->pMethods->xClose(log.below());
  log.~LogFile();
  return flush_code != SQLITE_OK ? flush_code : code;
}

/// Once it failed, it fails: the kernel tells of what it dropped once, and the checkpoint at closing would believe the next sync.
int sync_log(sqlite3_file* file, int flags) {
  LogFile& log = LogFile::of(file);
  if (log.is_dropped) return SQLITE_IOERR_FSYNC;
  const int code = flushed(file, &sqlite3_io_methods::xSync, flags);
  log.is_dropped = code == SQLITE_IOERR_FSYNC;
  if (log.is_dropped) disbelieve(log.path);
  return code;
}

int write_log(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 at) {
  try {
    return LogFile::of(file).write({static_cast<const char*>(bytes), static_cast<std::size_t>(size)}, at);
  } catch (const std::bad_alloc&) {
    return SQLITE_NOMEM;
  }
}

constexpr sqlite3_io_methods log_methods{
    .iVersion = 1,  // the rest is for database files
    .xClose = close_log,
    .xRead = [](sqlite3_file* file, void* to, int size, sqlite3_int64 at) { return flushed(file, &sqlite3_io_methods::xRead, to, size, at); },
    .xWrite = write_log,
    .xTruncate = [](sqlite3_file* file, sqlite3_int64 size) { return flushed(file, &sqlite3_io_methods::xTruncate, size); },
    .xSync = sync_log,
    .xFileSize = [](sqlite3_file* file, sqlite3_int64* size) { return flushed(file, &sqlite3_io_methods::xFileSize, size); },
    .xLock = [](sqlite3_file* file, int lock) { return passed(file, &sqlite3_io_methods::xLock, lock); },
    .xUnlock = [](sqlite3_file* file, int lock) { return passed(file, &sqlite3_io_methods::xUnlock, lock); },
    .xCheckReservedLock = [](sqlite3_file* file, int* result) { return passed(file, &sqlite3_io_methods::xCheckReservedLock, result); },
    .xFileControl = [](sqlite3_file* file, int operation, void* argument) { return passed(file, &sqlite3_io_methods::xFileControl, operation, argument); },
    .xSectorSize = [](sqlite3_file* file) { return passed(file, &sqlite3_io_methods::xSectorSize); },
    .xDeviceCharacteristics = [](sqlite3_file* file) { return passed(file, &sqlite3_io_methods::xDeviceCharacteristics); },
    .xShmMap = nullptr,
    .xShmLock = nullptr,
    .xShmBarrier = nullptr,
    .xShmUnmap = nullptr,
    .xFetch = nullptr,
    .xUnfetch = nullptr,
};

sqlite3_vfs* below(sqlite3_vfs* vfs) { return static_cast<sqlite3_vfs*>(vfs->pAppData); }

int open_file(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* flags_out) {
  if (!(flags & SQLITE_OPEN_WAL)) return below(vfs)->xOpen(below(vfs), path, file, flags, flags_out);
  auto* log = new (file) LogFile{};
  const int code = below(vfs)->xOpen(below(vfs), path, log->below(), flags, flags_out);
  if (code == SQLITE_OK) {
    log->seen.pMethods = &log_methods;
    log->path = path;
    log->find_size();
    return code;
  }
  if (log->below()->pMethods) log->below()->pMethods->xClose(log->below());
  log->~LogFile();
  file->pMethods = nullptr;
  return code;
}

std::string unique_name() {
  static std::atomic<unsigned> count = 0;
  return "plenoptic-gathering-" + std::to_string(++count);
}

}  // namespace

GatheringFileSystem::GatheringFileSystem() : name_(unique_name()) {
  sqlite3_vfs* const base = sqlite3_vfs_find(nullptr);
  // All but opening a file is the base's own: its methods are given its own object.
  vfs_ = std::make_unique<sqlite3_vfs>(*base);
  vfs_->szOsFile = base->szOsFile + static_cast<int>(sizeof(LogFile));
  vfs_->pNext = nullptr;
  vfs_->zName = name_.c_str();
  vfs_->pAppData = base;
  vfs_->xOpen = open_file;
  vfs_->xDelete = [](sqlite3_vfs* vfs, const char* path, int sync) { return below(vfs)->xDelete(below(vfs), path, sync); };
  vfs_->xAccess = [](sqlite3_vfs* vfs, const char* path, int flags, int* result) { return below(vfs)->xAccess(below(vfs), path, flags, result); };
  vfs_->xFullPathname = [](sqlite3_vfs* vfs, const char* path, int size, char* out) { return below(vfs)->xFullPathname(below(vfs), path, size, out); };
  vfs_->xDlOpen = [](sqlite3_vfs* vfs, const char* path) { return below(vfs)->xDlOpen(below(vfs), path); };
  vfs_->xDlError = [](sqlite3_vfs* vfs, int size, char* out) { below(vfs)->xDlError(below(vfs), size, out); };
  vfs_->xDlSym = [](sqlite3_vfs* vfs, void* library, const char* symbol) { return below(vfs)->xDlSym(below(vfs), library, symbol); };
  vfs_->xDlClose = [](sqlite3_vfs* vfs, void* library) { below(vfs)->xDlClose(below(vfs), library); };
  vfs_->xRandomness = [](sqlite3_vfs* vfs, int size, char* out) { return below(vfs)->xRandomness(below(vfs), size, out); };
  vfs_->xSleep = [](sqlite3_vfs* vfs, int microseconds) { return below(vfs)->xSleep(below(vfs), microseconds); };
  vfs_->xCurrentTime = [](sqlite3_vfs* vfs, double* time) { return below(vfs)->xCurrentTime(below(vfs), time); };
  vfs_->xGetLastError = [](sqlite3_vfs* vfs, int size, char* out) { return below(vfs)->xGetLastError(below(vfs), size, out); };
  vfs_->iVersion = std::min(base->iVersion, 2);
  if (vfs_->iVersion >= 2) vfs_->xCurrentTimeInt64 = [](sqlite3_vfs* vfs, sqlite3_int64* time) { return below(vfs)->xCurrentTimeInt64(below(vfs), time); };
  sqlite3_vfs_register(vfs_.get(), 0);
}

GatheringFileSystem::~GatheringFileSystem() { sqlite3_vfs_unregister(vfs_.get()); }

}  // namespace plenoptic::storage::sqlite
