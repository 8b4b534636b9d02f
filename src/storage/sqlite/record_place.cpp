#include "storage/sqlite/record_place.h"

#include <string_view>

namespace plenoptic::storage::sqlite {

void define_place_of(Connection& connection) {
  const auto answer = [](sqlite3_context* context, int, sqlite3_value** values) noexcept {
    const auto* const id = static_cast<const char*>(sqlite3_value_blob(values[0]));
    const auto bytes = static_cast<std::size_t>(sqlite3_value_bytes(values[0]));
    if (!id || bytes != model::RecordId{}.bytes().size()) return sqlite3_result_null(context);
    sqlite3_result_int64(context, place_of(model::RecordId::from_bytes({id, bytes})));
  };
  sqlite3_create_function_v2(connection.handle(), "place_of", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, nullptr, answer, nullptr, nullptr, nullptr);
}

}  // namespace plenoptic::storage::sqlite
