#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "steward/core/result.h"
#include "steward/gateway/turn_request.h"
#include "steward/guard/guard.h"

namespace steward::gateway {

/// The texts of a chat that a guard judges, in the order in which a model reads them: each function as the application's own (role
/// system), each message with its name before it, and behind an assistant's message the arguments of its calls.
std::vector<guard::Message> guarded_texts(const TurnRequest& request);

/// A chat after its guard.
struct GuardedChat {
  std::vector<model::ChatMessage> messages;
  std::vector<model::Tool> tools;
};

/// The chat with the texts that a guard gave back for guarded_texts(request). Messages that it emptied are left out; a tool's answer stays,
/// with "[removed]" as its text, because models want an answer to each call.
/// Errors: kInvalidInput "tools" when what was rewritten in a function leaves no JSON.
Result<GuardedChat> apply_guard(const TurnRequest& request, const std::vector<guard::Message>& given);

/// JSON with the \uXXXX escapes of its strings written as the characters that they mean, but for those that JSON must escape: the same
/// value in the form in which filters read text. Any other text is left as it is.
std::string unescaped_json(std::string_view text);

}  // namespace steward::gateway
