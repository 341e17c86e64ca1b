#pragma once

#include <string>
#include <vector>

#include "steward/guard/detector.h"
#include "steward/guard/finding.h"
#include "steward/policy/policy.h"

namespace steward::guard {

/// The policy's ruling on a finding. Placeholders to restore are not ruled: they are rewritten. A finding that asks for
/// a canned reply gets one unless the policy rules more strictly. A rewrite without a replacement gets "[removed]".
RuledFinding rule(Finding finding, policy::Direction direction, const policy::Plan& plan, const policy::Policy& policy);

/// True for the actions that give another reply than the model's.
inline bool ends_turn(policy::Action action) { return action >= policy::Action::kCanned; }

/// The finding that decides: a supportive one before all others, then the strictest action, then the earliest. Null if
/// there is none.
const RuledFinding* decisive(const std::vector<RuledFinding>& findings);

/// Makes action, review, support, reply and finish_reason of `decision` from its findings and failed_closed. A
/// supportive reply wins over a block and over a failed filter, and leaves no violation.
void conclude(const Pipeline& pipeline, const policy::Context& context, Decision& decision);

/// A decision about `direction`, with no finding yet.
Decision begin_decision(const Pipeline& pipeline, policy::Direction direction);

}  // namespace steward::guard
