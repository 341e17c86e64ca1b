#pragma once

#include "steward/guard/filter.h"

namespace steward::filters {

/// The learned tiers as one filter (README.md): the linear model reads every text; where it is not sure that a text is clear, the encoder
/// does. Slow if there is an encoder.
Result<std::unique_ptr<guard::Filter>> make_classifier(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
