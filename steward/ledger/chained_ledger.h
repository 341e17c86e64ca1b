#pragma once

#include <memory>

#include "steward/ledger/keys.h"
#include "steward/ledger/ledger.h"
#include "steward/ledger/store.h"

namespace steward::ledger {

struct ChainedLedgerOptions {
  std::size_t queued_events_max = 65'536;
  std::size_t group_events_max = 4'096;
};

/// The ledger over any row store: seals texts, chains rows, and commits whatever waits as one group as soon as the writer is
/// free (no timer: a lone turn pays one sync, a busy gateway shares it).
/// Errors: those of reading the head of the chain.
Result<std::unique_ptr<Ledger>> make_chained_ledger(std::unique_ptr<RowStore> store, std::shared_ptr<KeyRing> keys,
                                                    const ChainedLedgerOptions& options = {});

/// Opened for reading only: append answers kPermissionDenied.
std::unique_ptr<Ledger> make_reading_ledger(std::unique_ptr<RowStore> store, std::shared_ptr<KeyRing> keys);

}  // namespace steward::ledger
