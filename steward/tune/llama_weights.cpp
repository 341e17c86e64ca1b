#include "steward/tune/llama_weights.h"

#include <charconv>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "steward/tune/llama_files.h"

namespace steward::tune {

std::vector<TensorShape> tensors_of(const LlamaShape& shape) {
  const std::int64_t q = shape.heads * shape.head_width, kv = shape.kv_heads * shape.head_width;
  std::vector<TensorShape> out = {{"token_embd.weight", {shape.vocabulary, shape.width}}};
  if (shape.rope_freqs) out.push_back({"rope_freqs.weight", {shape.head_width / 2}});
  for (std::int64_t layer = 0; layer < shape.layers; ++layer) {
    const auto add = [&](std::string_view name, std::vector<std::int64_t> size) {
      out.push_back({fmt::format("blk.{}.{}.weight", layer, name), std::move(size)});
    };
    add("attn_norm", {shape.width});
    add("attn_q", {q, shape.width});
    add("attn_k", {kv, shape.width});
    add("attn_v", {kv, shape.width});
    add("attn_output", {shape.width, q});
    add("ffn_norm", {shape.width});
    add("ffn_gate", {shape.ffn_width, shape.width});
    add("ffn_up", {shape.ffn_width, shape.width});
    add("ffn_down", {shape.width, shape.ffn_width});
  }
  out.push_back({"output_norm.weight", {shape.width}});
  if (!shape.tied) out.push_back({"output.weight", {shape.vocabulary, shape.width}});
  return out;
}

Result<LlamaWeights> load_llama(const std::string& path, Precision precision) {
  std::error_code error;
  auto loaded = std::filesystem::is_directory(path, error) ? load_hub_folder(path, precision) : load_gguf_file(path, precision);
  if (!loaded) return fail(loaded.error().code, fmt::format("{}: {}", path, loaded.error().message));
  return loaded;
}

Result<LlamaShape> load_shape(const std::string& path) {
  std::error_code error;
  auto loaded = std::filesystem::is_directory(path, error) ? load_hub_shape(path) : load_gguf_shape(path);
  if (!loaded) return fail(loaded.error().code, fmt::format("{}: {}", path, loaded.error().message));
  return loaded;
}

Result<void> check_shape(const LlamaShape& shape) {
  const bool positive = shape.layers > 0 && shape.width > 0 && shape.heads > 0 && shape.kv_heads > 0 && shape.head_width > 0 &&
                        shape.ffn_width > 0 && shape.vocabulary > 0 && shape.context > 0;
  if (!positive || shape.heads % shape.kv_heads != 0 || shape.head_width % 2 != 0 || shape.layers > 4096)
    return fail(ErrorCode::kInvalidInput, "its hyperparameters are those of no Llama model (layers, widths, heads)");
  if (!(shape.norm_epsilon > 0) || !(shape.rope_base > 0) || !(shape.rope_scale > 0))
    return fail(ErrorCode::kInvalidInput, "its norm's epsilon and its rotation's base and scale must be above 0");
  return {};
}

Tensor to_neighbours(const Tensor& matrix, std::int64_t heads) {
  return matrix.reshape({heads, 2, matrix.size(0) / heads / 2, matrix.size(1)}).transpose(1, 2).reshape(matrix.sizes()).contiguous();
}

Tensor to_halves(const Tensor& matrix, std::int64_t heads) {
  return matrix.reshape({heads, matrix.size(0) / heads / 2, 2, matrix.size(1)}).transpose(1, 2).reshape(matrix.sizes()).contiguous();
}

std::optional<std::int64_t> layer_of(const std::string& name) {
  constexpr std::string_view kBegin = "blk.";
  if (!name.starts_with(kBegin)) return std::nullopt;
  std::int64_t out = 0;
  const auto [rest, error] = std::from_chars(name.data() + kBegin.size(), name.data() + name.size(), out);
  if (error != std::errc{} || *rest != '.') return std::nullopt;
  return out;
}

std::string hub_name(const std::string& name) {
  static const std::map<std::string, std::string, std::less<>> whole = {
      {"token_embd.weight", "model.embed_tokens.weight"}, {"output_norm.weight", "model.norm.weight"}, {"output.weight", "lm_head.weight"}};
  static const std::map<std::string, std::string, std::less<>> parts = {
      {"attn_norm", "input_layernorm"}, {"attn_q", "self_attn.q_proj"},      {"attn_k", "self_attn.k_proj"},
      {"attn_v", "self_attn.v_proj"},   {"attn_output", "self_attn.o_proj"}, {"ffn_norm", "post_attention_layernorm"},
      {"ffn_gate", "mlp.gate_proj"},    {"ffn_up", "mlp.up_proj"},           {"ffn_down", "mlp.down_proj"}};
  if (const auto found = whole.find(name); found != whole.end()) return found->second;
  if (!name.starts_with("blk.")) return {};
  const auto layer_end = name.find('.', 4), part_end = name.rfind('.');
  if (layer_end == std::string::npos || part_end <= layer_end) return {};
  const auto found = parts.find(std::string_view(name).substr(layer_end + 1, part_end - layer_end - 1));
  return found == parts.end() ? ""
                              : fmt::format("model.layers.{}.{}{}", name.substr(4, layer_end - 4), found->second, name.substr(part_end));
}

}  // namespace steward::tune
