#pragma once

#include "steward/guard/filter.h"

namespace steward::filters {

/// Keeps the application's instructions, and canaries planted in them, from coming back in the output (README.md).
/// Errors: kInvalidInput at the line of an unknown key, or of a canary without letters.
Result<std::unique_ptr<guard::Filter>> make_leak(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
