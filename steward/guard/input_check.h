#pragma once

#include "steward/guard/detector.h"
#include "steward/guard/guard.h"

namespace steward::guard {

/// Guard::check_input and Guard::check_text over `pipeline`.
InputOutcome check_input(const Pipeline& pipeline, const Turn& turn, const std::vector<Message>& messages);
Decision check_text(const Pipeline& pipeline, const policy::Context& context, policy::Direction direction, const Message& message);

}  // namespace steward::guard
