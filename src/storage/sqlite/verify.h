// Checks a database against its own rules: SQLite's integrity check, and what its tables say of each other
// (src/storage/README.md). What takes the data model to know is checked by services/verify.h.
#pragma once

#include <string>
#include <vector>

#include "storage/sqlite/sqlite.h"

namespace plenoptic::storage::sqlite {

/// What is wrong, in words; empty: sound.
std::vector<std::string> verify_database(Connection& connection);

}  // namespace plenoptic::storage::sqlite
