#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "steward/core/result.h"
#include "steward/model/language_model.h"
#include "steward/policy/policy.h"

namespace steward::prompting {

/// How often a minor is reminded (`every_3h_for_minors`) [California Business and Professions Code, section 22602 (c)(2)].
inline constexpr std::chrono::hours kReminderInterval{3};

struct PromptInput {
  policy::Context context;
  std::string conversation;                  ///< seeds the probabilistic rules
  std::vector<model::ChatMessage> messages;  ///< after the guard
  std::vector<std::string> categories;       ///< that the guard found on input ("privacy", "self_harm" …)
  bool asks_identity = false;                ///< the user asked whether they talk to a machine
  bool reminder_due = false;                 ///< kReminderInterval has gone by in this conversation
};

struct AppliedNotice {
  std::string id;
  std::string text;
  std::string when;  ///< the occasion that matched
};

struct PromptOutcome {
  std::vector<model::ChatMessage>
      messages;                    ///< for the model: one system message of ours first; the client's system text after it, marked as such
  std::vector<std::string> rules;  ///< ids of the rules that applied, for the ledger
  std::vector<AppliedNotice> notices;  ///< to show beside the reply
};

/// Applies the policy's prompt rules and notices. The same conversation always gets the same draw of a probabilistic rule.
/// Errors: kInvalidInput at the rule's line when a rule's `when` or `add` is malformed (policy check calls check_rules first).
Result<PromptOutcome> compose(const policy::Policy& policy, const PromptInput& input);
Result<void> check_rules(const policy::Policy& policy);

/// The notices to show before the first input, by language and place (GET /v1/notices).
std::vector<AppliedNotice> notices_for(const policy::Policy& policy, const policy::Context& context, std::string_view when);

}  // namespace steward::prompting
