#include "steward/tune/trainee.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "steward/tune/reward_model.h"

namespace steward::tune {

Result<Trainee> open_trainee(const runs::ModelConfig& config, const runs::OptimizerConfig& optimizer, std::uint64_t seed,
                             const std::map<std::string, Tensor>& heads) {
  const bool whole = config.train == "full";
  const Precision precision = config.precision == "f32" || whole ? Precision::kF32 : Precision::kBf16;
  Llama model(TRY(load_llama(config.base, precision)));
  Lora lora;
  std::map<std::string, Tensor> trained = heads;
  if (whole) {
    model.train_all();
    for (const auto& [name, tensor] : model.tensors())
      if (tensor.requires_grad()) trained.emplace(name, tensor);
  } else if (config.train == "lora") {
    lora = TRY(make_lora(model.shape(), {config.lora_rank, config.lora_alpha, config.lora_targets, seed, config.lora_layers}));
    trained.merge(lora.named());
  }
  if (trained.empty()) return fail(ErrorCode::kInvalidInput, "nothing is trained: this recipe has no head (model.train)", "model.train");
  AdamW steps(std::move(trained), {optimizer.beta1, optimizer.beta2, optimizer.epsilon, optimizer.weight_decay});
  return Trainee{std::move(model), std::move(lora), std::move(steps), Keep::kLayerInputs, {}};
}

Result<void> begin_at(Trainee& trainee, const std::string& adapter) {
  Lora start = TRY(load_adapter(adapter, trainee.model.shape()));
  const auto same_maps = std::equal(start.pairs.begin(), start.pairs.end(), trainee.lora.pairs.begin(), trainee.lora.pairs.end(),
                                    [](const auto& a, const auto& b) { return a.first == b.first; });
  if (!same_maps || start.rank != trainee.lora.rank || std::abs(start.alpha - trainee.lora.alpha) > 1e-6 * start.alpha)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("{} has {} maps, rank {} and alpha {}: training goes on from an adapter of the same model.lora", adapter,
                            start.pairs.size(), start.rank, start.alpha),
                "model.adapter");
  const at::NoGradGuard guard;
  for (auto& [name, pair] : trainee.lora.pairs) {
    pair.a.copy_(start.pairs.at(name).a);
    pair.b.copy_(start.pairs.at(name).b);
  }
  trainee.start = std::move(start);
  return {};
}

std::string describe(const Trainee& trainee) {
  std::int64_t trained = 0, all = 0;
  for (const auto& [name, tensor] : trainee.optimizer.parameters()) trained += tensor.numel();
  for (const auto& [name, tensor] : trainee.model.tensors()) all += tensor.numel();
  return fmt::format("{:.2f} million numbers are trained; the model has {:.1f}", static_cast<double>(trained) / 1e6,
                     static_cast<double>(all) / 1e6);
}

}  // namespace steward::tune
