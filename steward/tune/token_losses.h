#pragma once

#include "steward/tune/torch.h"

namespace steward::tune {

/// Tokens to be predicted. hidden: [M, width], what the model's last norm gave at the token before each; head: [vocabulary, width];
/// targets: [M], int64. Logits are made and dropped `rows` at a time: those of all tokens never stand side by side.
struct Predicted {
  Tensor hidden, head, targets;
  std::int64_t rows = 128;
};

/// Σ weights · -log p(target), in nats: a scalar. weights: [M], no gradient. The gradient for `hidden`, and for `head` if it asks for one,
/// is made on the way forward.
Tensor weighted_nll(const Predicted& predicted, const Tensor& weights);

/// log p(target) of each, in nats: [M]. On the way back the logits are made again.
Tensor token_logprobs(const Predicted& predicted);

/// Sums of consecutive values: [S] of values [M] and counts that sum up to M.
Tensor segment_sums(const Tensor& values, const std::vector<std::int64_t>& counts);

}  // namespace steward::tune
