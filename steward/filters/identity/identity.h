#pragma once

#include "steward/guard/filter.h"

namespace steward::filters {

/// Keeps the assistant from claiming or implying to be human, and notices when it is asked (README.md).
Result<std::unique_ptr<guard::Filter>> make_identity(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
