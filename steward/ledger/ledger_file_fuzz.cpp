// Ledger files that somebody changed: verified or refused, never trusted.
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <string>

#include "steward/core/check.h"
#include "steward/core/files.h"
#include "steward/ledger/sqlite/sqlite_ledger.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace steward;
  static const std::string folder = "/tmp/steward-ledger-fuzz-" + std::to_string(::getpid());
  std::filesystem::create_directories(folder);
  ledger::SqliteLedgerOptions options{folder + "/ledger.db", folder + "/keys.db", {}, {}};
  options.master.fill(7);
  STEWARD_CHECK(write_file_atomic(options.database_path, std::string(reinterpret_cast<const char*>(data), size)).has_value());
  STEWARD_CHECK(write_file_atomic(options.keys_path, "").has_value());
  if (auto opened = ledger::open_sqlite_ledger_read_only(options)) {
    (void)(*opened)->verify();
    (void)(*opened)->read({});
  }
  std::filesystem::remove_all(folder);
  return 0;
}
