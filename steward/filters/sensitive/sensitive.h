#pragma once

#include "steward/guard/filter.h"

namespace steward::filters {

/// Says which sensitive topics a text is about (README.md). Errors: kInvalidInput at the line of the policy or of a list.
Result<std::unique_ptr<guard::Filter>> make_sensitive(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
