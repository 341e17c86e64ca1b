#pragma once

#include "steward/core/clock.h"
#include "steward/guard/filter.h"

namespace steward::filters {

/// Asks a moderation service, or a guard model on another server (README.md). Its scans wait: it is slow().
/// Errors: kInvalidInput at the line of what is wrong; a key that cannot be read.
Result<std::unique_ptr<guard::Filter>> make_remote(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

/// The same with the breaker's clock, a steady one that outlives the filter.
Result<std::unique_ptr<guard::Filter>> open_remote_filter(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment,
                                                          const Clock& clock);

}  // namespace steward::filters
