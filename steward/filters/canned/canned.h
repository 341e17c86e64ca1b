#pragma once

#include "steward/guard/filter.h"

namespace steward::filters {

/// Matches the policy's hard-coded replies on the input (README.md).
Result<std::unique_ptr<guard::Filter>> make_canned(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
