#include "steward/app/storage.h"

#include <filesystem>

#include <fmt/format.h>

#include "steward/ledger/keys.h"
#include "steward/ledger/no_ledger.h"
#include "steward/ledger/sqlite/sqlite_ledger.h"

namespace steward::app {
namespace {

ledger::SqliteLedgerOptions options_of(const Product& product, const Key& master) {
  ledger::SqliteLedgerOptions options;
  options.database_path = product.ledger_path;
  options.keys_path = product.keys_dir + "/keys.db";
  options.master = master;
  return options;
}

}  // namespace

Result<Key> open_master_key(const Product& product) {
  return ledger::load_master_key(product.keys_dir + "/master.key", ledger::CreateKey::kYes);
}

Key pseudonym_key(const Key& master) { return derive_key(master, "steward/pseudonyms/1"); }

Result<std::unique_ptr<ledger::Ledger>> open_ledger(const Product& product, const Key& master) {
  if (product.ledger_path.empty()) return ledger::make_no_ledger();
  return ledger::open_sqlite_ledger(options_of(product, master));
}

Result<std::unique_ptr<ledger::Ledger>> open_ledger_read_only(const Product& product) {
  if (product.ledger_path.empty())
    return fail(ErrorCode::kNotFound, "product.yaml says `ledger: {database: none}`: this product keeps no ledger");
  if (!std::filesystem::exists(product.ledger_path))
    return fail(ErrorCode::kNotFound,
                fmt::format("there is no ledger at {} yet: it is made when the product is first served", product.ledger_path));
  const Key master = TRY(ledger::load_master_key(product.keys_dir + "/master.key", ledger::CreateKey::kNo));
  return ledger::open_sqlite_ledger_read_only(options_of(product, master));
}

}  // namespace steward::app
