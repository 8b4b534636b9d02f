// Numbered steps of the database's form. Those that are missing run at opening, in one transaction.
#pragma once

#include "storage/sqlite/sqlite.h"

namespace plenoptic::storage::sqlite {

/// Throws where the database is newer than this program.
void migrate(Connection& connection);
/// Whether every step ran and no newer program's.
bool is_current(Connection& connection);

}  // namespace plenoptic::storage::sqlite
