#pragma once

#include "steward/guard/filter.h"

namespace steward::filters {

/// Jailbreaks, attempts to read the instructions, and instructions hidden in data, by structure and words (README.md). Input only.
Result<std::unique_ptr<guard::Filter>> make_injection(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
