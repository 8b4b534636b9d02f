#include "faults/faulty_file_system.h"

#include <new>

namespace plenoptic::faults {
namespace {

using Handle = FaultyFileSystem::Handle;

Handle& handle_of(sqlite3_file* file) { return *reinterpret_cast<Handle*>(file); }

int close_file(sqlite3_file* file) { return handle_of(file).system->close(handle_of(file)); }
int read_file(sqlite3_file* file, void* out, int amount, sqlite3_int64 offset) { return handle_of(file).system->read(handle_of(file), out, amount, offset); }
int write_file(sqlite3_file* file, const void* data, int amount, sqlite3_int64 offset) { return handle_of(file).system->write(handle_of(file), data, amount, offset); }
int truncate_file(sqlite3_file* file, sqlite3_int64 size) { return handle_of(file).system->truncate(handle_of(file), size); }
int sync_file(sqlite3_file* file, int flags) { return handle_of(file).system->sync(handle_of(file), flags); }
int size_of_file(sqlite3_file* file, sqlite3_int64* size) { return handle_of(file).system->file_size(handle_of(file), size); }

int lock(sqlite3_file* file, int level) {
  sqlite3_file* real = handle_of(file).real();
  return real->pMethods->xLock(real, level);
}

int unlock(sqlite3_file* file, int level) {
  sqlite3_file* real = handle_of(file).real();
  return real->pMethods->xUnlock(real, level);
}

int check_reserved(sqlite3_file* file, int* out) {
  sqlite3_file* real = handle_of(file).real();
  return real->pMethods->xCheckReservedLock(real, out);
}

/// What would reach the real file past the unsynced sectors is taken here.
int control(sqlite3_file* file, int operation, void* argument) {
  if (operation == SQLITE_FCNTL_MMAP_SIZE) {
    *static_cast<sqlite3_int64*>(argument) = 0;
    return SQLITE_OK;
  }
  if (operation == SQLITE_FCNTL_SIZE_HINT || operation == SQLITE_FCNTL_CHUNK_SIZE) return SQLITE_OK;
  sqlite3_file* real = handle_of(file).real();
  return real->pMethods->xFileControl(real, operation, argument);
}

int sector_size(sqlite3_file* file) {
  sqlite3_file* real = handle_of(file).real();
  return real->pMethods->xSectorSize(real);
}

int characteristics(sqlite3_file* file) {
  sqlite3_file* real = handle_of(file).real();
  return real->pMethods->xDeviceCharacteristics(real);
}

int map_shared(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  if (handle_of(file).system->pass(Operation::shm) != SQLITE_OK) return SQLITE_IOERR_SHMMAP;
  sqlite3_file* real = handle_of(file).real();
  return real->pMethods->xShmMap(real, region, size, extend, out);
}

/// To unlock never fails: SQLite could do nothing about it.
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  if ((flags & SQLITE_SHM_LOCK) && handle_of(file).system->pass(Operation::shm) != SQLITE_OK) return SQLITE_IOERR_SHMLOCK;
  sqlite3_file* real = handle_of(file).real();
  return real->pMethods->xShmLock(real, offset, count, flags);
}

void shared_barrier(sqlite3_file* file) {
  sqlite3_file* real = handle_of(file).real();
  real->pMethods->xShmBarrier(real);
}

int unmap_shared(sqlite3_file* file, int remove) {
  sqlite3_file* real = handle_of(file).real();
  return real->pMethods->xShmUnmap(real, remove);
}

int fetch(sqlite3_file*, sqlite3_int64, int, void** out) {
  *out = nullptr;
  return SQLITE_OK;
}

int unfetch(sqlite3_file*, sqlite3_int64, void*) { return SQLITE_OK; }

const sqlite3_io_methods methods = {3,       close_file,  read_file,       write_file, truncate_file, sync_file,      size_of_file, lock,  unlock, check_reserved,
                                    control, sector_size, characteristics, map_shared, lock_shared,   shared_barrier, unmap_shared, fetch, unfetch};

int open_path(sqlite3_vfs* vfs, const char* path, sqlite3_file* file, int flags, int* flags_out) {
  Handle* handle = new (file) Handle{};
  handle->system = static_cast<FaultyFileSystem*>(vfs->pAppData);
  return handle->system->open(path, *handle, flags, flags_out);
}

int error_of(Operation operation) {
  switch (operation) {
    case Operation::read: return SQLITE_IOERR_READ;
    case Operation::write: return SQLITE_IOERR_WRITE;
    case Operation::sync: return SQLITE_IOERR_FSYNC;
    case Operation::truncate: return SQLITE_IOERR_TRUNCATE;
    case Operation::shm: break;
  }
  return SQLITE_IOERR;
}

}  // namespace

FaultyFileSystem::FaultyFileSystem(const FaultPlan& plan, std::function<void()> end, std::function<void(int)> first_failure)
    : plan_(plan), end_(std::move(end)), first_failure_(std::move(first_failure)), random_(plan.seed), real_(sqlite3_vfs_find(nullptr)), vfs_(*real_) {
  vfs_.zName = "faulty";
  vfs_.pNext = nullptr;
  vfs_.pAppData = this;
  vfs_.szOsFile = static_cast<int>(sizeof(Handle)) + real_->szOsFile;
  vfs_.xOpen = open_path;
  vfs_.xDelete = [](sqlite3_vfs* vfs, const char* path, int sync_directory) {
    sqlite3_vfs* real = static_cast<FaultyFileSystem*>(vfs->pAppData)->real_;
    return real->xDelete(real, path, sync_directory);
  };
  sqlite3_vfs_register(&vfs_, 1);
}

