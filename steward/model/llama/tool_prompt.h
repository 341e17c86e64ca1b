#pragma once

#include <vector>

#include "steward/model/language_model.h"

namespace steward::model {

/// Where what we say to the model may stand. kWithUser: its template knows no system messages.
enum class SystemPlace { kSystem, kWithUser };

/// The chat as a template without tools of its own can show it: the functions described in a system text of ours, calls and their results
/// in the history as text. Everything stays the content of a message, so that nothing of it becomes a special token. Without tools and
/// without calls in the history the messages are returned as they are.
std::vector<ChatMessage> with_tools(std::vector<ChatMessage> messages, const GenerateRequest& request, SystemPlace place);

}  // namespace steward::model
