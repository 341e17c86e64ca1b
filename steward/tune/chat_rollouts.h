#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "steward/data/row.h"
#include "steward/model/llama/chat_tokenizer.h"
#include "steward/model/llama/rollouts.h"

namespace steward::tune {

/// The chat as the template shows it, up to where the assistant answers, and what the answer is to begin with, which is data.
/// Errors: kInvalidInput if the template refuses the messages.
Result<std::vector<model::Token>> chat_prompt(const model::ChatTokenizer& tokenizer, const data::Messages& chat,
                                              std::string_view begun = "");

struct ChatAnswer {
  std::string text;       ///< without what ends it, and without blanks around it
  bool ended = false;     ///< by itself
  bool too_long = false;  ///< the prompt leaves no room for an answer: nothing was asked
};

struct ChatSampling {
  model::RolloutSampling sampling;
  int draws = 1;                 ///< answers to each chat
  std::uint64_t first_draw = 0;  ///< names the random numbers of the first answer; those of the next follow it
  int context = 1024;            ///< of the rollouts
};

/// Answers to each chat, `draws` of them next to each other.
/// Errors: of Rollouts::sample and chat_prompt.
Result<std::vector<ChatAnswer>> answer_chats(model::Rollouts& rollouts, const model::ChatTokenizer& tokenizer,
                                             std::span<const data::Messages> chats, const ChatSampling& options);

}  // namespace steward::tune
