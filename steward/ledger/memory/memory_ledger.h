#pragma once

#include <memory>

#include "steward/ledger/ledger.h"

namespace steward::ledger {

/// A ledger that lives as long as the process: for tests and for trying out. Same chain, same sealing.
std::unique_ptr<Ledger> make_memory_ledger();

}  // namespace steward::ledger
