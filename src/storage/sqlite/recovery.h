// What a killed server left behind is made durable before anything is answered from it: it may stand in the system's cache only,
// and a power loss could still take what its next start has shown, or replayed as an acknowledged answer.
#pragma once

#include <string>

#include "storage/sqlite/sqlite.h"

namespace plenoptic::storage::sqlite {

/// Syncs the write-ahead log that the connection recovered from, and the directory that names it. Cheap where both are on the disk.
void sync_recovered(Connection& connection, const std::string& directory);

/// After a sync of the write-ahead log failed: the system may have dropped what it could not write and yet show it, as written, to whoever reads
/// the log next. So a file stands beside a log that can be believed, and is taken away here, which needs neither room nor memory. It need not be
/// durable either way: the cache that it speaks of ends no later than it does.
void disbelieve(const char* log) noexcept;

/// Before the log is read: where it cannot be believed, all of it is written over in place and synced, so that what is recovered from it is on the disk.
void make_believable(const std::string& log);

/// Makes the names in a directory durable. Does nothing where the file system does not know how.
void sync_directory(const std::string& directory);

}  // namespace plenoptic::storage::sqlite
