#pragma once

#include <memory>

#include "steward/guard/filter.h"

namespace steward::filters {

/// Finds literal texts given in its config: the filter of tests and demonstrations (README.md in this folder has the
/// keys). Errors: kInvalidInput at the config's line.
Result<std::unique_ptr<guard::Filter>> make_scripted(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
