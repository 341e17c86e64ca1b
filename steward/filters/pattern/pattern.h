#pragma once

#include "steward/guard/filter.h"

namespace steward::filters {

/// The operator's regular expressions (RE2 syntax) with named spans (README.md). Errors: kInvalidInput at the pattern's line.
Result<std::unique_ptr<guard::Filter>> make_pattern(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
