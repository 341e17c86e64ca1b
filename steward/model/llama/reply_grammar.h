#pragma once

#include <optional>
#include <string>
#include <vector>

#include "steward/model/language_model.h"

namespace steward::model {

/// A grammar in GBNF and the symbol that a text must be.
struct ReplyGrammar {
  std::string gbnf;
  std::string start;
};

/// Where a grammar begins to bind. kCalls: at each `<tool_call>` that the model writes, for one call; the text between is free.
enum class GrammarScope { kReply, kCalls };

/// What binds a reply: nothing, its whole text, or the calls in it.
struct ReplyRules {
  std::optional<ReplyGrammar> grammar;
  GrammarScope scope = GrammarScope::kReply;
};

/// Errors: kInvalidInput with the param "response_format", "tools" or "tool_choice": a schema that cannot be enforced or is too large, a
/// name that no tool has.
Result<ReplyRules> reply_rules(const GenerateRequest& request);

}  // namespace steward::model
