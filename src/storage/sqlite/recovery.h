// What a killed server left behind is made durable before anything is answered from it: it may stand in the system's cache only,
// and a power loss could still take what its next start has shown, or replayed as an acknowledged answer.
#pragma once

#include <string>

#include "storage/sqlite/sqlite.h"

namespace plenoptic::storage::sqlite {

/// Syncs the write-ahead log that the connection recovered from, and the directory that names it. Cheap where both are on the disk.
void sync_recovered(Connection& connection, const std::string& directory);

/// Makes the names in a directory durable. Does nothing where the file system does not know how.
void sync_directory(const std::string& directory);

}  // namespace plenoptic::storage::sqlite
