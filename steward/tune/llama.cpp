#include "steward/tune/llama.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/tune/attention.h"
#include "steward/tune/recompute.h"

namespace steward::tune {
namespace {

constexpr std::array kLayerTensors = {"attn_norm", "attn_q",   "attn_k", "attn_v",  "attn_output",
                                      "ffn_norm",  "ffn_gate", "ffn_up", "ffn_down"};

std::string name_of(std::int64_t layer, std::string_view part) { return fmt::format("blk.{}.{}.weight", layer, part); }

}  // namespace

/// Where a batch's tokens stand: how each is turned, and which are of one sequence.
struct Llama::Rotation {
  Tensor turn;  ///< [N, 1, head_width / 2], complex, of length 1
  std::vector<std::int64_t> lengths;
};

Packed pack(const std::vector<std::vector<std::int32_t>>& sequences) {
  Packed out;
  std::vector<std::int64_t> tokens;
  for (const auto& sequence : sequences) {
    tokens.insert(tokens.end(), sequence.begin(), sequence.end());
    out.lengths.push_back(static_cast<std::int64_t>(sequence.size()));
  }
  out.tokens = at::tensor(tokens, at::kLong);
  return out;
}

Llama::Llama(LlamaWeights weights) : weights_(std::move(weights)) {
  const LlamaShape& shape = weights_.shape;
  const Tensor steps = at::arange(0, shape.head_width, 2, at::kDouble) / static_cast<double>(shape.head_width);
  frequencies_ = at::pow(shape.rope_base, -steps) / shape.rope_scale;
  if (shape.rope_freqs) frequencies_ = frequencies_ / weight("rope_freqs.weight").to(at::kDouble);
}

std::vector<Tensor> Llama::train_all() {
  std::vector<Tensor> out;
  for (auto& [name, tensor] : weights_.tensors)
    if (name != "rope_freqs.weight") out.push_back(tensor.requires_grad_());
  return out;
}

Tensor Llama::map(const std::string& name, const Tensor& x, const Lora* lora) const {
  const LoraPair* pair = nullptr;
  if (lora) {
    const auto found = lora->pairs.find(name);
    if (found != lora->pairs.end()) pair = &found->second;
  }
  return linear_map(x, weight(name), pair, pair ? lora->scale() : 0);
}

Tensor Llama::norm(const std::string& name, const Tensor& x) const {
  return at::rms_norm(x, {x.size(-1)}, weight(name), weights_.shape.norm_epsilon);
}

/// x: [N, heads, head_width], neighbours are the parts of a complex number.
static Tensor rotate(const Tensor& x, const Tensor& turn) {
  const Tensor pairs = at::view_as_complex(x.reshape({x.size(0), x.size(1), x.size(2) / 2, 2}));
  return at::view_as_real(pairs * turn).flatten(2);
}

Tensor Llama::attention(std::int64_t index, const Tensor& x, const Rotation& rotation, const Lora* lora) const {
  const LlamaShape& shape = weights_.shape;
  const auto heads_of = [&](std::string_view part, std::int64_t heads) {
    return map(name_of(index, part), x, lora).view({x.size(0), heads, shape.head_width});
  };
  const Tensor q = rotate(heads_of("attn_q", shape.heads), rotation.turn);
  const Tensor k = rotate(heads_of("attn_k", shape.kv_heads), rotation.turn);
  const Tensor v = heads_of("attn_v", shape.kv_heads);
  return map(name_of(index, "attn_output"), causal_attention(q, k, v, rotation.lengths), lora);
}

Tensor Llama::layer(std::int64_t index, const Tensor& x, const Rotation& rotation, const Lora* lora) const {
  const Tensor y = x + attention(index, norm(name_of(index, "attn_norm"), x), rotation, lora);
  const Tensor z = norm(name_of(index, "ffn_norm"), y);
  const Tensor gated = at::silu(map(name_of(index, "ffn_gate"), z, lora)) * map(name_of(index, "ffn_up"), z, lora);
  return y + map(name_of(index, "ffn_down"), gated, lora);
}

std::vector<Tensor> Llama::leaves(std::int64_t index, const Lora* lora) const {
  std::vector<Tensor> out;
  for (const char* part : kLayerTensors) {
    const std::string name = name_of(index, part);
    if (weight(name).requires_grad()) out.push_back(weight(name));
    if (!lora) continue;
    if (const auto found = lora->pairs.find(name); found != lora->pairs.end()) out.insert(out.end(), {found->second.a, found->second.b});
  }
  return out;
}

Llama::Rotation Llama::rotation_of(const Packed& batch) const {
  std::vector<Tensor> positions;
  for (const std::int64_t length : batch.lengths) positions.push_back(at::arange(length, at::kDouble));
  const Tensor angles = at::cat(positions).unsqueeze(1) * frequencies_;
  STEWARD_CHECK(angles.size(0) == batch.tokens.size(0));
  const bool wide = weight("token_embd.weight").scalar_type() == at::kDouble;
  return {at::polar(at::ones_like(angles), angles).to(wide ? at::kComplexDouble : at::kComplexFloat).unsqueeze(1), batch.lengths};
}

Tensor Llama::embedded(const Packed& batch) const {
  const Tensor& embeddings = weight("token_embd.weight");
  return at::embedding(embeddings, batch.tokens).to(embeddings.scalar_type() == at::kDouble ? at::kDouble : at::kFloat);
}

std::vector<Pass> Llama::sharing(const Packed& batch, std::vector<Pass> passes) const {
  Trunk trunk{weights_.shape.layers, {}};
  for (const Pass& pass : passes)
    if (pass.lora) trunk.layers = std::min(trunk.layers, pass.lora->first_layer());
  if (trunk.layers == 0) return passes;
  const at::NoGradGuard guard;
  const Rotation rotation = rotation_of(batch);
  trunk.x = embedded(batch);
  for (std::int64_t index = 0; index < trunk.layers; ++index) trunk.x = layer(index, trunk.x, rotation, nullptr);
  for (Pass& pass : passes) pass.trunk = trunk;
  return passes;
}

Tensor Llama::hidden(const Packed& batch, const Pass& pass) const {
  const Rotation rotation = rotation_of(batch);
  const std::int64_t begin = pass.trunk.layers;
  STEWARD_CHECK(!pass.lora || begin <= pass.lora->first_layer());
  Tensor x = begin > 0 ? pass.trunk.x : embedded(batch);
  const bool again = pass.keep == Keep::kLayerInputs && at::GradMode::is_enabled();
  for (std::int64_t index = begin; index < weights_.shape.layers; ++index) {
    const auto run = [this, index, rotation, lora = pass.lora](const Tensor& input) { return layer(index, input, rotation, lora); };
    x = again ? recomputed(run, x, leaves(index, pass.lora)) : run(x);
  }
  return norm("output_norm.weight", x);
}

const Tensor& Llama::head() const { return weight(weights_.shape.tied ? "token_embd.weight" : "output.weight"); }

Tensor Llama::logits(const Tensor& hidden) const { return linear_map(hidden, head()); }

}  // namespace steward::tune
