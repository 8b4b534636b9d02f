// Numbered steps of the database's form. Those that are missing run at opening, in one transaction.
#pragma once

#include "storage/sqlite/sqlite.h"

namespace plenoptic::storage::sqlite {

extern const std::int64_t newest_form;

/// Throws where the database is newer than this program. An older form than the newest is for tests.
void migrate(Connection& connection, std::int64_t form = newest_form);
/// Whether every step ran and no newer program's.
bool is_current(Connection& connection);

}  // namespace plenoptic::storage::sqlite
