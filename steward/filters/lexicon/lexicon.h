#pragma once

#include "steward/guard/filter.h"

namespace steward::filters {

/// Finds the words and phrases of lists (README.md). Errors: kInvalidInput at the line of the policy or of the list.
Result<std::unique_ptr<guard::Filter>> make_lexicon(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
