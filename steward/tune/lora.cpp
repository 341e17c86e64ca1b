#include "steward/tune/lora.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "steward/core/random.h"

namespace steward::tune {
namespace {

constexpr std::array kTargets = {"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"};

Tensor random_factor(const std::string& name, std::int64_t rank, std::int64_t in, std::uint64_t seed) {
  Random random(hash64(name) ^ seed);
  const double most = 1 / std::sqrt(static_cast<double>(in));
  Tensor out = at::empty({rank, in}, at::kFloat);
  float* numbers = out.data_ptr<float>();
  for (std::int64_t i = 0; i < out.numel(); ++i) numbers[i] = static_cast<float>((random.uniform() * 2 - 1) * most);
  return out;
}

}  // namespace

std::map<std::string, Tensor> Lora::named() const {
  std::map<std::string, Tensor> out;
  for (const auto& [name, pair] : pairs) {
    out.emplace(name + ".lora_a", pair.a);
    out.emplace(name + ".lora_b", pair.b);
  }
  return out;
}

std::vector<Tensor> Lora::parameters() const {
  std::vector<Tensor> out;
  for (const auto& [name, tensor] : named()) out.push_back(tensor);
  return out;
}

std::int64_t Lora::first_layer() const {
  std::int64_t out = std::numeric_limits<std::int64_t>::max();
  for (const auto& [name, pair] : pairs)
    if (const auto layer = layer_of(name)) out = std::min(out, *layer);
  return out;
}

Result<Lora> make_lora(const LlamaShape& shape, const LoraOptions& options) {
  if (options.rank <= 0 || !(options.alpha > 0)) return fail(ErrorCode::kInvalidInput, "a LoRA's rank and alpha must be above 0");
  if (options.targets.empty()) return fail(ErrorCode::kInvalidInput, "a LoRA needs a target");
  for (const std::string& target : options.targets)
    if (std::find(kTargets.begin(), kTargets.end(), target) == kTargets.end())
      return fail(ErrorCode::kInvalidInput, fmt::format("a LoRA's targets are of {}", fmt::join(kTargets, ", ")));
  if (options.layers < 0 || options.layers > shape.layers)
    return fail(ErrorCode::kInvalidInput, fmt::format("the model has {} layers, the LoRA is to have {}", shape.layers, options.layers),
                "model.lora.layers");
  const std::int64_t first = options.layers > 0 ? shape.layers - options.layers : 0;
  Lora out{options.rank, options.alpha, {}};
  for (const TensorShape& tensor : tensors_of(shape)) {
    const auto layer = layer_of(tensor.name);
    if (!layer || *layer < first) continue;
    const auto is_target = [&](const std::string& target) { return tensor.name.ends_with("." + target + ".weight"); };
    if (std::none_of(options.targets.begin(), options.targets.end(), is_target)) continue;
    const Tensor a = random_factor(tensor.name, options.rank, tensor.size[1], options.seed);
    out.pairs.emplace(tensor.name, LoraPair{a.requires_grad_(), at::zeros({tensor.size[0], options.rank}).requires_grad_()});
  }
  return out;
}

Tensor merged(const Tensor& weight, const LoraPair& pair, double scale) {
  return weight.to(at::kFloat).addmm(pair.b.detach(), pair.a.detach(), 1, scale);
}

}  // namespace steward::tune
