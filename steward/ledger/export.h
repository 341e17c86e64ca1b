#pragma once

#include "steward/ledger/ledger.h"

namespace steward::ledger {

enum class WithText { kNo, kYes };

/// One line of `steward ledger export` (docs/formats/ledger.md).
json::Object to_json(const StoredEvent& stored, WithText with_text);

}  // namespace steward::ledger
