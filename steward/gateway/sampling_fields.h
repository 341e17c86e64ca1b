#pragma once

#include "steward/core/json.h"
#include "steward/core/result.h"
#include "steward/model/language_model.h"

namespace steward::gateway {

/// temperature, top_p, top_k, min_p, penalties, seed, max_completion_tokens or max_tokens, stop, logit_bias. Missing fields keep
/// the model's `defaults`. Errors: kInvalidInput with the field as `param`.
Result<model::Sampling> read_sampling(const json::Object& body, const model::Sampling& defaults);
/// logprobs (boolean) and top_logprobs of a chat.
Result<void> read_chat_logprobs(const json::Object& body, model::Sampling& sampling);
/// logprobs (a number) and echo of a completion.
Result<void> read_completion_logprobs(const json::Object& body, model::Sampling& sampling);

}  // namespace steward::gateway
