#pragma once

#include "steward/guard/filter.h"

namespace steward::filters {

/// Finds e-mail addresses, phone numbers, payment cards and IBANs; replaces them by placeholders, and puts the owner's back on the
/// way out (README.md). Errors: kInvalidInput at the policy's line.
Result<std::unique_ptr<guard::Filter>> make_pii(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
