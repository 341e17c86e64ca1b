#pragma once

#include <memory>

#include "steward/app/product.h"
#include "steward/core/hash.h"
#include "steward/ledger/ledger.h"

namespace steward::app {

/// The product's master key: STEWARD_MASTER_KEY or keys/master.key, which is made when the product is first served.
Result<Key> open_master_key(const Product& product);
/// The key that end users' and conversations' names are hashed with, in the server and when a user is looked for.
Key pseudonym_key(const Key& master);
/// One that stores nothing if the product says so.
Result<std::unique_ptr<ledger::Ledger>> open_ledger(const Product& product, const Key& master);
Result<std::unique_ptr<ledger::Ledger>> open_ledger_read_only(const Product& product);

}  // namespace steward::app
