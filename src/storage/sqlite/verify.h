// Checks a database against its own rules: SQLite's integrity check, and the invariants of src/storage/README.md.
#pragma once

#include <string>
#include <vector>

#include "storage/sqlite/sqlite.h"

namespace plenoptic::storage::sqlite {

/// What is wrong, in words; empty: sound.
std::vector<std::string> verify_database(Connection& connection, Reader& snapshot);

}  // namespace plenoptic::storage::sqlite
