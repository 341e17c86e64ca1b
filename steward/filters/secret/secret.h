#pragma once

#include "steward/guard/filter.h"

namespace steward::filters {

/// Finds credentials: keys and tokens of known providers, private keys, passwords beside their names (README.md).
/// Errors: kInvalidInput at the line of an unknown key.
Result<std::unique_ptr<guard::Filter>> make_secret(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
