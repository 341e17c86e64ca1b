#pragma once

#include <string>

#include "steward/tune/llama.h"

namespace steward::tune::testing {

/// Two layers, three query heads for each key head; untied, with factors of frequencies.
LlamaShape tiny_shape(std::int64_t width = 48);
/// Random weights of such a shape.
LlamaWeights random_weights(const LlamaShape& shape, std::uint64_t seed = 1);
/// The same in float64, for finite differences.
LlamaWeights in_doubles(LlamaWeights weights);
/// Writes them as a GGUF file without a vocabulary, in float32, and gives back its path.
std::string write_model(const LlamaWeights& weights, const std::string& name);
std::vector<std::int32_t> random_tokens(std::int64_t count, std::int64_t vocabulary, std::uint64_t seed);
/// Fills a LoRA's `b`, so that it changes something.
void shake(Lora& lora, std::uint64_t seed, double most = 0.05);
/// |a - b| / |b|.
double apart(const Tensor& a, const Tensor& b);

}  // namespace steward::tune::testing
