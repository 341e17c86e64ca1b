#pragma once

#include <memory>
#include <string>

#include "steward/core/hash.h"
#include "steward/ledger/ledger.h"

namespace steward::ledger {

struct SqliteLedgerOptions {
  std::string database_path;  ///< events
  std::string keys_path;      ///< data keys: another folder, so that a backup of the events holds none
  Key master{};
  std::string vfs;  ///< SQLite VFS to use, for tests of power loss; empty means the system's
};

/// Opens or creates the ledger for writing; one process at a time.
/// Errors: kUnavailable when another process writes to it; kInvalidInput when its schema is newer than this program.
Result<std::unique_ptr<Ledger>> open_sqlite_ledger(const SqliteLedgerOptions& options);
/// For verify, list, show and export while a server may be writing.
Result<std::unique_ptr<Ledger>> open_sqlite_ledger_read_only(const SqliteLedgerOptions& options);

/// For a program beside the server, such as a training run: puts the events into the ledger's spool, then takes it up unless another
/// process writes to the ledger, which then does. Errors: those of Spool::put and open_sqlite_ledger.
enum class Kept { kInLedger, kInSpool };
Result<Kept> append_beside_writer(const SqliteLedgerOptions& options, const std::vector<Event>& events);

}  // namespace steward::ledger
