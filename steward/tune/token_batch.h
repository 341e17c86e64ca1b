#pragma once

#include <span>
#include <vector>

#include "steward/data/batches.h"
#include "steward/tune/distributed.h"
#include "steward/tune/llama.h"
#include "steward/tune/token_losses.h"

namespace steward::tune {

/// Samples end to end for one pass, and the tokens of them that are learned.
struct TokenBatch {
  Packed packed;
  Tensor rows;                       ///< [M], int64: where in `packed` each learned token is predicted, one before itself
  Tensor targets;                    ///< [M], int64: the learned tokens
  std::vector<std::int64_t> counts;  ///< of each sample; they sum up to M

  std::int64_t learned() const { return targets.size(0); }
  std::int64_t tokens() const { return packed.tokens.size(0); }
};

TokenBatch token_batch(std::span<const data::Sample* const> samples);
/// All samples of a plan, row after row. samples: what its indices mean.
TokenBatch token_batch(const data::BatchPlan& plan, const std::vector<data::Sample>& samples);

/// Pairs: all chosen answers with their prompts, then all rejected ones.
TokenBatch token_batch(const data::BatchPlan& plan, const std::vector<data::PairSample>& pairs);
TokenBatch token_batch(const data::BatchPlan& plan, const std::vector<data::ClassSample>& texts);

TokenBatch token_batch(const data::BatchPlan& plan, const std::vector<data::ThumbSample>& thumbs);
/// Answers behind prompts that they were not written for: each prompt with the answer of the next sample of the plan, around its end, that
/// has another prompt; of them this process's part. Without samples when all have the same.
TokenBatch mismatched_batch(const data::BatchPlan& plan, const std::vector<data::ThumbSample>& thumbs, const World& world = World());

/// What the last norm gives at the last token of each sample, where a reward model reads its score: [S, width].
Tensor last_hidden(const Llama& model, const TokenBatch& batch, const Pass& pass);

/// Runs the model over a batch: what the losses take.
Predicted predict(const Llama& model, const TokenBatch& batch, const Pass& pass);

/// Adds the gradient of the mean loss of a step's learned tokens: each counts alike, whichever batch it is in. Returns the loss, in nats.
/// step: this process's part of it.
double backward_token_loss(const Llama& model, const std::vector<TokenBatch>& step, const Pass& pass, const World& world = World());
/// Mean loss of a learned token, in nats, without a gradient. at_once: samples of one pass.
double mean_token_loss(const Llama& model, const std::vector<data::Sample>& samples, const Pass& pass, std::size_t at_once,
                       const World& world = World());

}  // namespace steward::tune
