#include "steward/tune/reward_head.h"

#include <fmt/format.h>

#include "steward/model/llama/gguf_header.h"
#include "steward/tune/gguf_writer.h"
#include "steward/tune/llama_weights.h"

namespace steward::tune {

RewardHead make_reward_head(std::int64_t width) { return {at::zeros({1, width}).requires_grad_(), at::zeros({1}).requires_grad_()}; }

Result<void> export_head(const std::string& path, const RewardHead& head, const std::string& adapter_sha256, const ModelCard& card) {
  if (!head.weight.isfinite().all().item<bool>() || !head.bias.isfinite().all().item<bool>())
    return fail(ErrorCode::kInvalidInput, "the head holds infinite numbers or none: training went wrong, nothing is exported");
  GgufWriter writer;
  writer.set("general.type", std::string("reward-head"));
  writer.set("general.architecture", std::string("llama"));
  writer.set("general.name", card.name);
  writer.set("reward_head.base_sha256", card.base_sha256);
  writer.set("reward_head.adapter_sha256", adapter_sha256);
  writer.add("head.weight", head.weight.squeeze(0), NumberFormat::kF32);
  writer.add("head.bias", head.bias, NumberFormat::kF32);
  return writer.write(path);
}

Result<RewardHead> load_head(const std::string& path, std::int64_t width) {
  const auto header = TRY(model::read_gguf_header(path));
  if (header.text("general.type") != "reward-head") return fail(ErrorCode::kInvalidInput, fmt::format("{} is no reward head", path));
  const GgufTensors file = TRY(GgufTensors::open(path));
  const Tensor weight = TRY(file.read("head.weight")), bias = TRY(file.read("head.bias"));
  if (weight.numel() != width || bias.numel() != 1)
    return fail(ErrorCode::kInvalidInput, fmt::format("{} is the head of a model of another width", path));
  return RewardHead{weight.reshape({1, width}), bias.reshape({1})};
}

}  // namespace steward::tune
