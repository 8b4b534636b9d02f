// What a killed server left behind is made durable before anything is answered from it: it may stand in the system's cache only,
// and a power loss could still take what its next start has shown, or replayed as an acknowledged answer.
#pragma once

#include <string>

#include "storage/sqlite/sqlite.h"

namespace plenoptic::storage::sqlite {

/// Syncs the write-ahead log that the connection recovered from, and the directory that names it. Cheap where both are on the disk.
void sync_recovered(Connection& connection, const std::string& directory);

/// After a sync of the write-ahead log failed: the system may have dropped what it could not write and yet show it, as written, to whoever reads
/// the log next. So the next start is told, by a file beside the log that need not be durable: it lives as long as the cache that it warns of.
void mark_unsynced(const char* log) noexcept;

/// Before the log is read: where a sync of it had failed, all of it is written over in place and synced, so that what is recovered from it is on the disk.
void write_over_unsynced(const std::string& log);

/// Makes the names in a directory durable. Does nothing where the file system does not know how.
void sync_directory(const std::string& directory);

}  // namespace plenoptic::storage::sqlite
