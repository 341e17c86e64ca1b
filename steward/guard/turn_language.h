#pragma once

#include <string>
#include <string_view>

#include "steward/guard/conversation.h"
#include "steward/policy/policy.h"

namespace steward::guard {

/// The context's language, else the one that the conversation has, else "und".
std::string known_language(const policy::Context& context, const Conversation& conversation);
/// The language of a bounded prefix of `utf8` (any bytes), or "und".
std::string language_of(std::string_view utf8);

}  // namespace steward::guard
