#pragma once

#include <string_view>

#include "steward/guard/detector.h"
#include "steward/guard/finding.h"

namespace steward::guard {

/// True if a filter of `detectors` works on `direction` in shadow.
bool has_shadow(const std::vector<Detector>& detectors, policy::Direction direction);

/// Adds to `decision.shadow` what the shadow filters find in one whole text, with the rulings that it would have had, and to their
/// records what they did. They get no vault, for a placeholder that they made would change others' numbers. Nothing else changes.
void scan_in_shadow(const Pipeline& pipeline, std::string_view text, Scope scope, Decision& decision);

}  // namespace steward::guard
