#include "steward/ledger/sqlite/sqlite_ledger.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <mutex>

#include <fmt/format.h>

#include "steward/ledger/chained_ledger.h"
#include "steward/ledger/spool.h"
#include "steward/ledger/sqlite/database.h"

namespace steward::ledger {
namespace {

constexpr int kSchemaVersion = 1;
constexpr char kEventSchema[] =
    "CREATE TABLE IF NOT EXISTS event (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, time_us INTEGER NOT NULL,"
    " kind TEXT NOT NULL, schema INTEGER NOT NULL, turn TEXT NOT NULL, subject TEXT NOT NULL, conversation TEXT NOT NULL,"
    " meta TEXT NOT NULL, key_id TEXT NOT NULL, sealed BLOB NOT NULL, hash TEXT NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS event_turn ON event(turn) WHERE turn <> '';"
    "CREATE INDEX IF NOT EXISTS event_conversation ON event(conversation, sequence) WHERE conversation <> '';";
constexpr char kKeySchema[] = "CREATE TABLE IF NOT EXISTS data_key (id TEXT PRIMARY KEY, wrapped BLOB NOT NULL) STRICT, WITHOUT ROWID;";

/// Held while a process may write: two writers would fork the chain.
class WriterLock {
 public:
  static Result<WriterLock> take(const std::string& database_path) {
    const std::string path = database_path + ".lock";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) return fail(ErrorCode::kInternal, "cannot create " + path);
    if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      ::close(fd);
      return fail(ErrorCode::kUnavailable, "another process writes to the ledger " + database_path + ": stop it first");
    }
    return WriterLock(fd);
  }
  WriterLock(WriterLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ~WriterLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit WriterLock(int fd) : fd_(fd) {}
  int fd_;
};

Result<void> migrate(Database& database, const char* schema, const std::string& path) {
  std::int64_t version = 0;
  {
    auto statement = TRY(database.prepare("PRAGMA user_version"));
    if (TRY(statement.step())) version = statement.integer(0);
  }
  if (version > kSchemaVersion)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} has schema version {}, this program knows {}: use a newer steward", path, version, kSchemaVersion));
  TRY(database.execute(fmt::format("BEGIN; {} PRAGMA user_version={}; COMMIT;", schema, kSchemaVersion)));
  return {};
}

Row row_of(const Statement& statement) {
  Row row;
  row.sequence = statement.integer(0);
  row.id = statement.bytes(1);
  row.time_us = statement.integer(2);
  row.kind = statement.bytes(3);
  row.schema = statement.integer(4);
  row.turn = statement.bytes(5);
  row.subject = statement.bytes(6);
  row.conversation = statement.bytes(7);
  row.meta = statement.bytes(8);
  row.key_id = statement.bytes(9);
  row.sealed = statement.bytes(10);
  row.hash = statement.bytes(11);
  return row;
}

class SqliteRowStore final : public RowStore {
 public:
  SqliteRowStore(Database writer, Database reader, std::optional<WriterLock> lock)
      : lock_(std::move(lock)), writer_(std::move(writer)), reader_(std::move(reader)) {}

  Result<void> commit(const std::vector<Row>& rows) override {
    TRY(writer_.execute_kept("BEGIN IMMEDIATE"));
    auto inserted = insert(rows);
    if (inserted) inserted = writer_.execute_kept("COMMIT");
    if (!inserted) (void)writer_.execute("ROLLBACK");
    return inserted;
  }

  Result<std::pair<std::int64_t, std::string>> head() const override {
    const std::lock_guard lock(reading_);
    auto statement = TRY(reader_.prepare("SELECT sequence, hash FROM event ORDER BY sequence DESC LIMIT 1"));
    if (!TRY(statement.step())) return std::pair<std::int64_t, std::string>(0, "");
    return std::pair(statement.integer(0), statement.bytes(1));
  }

  Result<std::vector<Row>> read(const Query& query) const override {
    std::string sql =
        "SELECT sequence, id, time_us, kind, schema, turn, subject, conversation, meta, key_id, sealed, hash"
        " FROM event WHERE sequence > ?1";
    const std::pair<const char*, const std::string*> filters[] = {{"id", &query.id},
                                                                  {"kind", &query.kind},
                                                                  {"turn", &query.turn},
                                                                  {"subject", &query.subject},
                                                                  {"conversation", &query.conversation}};
    int at = 2;
    for (const auto& [column, value] : filters)
      if (!value->empty()) sql += fmt::format(" AND {} = ?{}", column, at++);
    sql += fmt::format(" ORDER BY sequence {} LIMIT ?{}", query.newest_first ? "DESC" : "ASC", at);

    const std::lock_guard lock(reading_);
    auto statement = TRY(reader_.prepare(sql));
    statement.bind(1, query.after_sequence).bind(at, query.limit);
    at = 2;
    for (const auto& [column, value] : filters)
      if (!value->empty()) statement.bind_text(at++, *value);
    std::vector<Row> rows;
    while (TRY(statement.step())) rows.push_back(row_of(statement));
    return rows;
  }

  Result<std::vector<KeyUse>> keys_of(const KeyQuery& query) const override {
    std::string sql = "SELECT key_id, subject, conversation, count(*) FROM event WHERE key_id <> ''";
    if (!query.subject.empty()) sql += " AND subject = ?1";
    if (!query.conversation.empty()) sql += " AND conversation = ?2";
    if (query.before_us != 0) sql += " AND time_us < ?3";
    sql += " GROUP BY key_id ORDER BY key_id";
    const std::lock_guard lock(reading_);
    auto statement = TRY(reader_.prepare(sql));
    if (!query.subject.empty()) statement.bind_text(1, query.subject);
    if (!query.conversation.empty()) statement.bind_text(2, query.conversation);
    if (query.before_us != 0) statement.bind(3, query.before_us);
    std::vector<KeyUse> out;
    while (TRY(statement.step()))
      out.push_back({statement.bytes(0), statement.bytes(1), statement.bytes(2), static_cast<std::size_t>(statement.integer(3))});
    return out;
  }

