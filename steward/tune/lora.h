#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "steward/core/result.h"
#include "steward/tune/linear.h"
#include "steward/tune/llama_weights.h"

namespace steward::tune {

/// Factors of some linear maps of a model. Without it a model is its base: the reference policy needs no second copy.
struct Lora {
  std::int64_t rank = 0;
  double alpha = 0;
  std::map<std::string, LoraPair> pairs;  ///< by the name of the weight, such as blk.3.attn_q.weight

  /// What the factors' product is multiplied by.
  double scale() const { return alpha / static_cast<double>(rank); }
  /// "NAME.lora_a" and "NAME.lora_b" of each pair: the order of everything that is kept for them.
  std::map<std::string, Tensor> named() const;
  std::vector<Tensor> parameters() const;
  /// Of the layers, the first one that has a pair; without any: the largest number.
  std::int64_t first_layer() const;
};

struct LoraOptions {
  std::int64_t rank = 16;
  double alpha = 32;
  std::vector<std::string> targets = {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"};  ///< in each layer
  std::uint64_t seed = 0;
  std::int64_t layers = 0;  ///< the last ones; 0: all
};

/// Factors that change nothing yet: a uniform in ±1/√in, of the seed and the weight's name alone; b 0. They ask for gradients.
/// Errors: kInvalidInput for a target that is no linear map of a layer, a rank or alpha that is not above 0, or more layers than there are.
Result<Lora> make_lora(const LlamaShape& shape, const LoraOptions& options);

/// weight + scale · b a, in float32: [out, in].
Tensor merged(const Tensor& weight, const LoraPair& pair, double scale);

}  // namespace steward::tune
