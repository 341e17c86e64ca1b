#pragma once

#include <string>
#include <vector>

#include "steward/core/json.h"
#include "steward/model/language_model.h"

namespace steward::gateway {

/// A token's text where it is valid UTF-8, else "bytes:\xe2\x80": part of a character is no JSON string.
std::string token_text(const std::string& bytes);

/// completions: {tokens, token_logprobs, top_logprobs, text_offset}. `text_offset` of the first token is `offset`, counted in
/// characters as OpenAI does, and moves on with each token. `top_wanted`: 0 leaves top_logprobs null.
json::Object completion_logprobs(const std::vector<model::TokenLogprob>& tokens, int top_wanted, std::size_t& offset);

/// chat: {content: [{token, logprob, bytes, top_logprobs}], refusal: null}
json::Object chat_logprobs(const std::vector<model::TokenLogprob>& tokens);

}  // namespace steward::gateway