 private:
  Result<void> insert(const std::vector<Row>& rows) {
    Statement& statement = *TRY(writer_.kept("INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?,?,?)"));
    for (const Row& row : rows) {
      statement.bind(1, row.sequence).bind_text(2, row.id).bind(3, row.time_us).bind_text(4, row.kind).bind(5, row.schema);
      statement.bind_text(6, row.turn).bind_text(7, row.subject).bind_text(8, row.conversation).bind_text(9, row.meta);
      statement.bind_text(10, row.key_id).bind_blob(11, row.sealed).bind_text(12, row.hash);
      const auto inserted = statement.step();
      statement.reset();
      if (!inserted) return fail(inserted.error());
    }
    return {};
  }

  std::optional<WriterLock> lock_;
  Database writer_;
  mutable std::mutex reading_;
  mutable Database reader_;
};

class SqliteKeyStore final : public KeyStore {
 public:
  explicit SqliteKeyStore(Database database) : database_(std::move(database)) {}

  Result<void> put(const std::vector<std::pair<std::string, std::string>>& wrapped_by_id) override {
    TRY(database_.execute_kept("BEGIN IMMEDIATE"));
    auto inserted = insert(wrapped_by_id);
    if (inserted) inserted = database_.execute_kept("COMMIT");
    if (!inserted) (void)database_.execute("ROLLBACK");
    return inserted;
  }

  Result<std::optional<std::string>> get(std::string_view id) const override {
    Statement& statement = *TRY(database_.kept("SELECT wrapped FROM data_key WHERE id = ?"));
    const auto found = statement.bind_text(1, id).step();
    std::optional<std::string> wrapped;
    if (found && *found) wrapped = statement.bytes(0);
    statement.reset();
    if (!found) return fail(found.error());
    return wrapped;
  }

  Result<std::size_t> destroy(const std::vector<std::string>& ids) override {
    std::size_t found = 0;
    TRY(database_.execute("BEGIN IMMEDIATE"));
    auto deleted = remove(ids, found);
    if (deleted) deleted = database_.execute("COMMIT");
    if (!deleted) {
      (void)database_.execute("ROLLBACK");
      return fail(deleted.error().code, deleted.error().message);
    }
    if (found > 0) TRY(database_.execute("PRAGMA wal_checkpoint(TRUNCATE)"));  // secure_delete has overwritten them in the database
    return found;
  }

 private:
  Result<void> remove(const std::vector<std::string>& ids, std::size_t& found) {
    auto statement = TRY(database_.prepare("DELETE FROM data_key WHERE id = ? RETURNING id"));
    for (const std::string& id : ids) {
      statement.bind_text(1, id);
      while (TRY(statement.step())) ++found;
      statement.reset();
    }
    return {};
  }

  Result<void> insert(const std::vector<std::pair<std::string, std::string>>& wrapped_by_id) {
    Statement& statement = *TRY(database_.kept("INSERT INTO data_key VALUES (?, ?)"));
    for (const auto& [id, wrapped] : wrapped_by_id) {
      const auto inserted = statement.bind_text(1, id).bind_blob(2, wrapped).step();
      statement.reset();
      if (!inserted) return fail(inserted.error());
    }
    return {};
  }

  mutable Database database_;
};

void make_parent(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
}

}  // namespace

Result<std::unique_ptr<Ledger>> open_sqlite_ledger(const SqliteLedgerOptions& options) {
  make_parent(options.database_path);
  make_parent(options.keys_path);
  auto lock = TRY(WriterLock::take(options.database_path));
  auto writer = TRY(Database::open(options.database_path, Database::Mode::kReadWrite, options.vfs));
  TRY(migrate(writer, kEventSchema, options.database_path));
  auto reader = TRY(Database::open(options.database_path, Database::Mode::kReadOnly, options.vfs));
  auto keys = TRY(Database::open(options.keys_path, Database::Mode::kReadWrite, options.vfs));
  TRY(migrate(keys, kKeySchema, options.keys_path));
  auto ring = std::make_shared<KeyRing>(options.master, std::make_unique<SqliteKeyStore>(std::move(keys)));
  return make_chained_ledger(std::make_unique<SqliteRowStore>(std::move(writer), std::move(reader), std::move(lock)), std::move(ring));
}

Result<std::unique_ptr<Ledger>> open_sqlite_ledger_read_only(const SqliteLedgerOptions& options) {
  auto writer = TRY(Database::open(options.database_path, Database::Mode::kReadOnly, options.vfs));
  auto reader = TRY(Database::open(options.database_path, Database::Mode::kReadOnly, options.vfs));
  auto keys = TRY(Database::open(options.keys_path, Database::Mode::kReadOnly, options.vfs));
  auto ring = std::make_shared<KeyRing>(options.master, std::make_unique<SqliteKeyStore>(std::move(keys)));
  return make_reading_ledger(std::make_unique<SqliteRowStore>(std::move(writer), std::move(reader), std::nullopt), std::move(ring));
}

Result<Kept> append_beside_writer(const SqliteLedgerOptions& options, const std::vector<Event>& events) {
  const Spool spool = Spool::beside(options.database_path);
  TRY(spool.put(events));
  const auto ledger = open_sqlite_ledger(options);
  if (!ledger && ledger.error().code == ErrorCode::kUnavailable) return Kept::kInSpool;
  if (!ledger) return fail(ledger.error());
  TRY(spool.take_up(**ledger));
  return Kept::kInLedger;
}

}  // namespace steward::ledger
