#include "steward/guard/history.h"

namespace steward::guard {
namespace {

std::string role_under(const policy::Policy& policy, const Message& message) { return message.role + '\n' + policy.id(); }
bool is_refusal(policy::Action action) { return action >= policy::Action::kCanned; }

}  // namespace

Standing standing_of(const Conversation& conversation, const policy::Policy& policy, const Message& message) {
  const auto anywhere = conversation.judged(message.role, message.text);
  if (anywhere && is_refusal(*anywhere)) return Standing::kRefused;
  return conversation.judged(role_under(policy, message), message.text) ? Standing::kJudged : Standing::kNew;
}

void remember(Conversation& conversation, const policy::Policy& policy, const Message& message, policy::Action action) {
  const bool overrules = !is_refusal(action) && conversation.judged(message.role, message.text);
  if (is_refusal(action) || overrules) conversation.remember(message.role, message.text, action);
  if (!is_refusal(action)) conversation.remember(role_under(policy, message), message.text, action);
}

}  // namespace steward::guard
