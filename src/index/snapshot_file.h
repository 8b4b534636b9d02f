// The file of a snapshot: the parts' bytes one after another, a directory that names them, and a tail that finds the directory.
// Parts and directory have a checksum each, and the file takes its name when it is complete. It is never synced: what a crash
// leaves of it is found damaged and built anew, while an fsync here would hold up those of the write-ahead log.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "index/archive.h"
#include "index/workspace_index.h"

namespace plenoptic::index {

/// What the file says of itself.
struct SnapshotHead {
  std::string program;  // whose rules the folded texts follow: another's are refused
  std::uint32_t workspace = 0;
  std::uint64_t base = 0;         // the log entry that the oldest part is of, at least
  std::uint64_t newest = 0;       // the one that the newest is of
  std::uint64_t fingerprint = 0;  // of that entry: a log that has it has the same entries before it
  std::uint64_t records = 0;
  void archive(Archive& archive) { archive(program, workspace, base, newest, fingerprint, records); }
};

/// A part in the file.
struct StoredPart {
  SnapshotPart part;
  std::uint64_t sequence = 0;  // the last log entry that stands in it
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t checksum = 0;
};

std::uint64_t snapshot_checksum(std::string_view bytes);

/// Writes one beside the last, and takes its place at the end. Throws std::system_error where the file system fails; then, and
/// where finish() is never called, nothing is left behind.
class SnapshotWriter {
 public:
  /// Makes the file's directory where it is missing.
  explicit SnapshotWriter(const std::string& path);
  ~SnapshotWriter();
  SnapshotWriter(const SnapshotWriter&) = delete;
  SnapshotWriter& operator=(const SnapshotWriter&) = delete;

  void add(const SnapshotPart& part, std::uint64_t sequence, std::string_view bytes);
  void finish(SnapshotHead head);
  std::uint64_t bytes_written() const { return written_; }

 private:
  void write(std::string_view bytes);

  const std::string path_, temporary_;
  int file_ = -1;
  std::uint64_t written_ = 0;
  std::vector<StoredPart> parts_;
};

/// Everything throws SnapshotRefused where the file is not whole, and std::system_error where it cannot be read.
class SnapshotFile {
 public:
  explicit SnapshotFile(const std::string& path);
  ~SnapshotFile();
  SnapshotFile(const SnapshotFile&) = delete;
  SnapshotFile& operator=(const SnapshotFile&) = delete;

  const SnapshotHead& head() const { return head_; }
  const std::vector<StoredPart>& parts() const { return parts_; }
  /// Its bytes as they were saved. From any thread.
  std::string read(const StoredPart& part) const;

 private:
  void read_directory();
  std::string read(std::uint64_t offset, std::uint64_t size) const;

  int file_ = -1;
  SnapshotHead head_;
  std::vector<StoredPart> parts_;
};

}  // namespace plenoptic::index
