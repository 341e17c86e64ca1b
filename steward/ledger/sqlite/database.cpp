#include "steward/ledger/sqlite/database.h"

#include <utility>

#include <fmt/format.h>
#include <sqlite3.h>

namespace steward::ledger {
namespace {

Error error_of(sqlite3* database, int status) {
  const bool full = (status & 0xff) == SQLITE_FULL || (status & 0xff) == SQLITE_IOERR;
  return Error{full ? ErrorCode::kUnavailable : ErrorCode::kInternal,
               fmt::format("ledger storage: {} (SQLite code {}){}", sqlite3_errmsg(database), sqlite3_extended_errcode(database),
                           (status & 0xff) == SQLITE_FULL ? ": is the disk full?" : ""),
               {}};
}

}  // namespace

Statement::Statement(Statement&& other) noexcept : database_(other.database_), statement_(std::exchange(other.statement_, nullptr)) {}

Statement::~Statement() { sqlite3_finalize(statement_); }

Statement& Statement::bind(int at, std::int64_t value) {
  sqlite3_bind_int64(statement_, at, value);
  return *this;
}

Statement& Statement::bind_text(int at, std::string_view value) {
  sqlite3_bind_text64(statement_, at, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int at, std::string_view value) {
  sqlite3_bind_blob64(statement_, at, value.data(), value.size(), SQLITE_TRANSIENT);
  return *this;
}

Result<bool> Statement::step() {
  const int status = sqlite3_step(statement_);
  if (status == SQLITE_ROW) return true;
  if (status == SQLITE_DONE) return false;
  return fail(error_of(database_, status));
}

void Statement::reset() {
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Statement::bytes(int column) const {
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_, column));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return data ? std::string(data, size) : std::string();
}

Result<Database> Database::open(const std::string& path, Mode mode, const std::string& vfs) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_NOMUTEX | (mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int status = sqlite3_open_v2(path.c_str(), &handle, flags, vfs.empty() ? nullptr : vfs.c_str());
  if (status != SQLITE_OK) {
    sqlite3_close(handle);
    return fail(ErrorCode::kNotFound, fmt::format("cannot open the database {}: {}", path, sqlite3_errstr(status)));
  }
  Database database(handle);
  sqlite3_busy_timeout(handle, 5000);
  if (mode == Mode::kReadWrite)
    TRY(database.execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON; PRAGMA wal_autocheckpoint=8000;"));
  return database;
}

Database::Database(Database&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)), kept_(std::move(other.kept_)) {}

Database::~Database() {
  kept_.clear();  // else the handle does not close
  sqlite3_close(handle_);
}

Result<void> Database::execute(const std::string& sql) {
  const int status = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return fail(error_of(handle_, status));
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int status = sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (status != SQLITE_OK) return fail(error_of(handle_, status));
  return Statement(handle_, statement);
}

Result<Statement*> Database::kept(std::string_view sql) {
  auto found = kept_.find(sql);
  if (found == kept_.end()) found = kept_.emplace(std::string(sql), TRY(prepare(sql))).first;
  return &found->second;
}

Result<void> Database::execute_kept(std::string_view sql) {
  Statement* statement = TRY(kept(sql));
  const auto done = statement->step();
  statement->reset();
  if (!done) return fail(done.error());
  return {};
}

}  // namespace steward::ledger