FaultyFileSystem::~FaultyFileSystem() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(real_, 1);
}

void FaultyFileSystem::lose_power() {
  for (auto& [path, shared] : files_) shared->file.apply_some(shared->handles.front()->real(), random_);
  end_();
}

std::uint64_t FaultyFileSystem::count(Operation operation) {
  std::lock_guard lock(mutex_);
  return counts_[static_cast<std::size_t>(operation)];
}

void FaultyFileSystem::set_plan(const FaultPlan& plan) {
  std::lock_guard lock(mutex_);
  plan_ = plan;
  counts_ = {};
  changes_ = failures_ = 0;
}

int FaultyFileSystem::meet(Operation operation) {
  const std::uint64_t number = ++counts_[static_cast<std::size_t>(operation)];
  int code = SQLITE_OK;
  if (operation == Operation::write && plan_.full.holds(number))
    code = SQLITE_FULL;
  else if (operation == plan_.failing_on && plan_.failing.holds(number))
    code = error_of(operation);
  if (code != SQLITE_OK && failures_++ == 0 && first_failure_) first_failure_(code);
  return code;
}

int FaultyFileSystem::pass(Operation operation) {
  std::lock_guard lock(mutex_);
  return meet(operation);
}

void FaultyFileSystem::end_where_planned() {
  if (++changes_ == plan_.crash_after) lose_power();
}

int FaultyFileSystem::open(const char* path, Handle& handle, int flags, int* flags_out) {
  const int code = real_->xOpen(real_, path, handle.real(), flags, flags_out);
  // SQLite closes a file whose methods are set, even one that did not open.
  if (handle.real()->pMethods) handle.base.pMethods = &methods;
  const bool kept = flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL);
  if (code != SQLITE_OK || !path || !kept) return code;
  std::lock_guard lock(mutex_);
  auto& shared = files_[path];
  if (!shared) shared = std::make_unique<Shared>(Shared{UnsyncedFile(handle.real())});
  shared->handles.push_back(&handle);
  handle.shared = shared.get();
  return SQLITE_OK;
}

/// With its last handle a file's unsynced sectors go down: closing is no sync, but the process lives on.
int FaultyFileSystem::close(Handle& handle) {
  std::lock_guard lock(mutex_);
  if (Shared* shared = handle.shared) {
    std::erase(shared->handles, &handle);
    if (shared->handles.empty()) {
      shared->file.apply_all(handle.real());
      std::erase_if(files_, [shared](const auto& entry) { return entry.second.get() == shared; });
    }
  }
  return handle.real()->pMethods->xClose(handle.real());
}

int FaultyFileSystem::read(Handle& handle, void* out, int amount, sqlite3_int64 offset) {
  std::lock_guard lock(mutex_);
  if (const int code = meet(Operation::read); code != SQLITE_OK) return code;
  if (!handle.shared) return handle.real()->pMethods->xRead(handle.real(), out, amount, offset);
  const std::int64_t there = handle.shared->file.read(handle.real(), static_cast<char*>(out), amount, offset);
  return there < amount ? SQLITE_IOERR_SHORT_READ : SQLITE_OK;
}

/// A disk that is full, or fails, takes the beginning of what is written to it.
int FaultyFileSystem::write(Handle& handle, const void* data, int amount, sqlite3_int64 offset) {
  std::lock_guard lock(mutex_);
  if (!handle.shared) return handle.real()->pMethods->xWrite(handle.real(), data, amount, offset);
  const int code = meet(Operation::write);
  const std::int64_t taken = code == SQLITE_OK ? amount : static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(amount));
  if (taken > 0) handle.shared->file.write(handle.real(), static_cast<const char*>(data), taken, offset);
  end_where_planned();
  return code;
}

int FaultyFileSystem::truncate(Handle& handle, sqlite3_int64 size) {
  std::lock_guard lock(mutex_);
  if (!handle.shared) return handle.real()->pMethods->xTruncate(handle.real(), size);
  if (const int code = meet(Operation::truncate); code != SQLITE_OK) return code;
  handle.shared->file.truncate(size);
  end_where_planned();
  return SQLITE_OK;
}

/// A sync that fails leaves some of it on the disk, and nobody knows which.
int FaultyFileSystem::sync(Handle& handle, int flags) {
  std::lock_guard lock(mutex_);
  if (!handle.shared) return handle.real()->pMethods->xSync(handle.real(), flags);
  end_where_planned();
  if (const int code = meet(Operation::sync); code != SQLITE_OK) {
    handle.shared->file.apply_some(handle.real(), random_);
    return code;
  }
  return plan_.lying ? SQLITE_OK : handle.shared->file.apply_all(handle.real());
}

int FaultyFileSystem::file_size(Handle& handle, sqlite3_int64* size) {
  std::lock_guard lock(mutex_);
  if (!handle.shared) return handle.real()->pMethods->xFileSize(handle.real(), size);
  *size = handle.shared->file.size();
  return SQLITE_OK;
}

}  // namespace plenoptic::faults
