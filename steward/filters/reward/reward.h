#pragma once

#include "steward/filters/models.h"
#include "steward/guard/filter.h"

namespace steward::filters {

/// A reward model scores whole replies (README.md); those that are probably bad are findings. The filter is slow, and blocks its thread
/// while the model reads. Errors: kInvalidInput with the place and what to write instead; of ScoringModel::open().
Result<std::unique_ptr<guard::Filter>> make_reward(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment,
                                                   const ScoringSource& models);

}  // namespace steward::filters
