// A thin, owning wrapper of SQLite's C interface: connections, statements prepared once, errors as StorageError.
// SQL comes from literals only: a run-time string does not compile.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include "storage/database.h"

namespace plenoptic::storage::sqlite {

class Sql {
 public:
  template <std::size_t size>
  consteval Sql(const char (&literal)[size]) : text_(literal, size - 1) {}
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

class Connection {
 public:
  /// `file_system`: the name of one that is registered; null: SQLite's default.
  Connection(const std::string& path, int flags, const char* file_system = nullptr);
  sqlite3* handle() const { return handle_.get(); }
  void run(Sql sql) { run_text(sql.text()); }
  /// For pragmas with a number in them.
  void pragma(Sql name, std::int64_t value);
  bool in_transaction() const { return sqlite3_get_autocommit(handle()) == 0; }

 private:
  void run_text(std::string_view sql);
  struct Closer {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Closer> handle_;
};

/// Throws what `code` stands for; `doing` is what failed, for the operator.
[[noreturn]] void fail(sqlite3* handle, int code, std::string_view doing);

/// A prepared statement. Bind from 1, step, read columns from 0; reset by `Use` when it goes.
class Statement {
 public:
  Statement(Connection& connection, Sql sql);

  class Use {
   public:
    explicit Use(Statement& statement) : statement_(statement.handle_.get()) {}
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    ~Use() {
      sqlite3_reset(statement_);
      sqlite3_clear_bindings(statement_);
    }

    /// Texts and blobs are not copied: they must outlive the Use.
    template <typename... Values>
    Use& bind(const Values&... values) {
      int index = 0;
      (bind_one(++index, values), ...);
      return *this;
    }
    /// To be bound and stepped anew.
    void reset() { sqlite3_reset(statement_); }
    /// True where there is a row.
    bool step();
    /// For statements without rows.
    void run() { step(); }

    std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
    bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
    /// Valid until the next step.
    std::string_view bytes(int column) const;
    std::optional<std::int64_t> optional_integer(int column) const { return is_null(column) ? std::nullopt : std::optional(integer(column)); }
    std::optional<std::string> optional_text(int column) const { return is_null(column) ? std::nullopt : std::optional(std::string(bytes(column))); }

   private:
    void bind_one(int index, std::int64_t value) { check(sqlite3_bind_int64(statement_, index, value)); }
    void bind_one(int index, std::uint64_t value) { bind_one(index, static_cast<std::int64_t>(value)); }
    void bind_one(int index, std::uint32_t value) { bind_one(index, static_cast<std::int64_t>(value)); }
    void bind_one(int index, int value) { bind_one(index, static_cast<std::int64_t>(value)); }
    void bind_one(int index, std::string_view bytes) { check(sqlite3_bind_blob64(statement_, index, bytes.data() ? bytes.data() : "", bytes.size(), SQLITE_STATIC)); }
    void bind_one(int index, const std::string& bytes) { bind_one(index, std::string_view(bytes)); }
    void bind_one(int index, const std::array<char, 16>& bytes) { bind_one(index, std::string_view(bytes.data(), bytes.size())); }
    template <typename Value>
    void bind_one(int index, const std::optional<Value>& value) {
      if (value)
        bind_one(index, *value);
      else
        check(sqlite3_bind_null(statement_, index));
    }
    void check(int code) const {
      if (code != SQLITE_OK) fail(sqlite3_db_handle(statement_), code, "binding a value");
    }
    sqlite3_stmt* statement_;
  };

  Use use() { return Use(*this); }

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalizer> handle_;
};

}  // namespace plenoptic::storage::sqlite
