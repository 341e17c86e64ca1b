#pragma once

#include "steward/guard/filter.h"

namespace steward::filters {

/// Finds chat-template and special tokens, forged role headers, control characters and oversized messages (README.md).
Result<std::unique_ptr<guard::Filter>> make_form(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
