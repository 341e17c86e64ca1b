#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "steward/core/files.h"
#include "steward/tune/llama_files.h"
#include "steward/tune/safetensors.h"

namespace steward::tune {
namespace {

tl::unexpected<Error> invalid(std::string what) { return fail(ErrorCode::kInvalidInput, std::move(what)); }

Result<std::int64_t> integer(const json::Object& config, const char* key, std::int64_t otherwise = -1) {
  const std::int64_t value = TRY(json::get_integer(config, key)).value_or(otherwise);
  if (value < 0) return invalid(fmt::format("config.json has no {}", key));
  return value;
}

/// Factors of the frequencies for rope_type llama3: long waves are slowed by `factor`, short ones are left alone, those between are mixed.
Result<Tensor> llama3_factors(const json::Object& scaling, const LlamaShape& shape) {
  const double factor = TRY(json::get_number(scaling, "factor")).value_or(0);
  const double low = TRY(json::get_number(scaling, "low_freq_factor")).value_or(1),
               high = TRY(json::get_number(scaling, "high_freq_factor")).value_or(4);
  const double trained = TRY(json::get_number(scaling, "original_max_position_embeddings")).value_or(0);
  if (!(factor > 0) || !(trained > 0) || !(high > low) || !(low > 0)) return invalid("config.json's rope_scaling is incomplete");
  std::vector<float> out;
  for (std::int64_t i = 0; i < shape.head_width; i += 2) {
    const double wave = 2 * M_PI * std::pow(shape.rope_base, static_cast<double>(i) / static_cast<double>(shape.head_width));
    const double smooth = std::clamp((trained / wave - low) / (high - low), 0.0, 1.0);
    out.push_back(static_cast<float>(1 / ((1 - smooth) / factor + smooth)));
  }
  return at::tensor(out);
}

struct Config {
  LlamaShape shape;
  Tensor rope_freqs;  ///< undefined if there are none
};

Result<Config> read_config(const std::string& folder) {
  const std::string text = TRY(read_file(folder + "/config.json"));
  const json::Value parsed = TRY(json::parse(text));
  if (!parsed.is_object()) return invalid("config.json is no JSON object");
  const json::Object& config = parsed.get_object();
  if (TRY(json::get_string(config, "model_type")).value_or("") != "llama") return invalid("config.json is not of the model_type llama");
  for (const char* key : {"attention_bias", "mlp_bias"})
    if (TRY(json::get_bool(config, key)).value_or(false))
      return invalid(fmt::format("it has biases ({}), which this trainer does not know", key));
  Config out;
  LlamaShape& shape = out.shape;
  shape.layers = TRY(integer(config, "num_hidden_layers"));
  shape.width = TRY(integer(config, "hidden_size"));
  shape.heads = TRY(integer(config, "num_attention_heads"));
  shape.kv_heads = TRY(integer(config, "num_key_value_heads", shape.heads));
  shape.head_width = TRY(integer(config, "head_dim", shape.heads > 0 ? shape.width / shape.heads : 0));
  shape.ffn_width = TRY(integer(config, "intermediate_size"));
  shape.vocabulary = TRY(integer(config, "vocab_size"));
  shape.context = TRY(integer(config, "max_position_embeddings", 2048));
  shape.norm_epsilon = TRY(json::get_number(config, "rms_norm_eps")).value_or(1e-6);
  shape.rope_base = TRY(json::get_number(config, "rope_theta")).value_or(10'000);
  shape.tied = TRY(json::get_bool(config, "tie_word_embeddings")).value_or(false);
  TRY(check_shape(shape));
  // transformers 5 keeps the base beside the scaling.
  const json::Object* scaling = TRY(json::get_object(config, "rope_parameters"));
  if (scaling) shape.rope_base = TRY(json::get_number(*scaling, "rope_theta")).value_or(shape.rope_base);
  if (!scaling) scaling = TRY(json::get_object(config, "rope_scaling"));
  if (!scaling) return out;
  std::string kind = TRY(json::get_string(*scaling, "rope_type")).value_or("");
  if (kind.empty()) kind = TRY(json::get_string(*scaling, "type")).value_or("default");
  if (kind == "llama3") {
    out.rope_freqs = TRY(llama3_factors(*scaling, shape));
    shape.rope_freqs = true;
  } else if (kind == "linear") {
    shape.rope_scale = TRY(json::get_number(*scaling, "factor")).value_or(1);
  } else if (kind != "default") {
    return invalid("its rope_scaling is neither linear nor llama3: this trainer knows no other");
  }
  return out;
}

Result<std::vector<std::string>> parts_of(const std::string& folder) {
  const std::string index = folder + "/model.safetensors.index.json";
  if (!std::filesystem::exists(index)) return std::vector<std::string>{"model.safetensors"};
  const std::string text = TRY(read_file(index));
  const json::Value parsed = TRY(json::parse(text));
  const json::Object* map = parsed.is_object() ? TRY(json::get_object(parsed.get_object(), "weight_map")) : nullptr;
  if (!map) return invalid("model.safetensors.index.json has no weight_map");
  std::set<std::string> out;
  for (const auto& [name, file] : *map) {
    if (!file.is_string() || file.get_string().find('/') != json::String::npos)
      return invalid("model.safetensors.index.json names files outside its folder");
    out.emplace(file.get_string());
  }
  return std::vector<std::string>(out.begin(), out.end());
}

}  // namespace

Result<LlamaShape> load_hub_shape(const std::string& path) { return TRY(read_config(path)).shape; }

Result<LlamaWeights> load_hub_folder(const std::string& path, Precision precision) {
  Config config = TRY(read_config(path));
  std::map<std::string, Tensor> stored;
  for (const std::string& part : TRY(parts_of(path))) stored.merge(TRY(read_safetensors(path + "/" + part)).tensors);
  if (!stored.contains("lm_head.weight")) config.shape.tied = true;
  LlamaWeights out{config.shape, {}};
  for (const TensorShape& wanted : tensors_of(config.shape)) {
    if (wanted.name == "rope_freqs.weight") {
      out.tensors.emplace(wanted.name, config.rope_freqs);
      continue;
    }
    const auto found = stored.extract(hub_name(wanted.name));
    if (found.empty()) return invalid(fmt::format("it has no {}", hub_name(wanted.name)));
    if (found.mapped().sizes() != wanted.size) return invalid(fmt::format("{} has another shape than config.json says", found.key()));
    Tensor tensor = found.mapped().to(at::kFloat);
    if (!tensor.isfinite().all().item<bool>()) return invalid(fmt::format("{} holds infinite numbers or none", found.key()));
    if (wanted.name.ends_with("attn_q.weight")) tensor = to_neighbours(tensor, config.shape.heads);
    if (wanted.name.ends_with("attn_k.weight")) tensor = to_neighbours(tensor, config.shape.kv_heads);
    const bool narrow = precision == Precision::kBf16 && wanted.size.size() == 2;
    out.tensors.emplace(wanted.name, narrow ? tensor.to(at::kBFloat16) : tensor);
  }
  if (config.shape.tied) stored.erase("lm_head.weight");
  for (const auto& [name, tensor] : stored)
    if (!name.ends_with("rotary_emb.inv_freq")) return invalid(fmt::format("it has a tensor {}, which this trainer does not know", name));
  return out;
}

}  // namespace steward::tune
