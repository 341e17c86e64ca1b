#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "steward/core/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace steward::ledger {

/// A prepared statement; binds count from 1, columns from 0. Not thread-safe.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  ~Statement();
  Statement& bind(int at, std::int64_t value);
  Statement& bind_text(int at, std::string_view value);
  Statement& bind_blob(int at, std::string_view value);
  /// True while there is a row. Errors: kInternal with SQLite's words; kUnavailable when the disk is full.
  Result<bool> step();
  /// Ends the run; the bound values go.
  void reset();
  std::int64_t integer(int column) const;
  std::string bytes(int column) const;

 private:
  friend class Database;
  Statement(sqlite3* database, sqlite3_stmt* statement) : database_(database), statement_(statement) {}
  sqlite3* database_;
  sqlite3_stmt* statement_;
};

/// One SQLite connection: WAL, synchronous=FULL, secure_delete. The log grows to 8000 pages before it is copied into the database, so that
/// a page of an index that many groups touch is copied once. Not thread-safe.
class Database {
 public:
  enum class Mode { kReadWrite, kReadOnly };
  /// `vfs` names a registered SQLite VFS; empty means the system's.
  static Result<Database> open(const std::string& path, Mode mode, const std::string& vfs = {});
  Database(Database&& other) noexcept;
  ~Database();
  Result<void> execute(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);
  /// Prepared at its first use and kept. Reset it after use: a statement that has a row left keeps its transaction open.
  Result<Statement*> kept(std::string_view sql);
  /// execute() of one statement, kept.
  Result<void> execute_kept(std::string_view sql);

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  sqlite3* handle_;
  std::map<std::string, Statement, std::less<>> kept_;
};

}  // namespace steward::ledger
