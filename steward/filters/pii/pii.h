#pragma once

#include <memory>

#include "steward/core/result.h"
#include "steward/guard/filter.h"

namespace steward::filters {

/// Personal data: finds it, gives placeholders for it, and puts the principal's own values back on output.
/// config: category (needed), types [email, phone, card, iban, national_id, passport, date_of_birth, ip, mac, crypto, address, name]
/// (default all), input_only (types that are not looked for in what the model writes; default none), regions (ISO 3166-1 alpha-2, whose
/// national phone formats are recognised; default none). Findings have the type as subtype, or "placeholder" with `restore` set. Errors:
/// kInvalidInput at the line of an unknown key, type or region.
Result<std::unique_ptr<guard::Filter>> make_pii(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
