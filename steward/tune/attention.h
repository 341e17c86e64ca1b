#pragma once

#include <vector>

#include "steward/tune/torch.h"

namespace steward::tune {

/// Causal attention of sequences that are laid end to end: a token sees those before it in its own sequence, and itself.
/// q: [N, heads, width]; k, v: [N, kv_heads, width], each shared by heads / kv_heads neighbouring heads of q [Ainslie et al. 2023,
/// arXiv:2305.13245]; lengths sum up to N. Returns [N, heads · width]. Probabilities stand for a stretch of rows at a time, and are made
/// again on the way back: q, k and v alone are kept.
Tensor causal_attention(const Tensor& q, const Tensor& k, const Tensor& v, const std::vector<std::int64_t>& lengths);

}  // namespace steward::tune
