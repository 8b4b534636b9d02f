#include "index/snapshot_file.h"

#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace plenoptic::index {
namespace {

/// Read as another number where the bytes are in another order. The last digits are the format's: they count up whenever a
/// structure, or what stands in it, changes its form.
constexpr std::uint64_t magic = 0x706c656e'6f700002;

struct Tail {
  std::uint64_t magic = 0;
  std::uint64_t offset = 0;  // of the directory, which ends where the tail begins
  std::uint64_t checksum = 0;
};

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

void check(bool sound, const char* reason) {
  if (!sound) throw SnapshotRefused(reason);
}

constexpr const char* damaged = "it is damaged";

}  // namespace

std::uint64_t snapshot_checksum(std::string_view bytes) { return XXH3_64bits(bytes.data(), bytes.size()); }

SnapshotWriter::SnapshotWriter(const std::string& path) : path_(path), temporary_(path + ".new") {
  const std::string directory = std::filesystem::path(path).parent_path().string();
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) fail(directory);
  file_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file_ < 0) fail(temporary_);
}

SnapshotWriter::~SnapshotWriter() {
  if (file_ < 0) return;
  ::close(file_);
  ::unlink(temporary_.c_str());
}

void SnapshotWriter::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = ::write(file_, bytes.data(), bytes.size());
    if (size < 0 && errno != EINTR) fail(temporary_);
    if (size <= 0) continue;
    bytes.remove_prefix(static_cast<std::size_t>(size));
    written_ += static_cast<std::uint64_t>(size);
  }
}

void SnapshotWriter::add(const SnapshotPart& part, std::uint64_t sequence, std::string_view bytes) {
  parts_.push_back({.part = part, .sequence = sequence, .offset = written_, .size = bytes.size(), .checksum = snapshot_checksum(bytes)});
  write(bytes);
}

void SnapshotWriter::finish(SnapshotHead head) {
  std::string directory;
  Archive archive = Archive::saving(directory);
  archive(head, parts_);
  Tail tail{.magic = magic, .offset = written_, .checksum = snapshot_checksum(directory)};
  archive(tail);
  write(directory);
  if (::close(std::exchange(file_, -1)) != 0 || ::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int failure = errno;
    ::unlink(temporary_.c_str());
    throw std::system_error(failure, std::generic_category(), path_);
  }
}

SnapshotFile::SnapshotFile(const std::string& path) : file_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  if (file_ < 0) fail(path);
  try {
    read_directory();
  } catch (...) {
    ::close(file_);
    throw;
  }
}

SnapshotFile::~SnapshotFile() { ::close(file_); }

void SnapshotFile::read_directory() {
  struct stat facts{};
  if (::fstat(file_, &facts) != 0) fail("fstat");
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  check(size >= sizeof(Tail), damaged);
  Tail tail;
  const std::string end = read(size - sizeof tail, sizeof tail);
  Archive::restoring(end)(tail);
  check(tail.magic == magic, "it is damaged, or of another version's form");
  check(tail.offset <= size - sizeof tail, damaged);
  const std::string directory = read(tail.offset, size - sizeof tail - tail.offset);
  check(snapshot_checksum(directory) == tail.checksum, damaged);
  Archive archive = Archive::restoring(directory);
  archive(head_, parts_);
  archive.require_end();
  for (const StoredPart& part : parts_)
    check(part.offset <= tail.offset && part.size <= tail.offset - part.offset && part.sequence >= head_.base && part.sequence <= head_.newest, damaged);
}

std::string SnapshotFile::read(const StoredPart& part) const {
  std::string bytes = read(part.offset, part.size);
  check(snapshot_checksum(bytes) == part.checksum, damaged);
  return bytes;
}

std::string SnapshotFile::read(std::uint64_t offset, std::uint64_t size) const {
  std::string bytes(size, '\0');
  for (std::uint64_t done = 0; done < size;) {
    const ssize_t more = ::pread(file_, bytes.data() + done, size - done, static_cast<off_t>(offset + done));
    if (more < 0 && errno != EINTR) fail("reading");
    check(more != 0, damaged);  // shorter than it was
    if (more > 0) done += static_cast<std::uint64_t>(more);
  }
  return bytes;
}

}  // namespace plenoptic::index
