#pragma once

#include "steward/guard/filter.h"

namespace steward::filters {

/// For tests: finds literal texts, or fails on demand (README.md).
Result<std::unique_ptr<guard::Filter>> make_scripted(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
