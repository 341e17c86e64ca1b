#pragma once

#include "steward/guard/conversation.h"
#include "steward/guard/guard.h"

namespace steward::guard {

enum class Standing {
  kNew,      ///< not judged yet
  kJudged,   ///< judged by this policy, and the turn went on
  kRefused,  ///< it ended its turn, under whichever policy
};

/// How the conversation remembers a message. That it went through counts only under the same policy (by id), so that a
/// lax profile cannot vouch for a text before a strict one.
Standing standing_of(const Conversation& conversation, const policy::Policy& policy, const Message& message);
void remember(Conversation& conversation, const policy::Policy& policy, const Message& message, policy::Action action);

}  // namespace steward::guard
