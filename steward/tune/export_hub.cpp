#include <unistd.h>

#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/core/json.h"
#include "steward/tune/export.h"
#include "steward/tune/hub_tokenizer.h"
#include "steward/tune/safetensors.h"

namespace steward::tune {
namespace {

namespace fs = std::filesystem;

/// What stands in a folder of the hub's form.
struct HubFiles {
  const json::Object& config;
  const char* config_name;
  const Safetensors& weights;
  const char* weights_name;
  std::string card;
  std::string tokenizer_of = {};  ///< a base; empty: no tokenizer is written
};

/// Written beside the folder; then it is there whole.
Result<void> write_folder(const std::string& folder, const HubFiles& files) {
  if (fs::exists(folder))
    return fail(ErrorCode::kInvalidInput, fmt::format("{} is there already: name another folder, or remove it", folder));
  const std::string part = fmt::format("{}.{}.tmp", folder, ::getpid());
  const auto write = [&]() -> Result<void> {
    std::error_code error;
    fs::create_directories(part, error);
    if (error) return fail(ErrorCode::kInternal, fmt::format("cannot make {}: {}", part, error.message()));
    TRY(write_safetensors(part + "/" + files.weights_name, files.weights));
    if (!files.tokenizer_of.empty()) TRY(write_hub_tokenizer(part, files.tokenizer_of));
    TRY(write_file_atomic(part + "/" + files.config_name, json::dump_canonical(files.config) + "\n"));
    TRY(write_file_atomic(part + "/README.md", files.card));
    fs::rename(part, folder, error);
    if (error) return fail(ErrorCode::kInternal, fmt::format("cannot rename a folder to {}: {}", folder, error.message()));
    return {};
  };
  auto written = write();
  std::error_code ignored;
  if (!written) fs::remove_all(part, ignored);
  return written;
}

/// The rows of q and k in the hub's order.
Tensor hub_rows(const std::string& name, const Tensor& rows, const LlamaShape& shape) {
  if (name.find(".attn_q.") != std::string::npos) return to_halves(rows, shape.heads);
  if (name.find(".attn_k.") != std::string::npos) return to_halves(rows, shape.kv_heads);
  return rows;
}

json::Object hub_config(const LlamaShape& shape) {
  json::Object rope{{"rope_type", "default"}, {"rope_theta", shape.rope_base}};
  if (shape.rope_scale != 1) rope = {{"rope_type", "linear"}, {"factor", shape.rope_scale}, {"rope_theta", shape.rope_base}};
  json::Object out{{"architectures", json::Array{"LlamaForCausalLM"}},
                   {"model_type", "llama"},
                   {"attention_bias", false},
                   {"mlp_bias", false},
                   {"hidden_act", "silu"},
                   {"num_hidden_layers", shape.layers},
                   {"hidden_size", shape.width},
                   {"num_attention_heads", shape.heads},
                   {"num_key_value_heads", shape.kv_heads},
                   {"head_dim", shape.head_width},
                   {"intermediate_size", shape.ffn_width},
                   {"vocab_size", shape.vocabulary},
                   {"max_position_embeddings", shape.context},
                   {"rms_norm_eps", shape.norm_epsilon},
                   {"rope_theta", shape.rope_base},
                   {"rope_parameters", rope},
                   {"tie_word_embeddings", shape.tied},
                   {"torch_dtype", "float16"}};
  if (shape.rope_scale != 1) out["rope_scaling"] = json::Object{{"rope_type", "linear"}, {"factor", shape.rope_scale}};
  return out;
}

}  // namespace

Result<void> export_hub_adapter(const std::string& folder, const LlamaShape& shape, const Lora& lora, const ModelCard& card) {
  Safetensors weights;
  std::set<std::string> targets;
  std::set<std::int64_t> layers;
  for (const auto& [name, pair] : lora.pairs) {
    if (!pair.a.isfinite().all().item<bool>() || !pair.b.isfinite().all().item<bool>())
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{} holds infinite numbers or none: training went wrong, nothing is exported", name));
    const std::string hub = hub_name(name), stem = hub.substr(0, hub.rfind('.'));
    if (const auto layer = layer_of(name)) layers.insert(*layer);
    targets.insert(stem.substr(stem.rfind('.') + 1));
    weights.tensors.emplace("base_model.model." + stem + ".lora_A.weight", pair.a);
    weights.tensors.emplace("base_model.model." + stem + ".lora_B.weight", hub_rows(name, pair.b.detach(), shape));
  }
  json::Array modules;
  for (const std::string& target : targets) modules.emplace_back(target);
  json::Object config{{"peft_type", "LORA"},
                      {"task_type", "CAUSAL_LM"},
                      {"base_model_name_or_path", card.base},
                      {"r", lora.rank},
                      {"lora_alpha", lora.alpha},
                      {"lora_dropout", 0.0},
                      {"target_modules", modules},
                      {"bias", "none"},
                      {"fan_in_fan_out", false},
                      {"inference_mode", true},
                      {"init_lora_weights", true}};
  if (static_cast<std::int64_t>(layers.size()) < shape.layers) config["layers_to_transform"] = json::Array(layers.begin(), layers.end());
  return write_folder(folder, {config, "adapter_config.json", weights, "adapter_model.safetensors", render_card(card, "peft")});
}

Result<void> export_hub_model(const std::string& folder, const std::string& base_path, const Change& change, const ModelCard& card) {
  LlamaWeights base = TRY(load_llama(base_path, Precision::kF32));
  if (base.shape.rope_freqs)
    return fail(ErrorCode::kInvalidInput,
                "a GGUF file keeps factors of frequencies, not the numbers they came from: config.json cannot be written. Export GGUF");
  Safetensors weights;
  weights.metadata["format"] = "pt";
  for (auto& [name, tensor] : base.tensors) {
    const Tensor changed = hub_rows(name, change(name, tensor), base.shape);
    if (!changed.isfinite().all().item<bool>())
      return fail(ErrorCode::kInvalidInput,
                  fmt::format("{} holds infinite numbers or none: training went wrong, nothing is exported", name));
    weights.tensors.emplace(hub_name(name), changed.to(at::kHalf));
    tensor = Tensor();
  }
  const json::Object config = hub_config(base.shape);
  return write_folder(folder, {config, "config.json", weights, "model.safetensors", render_card(card, "transformers"), base_path});
}

}  // namespace steward::tune
