#include "steward/tune/reward_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "steward/core/hash.h"
#include "steward/model/llama/gguf_header.h"

namespace steward::tune {
namespace {

Result<void> check_shapes(const std::string& path, const Lora& lora, const LlamaShape& shape) {
  const std::vector<TensorShape> known = tensors_of(shape);
  for (const auto& [name, pair] : lora.pairs) {
    const auto base = std::find_if(known.begin(), known.end(), [&](const TensorShape& tensor) { return tensor.name == name; });
    const bool fits = base != known.end() && base->size.size() == 2 && pair.a.defined() && pair.b.defined() && pair.a.dim() == 2 &&
                      pair.b.dim() == 2 && pair.a.size(0) == lora.rank && pair.b.size(1) == lora.rank && pair.a.size(1) == base->size[1] &&
                      pair.b.size(0) == base->size[0];
    if (!fits) return fail(ErrorCode::kInvalidInput, fmt::format("{} does not fit this base at {}: it is another model's", path, name));
  }
  return {};
}

}  // namespace

Result<Lora> load_adapter(const std::string& path, const LlamaShape& shape) {
  const auto header = TRY(model::read_gguf_header(path));
  const auto no_adapter = [&] { return fail(ErrorCode::kInvalidInput, fmt::format("{} is no LoRA adapter", path)); };
  const auto alpha = header.scalars.find("adapter.lora.alpha");
  if (header.text("adapter.type") != "lora" || alpha == header.scalars.end()) return no_adapter();
  const double* value = std::get_if<double>(&alpha->second);
  if (!value || !(*value > 0)) return no_adapter();
  const GgufTensors file = TRY(GgufTensors::open(path));
  Lora out;
  out.alpha = *value;
  for (const std::string& name : file.names()) {
    const std::string_view kind = std::string_view(name).substr(name.size() > 7 ? name.size() - 7 : 0);
    if (kind != ".lora_a" && kind != ".lora_b") return no_adapter();
    LoraPair& pair = out.pairs[name.substr(0, name.size() - 7)];
    (kind == ".lora_a" ? pair.a : pair.b) = TRY(file.read(name));
    if (kind == ".lora_a") out.rank = pair.a.size(0);
  }
  if (out.pairs.empty()) return no_adapter();
  TRY(check_shapes(path, out, shape));
  return out;
}

Tensor RewardModel::score(const Llama& llama, const TokenBatch& batch, const Pass& pass) const {
  return head.score(last_hidden(llama, batch, pass));
}

Result<RewardModel> load_reward_model(const std::string& folder, const LlamaShape& shape, const std::string& base_sha256) {
  const std::string head = folder + "/head.gguf", adapter = folder + "/adapter.gguf";
  const auto header = TRY(model::read_gguf_header(head));
  if (header.text("reward_head.base_sha256") != base_sha256)
    return fail(ErrorCode::kInvalidInput,
                fmt::format("the reward model in {} was trained on another base than model.base: train it on this one", folder));
  RewardModel out;
  out.head = TRY(load_head(head, shape.width));
  out.digest = TRY(sha256_file_hex(head));
  const std::string wanted = header.text("reward_head.adapter_sha256");
  if (wanted.empty()) return out;
  if (TRY(sha256_file_hex(adapter)) != wanted)
    return fail(ErrorCode::kInvalidInput, fmt::format("{} is not the adapter that {} was trained with", adapter, head));
  out.lora = TRY(load_adapter(adapter, shape));
  out.digest = hex(sha256(out.digest + wanted));
  return out;
}

}  // namespace steward::tune
