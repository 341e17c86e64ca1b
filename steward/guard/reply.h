#pragma once

#include <string>
#include <string_view>

#include "steward/guard/detector.h"
#include "steward/guard/finding.h"
#include "steward/policy/policy.h"

namespace steward::guard {

/// Null if the policy has no such canned reply.
const policy::CannedReply* find_canned(const policy::Policy& policy, std::string_view id);

/// The text of the canned reply that `ruled` asks for, in the context's language (else English, else the first), with
/// "{resources}" filled in. A supportive ruling whose reply does not exist takes another supportive one; the last
/// resort is the policy's refusal.
std::string canned_reply(const Pipeline& pipeline, const policy::Context& context, const RuledFinding& ruled);

/// Lines "name: contact" of the resources on `topic` for `place`. Without one there, or in an unknown place, those of
/// "*". Expired entries are never shown. A topic without entries takes those of every topic.
std::string resource_lines(const policy::Policy& policy, std::string_view topic, std::string_view place, std::int64_t now_us);

}  // namespace steward::guard
