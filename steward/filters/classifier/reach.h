#pragma once

#include "steward/guard/filter.h"
#include "steward/policy/check.h"

namespace steward::filters {

/// What the calibration of a classifier has figures for: categories with a head that rows of sets left out bear, and the languages of
/// these. Opens no model. Errors: kInvalidInput with the place in the policy.
Result<policy::FilterReach> reach_of_classifier(const policy::FilterSpec& spec, const guard::FilterEnvironment& environment);

}  // namespace steward::filters
