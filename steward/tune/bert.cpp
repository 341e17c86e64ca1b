#include "steward/tune/bert.h"

#include <ATen/ops/layer_norm.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <array>
#include <cmath>

#include <fmt/format.h>

#include "steward/core/check.h"
#include "steward/tune/gguf_writer.h"

namespace steward::tune {
namespace {

constexpr std::int64_t kHeadWidth = 32;  // what the encoder runs

/// rows × width numbers of the file, float32.
Result<Tensor> read_matrix(const model::WeightsFile& file, const std::string& name, std::int64_t rows, std::int64_t width) {
  const model::StoredMatrix stored = TRY(file.matrix(name, static_cast<std::size_t>(rows), static_cast<std::size_t>(width)));
  Tensor out = at::empty({rows, width}, at::kFloat);
  for (std::int64_t i = 0; i < rows; ++i)
    stored.read_row(static_cast<std::size_t>(i), {out.data_ptr<float>() + i * width, static_cast<std::size_t>(width)});
  return out;
}

Result<Tensor> read_vector(const model::WeightsFile& file, const std::string& name, std::int64_t count) {
  const std::vector<float> values = TRY(file.vector(name, static_cast<std::size_t>(count)));
  return at::tensor(values, at::kFloat);
}

Result<std::int64_t> rows_of(const model::WeightsFile& file, const std::string& name) {
  return static_cast<std::int64_t>(TRY(file.shape(name))[1]);
}

}  // namespace

Result<Bert> Bert::load(const model::WeightsFile& file, const BertOptions& options) {
  Bert out;
  out.options_ = options;
  out.width_ = TRY(file.integer("bert.embedding_length", kHeadWidth, 4096));
  out.heads_ = TRY(file.integer("bert.attention.head_count", 1, 128));
  if (out.heads_ * kHeadWidth != out.width_) return fail(ErrorCode::kInvalidInput, "the encoder's heads are not of 32 numbers");
  out.epsilon_ = TRY(file.real("bert.attention.layer_norm_epsilon"));
  const std::int64_t all = TRY(file.integer("bert.block_count", 1, 64)), wanted = options.layers == 0 ? all : options.layers;
  if (wanted < 1 || wanted > all || options.frozen < 0 || options.frozen > wanted)
    return fail(ErrorCode::kInvalidInput, fmt::format("the encoder has {} layers: `layers` and `frozen` do not fit", all));
  const std::int64_t words = TRY(rows_of(file, "token_embd.weight")), kinds = TRY(rows_of(file, "token_types.weight"));
  out.words_ = TRY(read_matrix(file, "token_embd.weight", words, out.width_));
  const Tensor types = TRY(read_matrix(file, "token_types.weight", kinds, out.width_));
  const std::int64_t positions = TRY(file.integer("bert.context_length", 1, 8192));
  out.places_ = TRY(read_matrix(file, "position_embd.weight", positions, out.width_)) + types[0];
  out.embedding_norm_ = {TRY(read_vector(file, "token_embd_norm.weight", out.width_)),
                         TRY(read_vector(file, "token_embd_norm.bias", out.width_))};
  for (int i = 0; i < wanted; ++i) out.layers_.push_back(TRY(load_layer(file, i, out.width_)));
  for (const auto& [name, tensor] : out.parameters()) tensor.requires_grad_();
  return out;
}

Result<Bert::Layer> Bert::load_layer(const model::WeightsFile& file, int index, std::int64_t width) {
  const std::string at = fmt::format("blk.{}.", index);
  const std::int64_t inner = TRY(rows_of(file, at + "ffn_up.weight"));
  const auto linear = [&](const std::string& name, std::int64_t outputs, std::int64_t inputs) -> Result<Linear> {
    return Linear{TRY(read_matrix(file, at + name + ".weight", outputs, inputs)), TRY(read_vector(file, at + name + ".bias", outputs))};
  };
  const auto norm = [&](const std::string& name) -> Result<Norm> {
    return Norm{TRY(read_vector(file, at + name + ".weight", width)), TRY(read_vector(file, at + name + ".bias", width))};
  };
  const Linear query = TRY(linear("attn_q", width, width)), key = TRY(linear("attn_k", width, width));
  const Linear value = TRY(linear("attn_v", width, width));
  Layer out;
  out.qkv = {at::cat({query.weight, key.weight, value.weight}), at::cat({query.bias, key.bias, value.bias})};
  out.out = TRY(linear("attn_output", width, width));
  out.up = TRY(linear("ffn_up", inner, width));
  out.down = TRY(linear("ffn_down", width, inner));
  out.attention_norm = TRY(norm("attn_output_norm"));
  out.output_norm = TRY(norm("layer_output_norm"));
  return out;
}

std::map<std::string, Tensor> Bert::parameters() const {
  std::map<std::string, Tensor> out;
  for (std::size_t i = static_cast<std::size_t>(options_.frozen); i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const auto add = [&](const char* name, const Tensor& weight, const Tensor& bias) {
      out.emplace(fmt::format("blk.{}.{}.weight", i, name), weight);
      out.emplace(fmt::format("blk.{}.{}.bias", i, name), bias);
    };
    add("attn_qkv", layer.qkv.weight, layer.qkv.bias);
    add("attn_output", layer.out.weight, layer.out.bias);
    add("attn_output_norm", layer.attention_norm.weight, layer.attention_norm.bias);
    add("ffn_up", layer.up.weight, layer.up.bias);
    add("ffn_down", layer.down.weight, layer.down.bias);
    add("layer_output_norm", layer.output_norm.weight, layer.output_norm.bias);
  }
  return out;
}

std::vector<std::pair<std::string, Tensor>> Bert::named() const {
  std::vector<std::pair<std::string, Tensor>> out;
  for (auto i = static_cast<std::size_t>(options_.frozen); i < layers_.size(); ++i) {
    const Layer& layer = layers_[i];
    const auto add = [&](const char* name, const Tensor& weight, const Tensor& bias) {
      out.emplace_back(fmt::format("blk.{}.{}.weight", i, name), weight.detach());
      out.emplace_back(fmt::format("blk.{}.{}.bias", i, name), bias.detach());
    };
    const auto weights = layer.qkv.weight.chunk(3), biases = layer.qkv.bias.chunk(3);
    constexpr std::array kNames = {"attn_q", "attn_k", "attn_v"};
    for (std::size_t j = 0; j < kNames.size(); ++j) add(kNames[j], weights[j], biases[j]);
    add("attn_output", layer.out.weight, layer.out.bias);
    add("attn_output_norm", layer.attention_norm.weight, layer.attention_norm.bias);
    add("ffn_up", layer.up.weight, layer.up.bias);
    add("ffn_down", layer.down.weight, layer.down.bias);
    add("layer_output_norm", layer.output_norm.weight, layer.output_norm.bias);
  }
  return out;
}

Tensor Bert::embed(const Tensor& tokens) const {
  const at::NoGradGuard frozen;
  const Tensor hidden = at::embedding(words_, tokens) + places_.narrow(0, 0, tokens.size(1));
  return at::layer_norm(hidden, {width_}, embedding_norm_.weight, embedding_norm_.bias, epsilon_);
}

Tensor Bert::product(const Linear& linear, const Tensor& rows) const {
  return at::linear(rows.to(options_.dtype), linear.weight.to(options_.dtype), linear.bias.to(options_.dtype));
}

Tensor Bert::add_norm(const Tensor& hidden, const Tensor& change, const Norm& norm) const {
  const Tensor added = training_ && options_.dropout > 0 ? at::dropout(change, options_.dropout, true) : change;
  return at::layer_norm(hidden + added.to(at::kFloat), {width_}, norm.weight, norm.bias, epsilon_);
}

Tensor Bert::run_layer(const Layer& layer, const Tensor& hidden, const Tensor& mask) const {
  const std::int64_t windows = hidden.size(0), longest = hidden.size(1);
  const auto qkv = product(layer.qkv, hidden).view({windows, longest, 3, heads_, kHeadWidth}).permute({2, 0, 3, 1, 4}).unbind(0);
  const Tensor found = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], mask).transpose(1, 2).reshape({windows, longest, width_});
  const Tensor middle = add_norm(hidden, product(layer.out, found), layer.attention_norm);
  return add_norm(middle, product(layer.down, at::gelu(product(layer.up, middle))), layer.output_norm);
}

Tensor Bert::forward(const WindowBatch& batch, std::span<const int> pooled) const {
  const std::int64_t windows = batch.tokens.size(0), longest = batch.tokens.size(1);
  STEWARD_CHECK(longest <= positions() && batch.lengths.size(0) == windows && !pooled.empty() && pooled.back() <= layers());
  const Tensor inside = at::arange(longest).unsqueeze(0) < batch.lengths.unsqueeze(1);  // [B, T]
  const Tensor mask = at::zeros({windows, 1, 1, longest}, options_.dtype)
                          .masked_fill_(inside.logical_not().view({windows, 1, 1, longest}), -INFINITY)
                          .expand({windows, 1, longest, longest});
  const Tensor kept = inside.unsqueeze(2).to(at::kFloat), counts = batch.lengths.unsqueeze(1).to(at::kFloat);
  Tensor hidden = embed(batch.tokens);
  std::vector<Tensor> means;
  for (int i = 0; i < pooled.back(); ++i) {
    hidden = run_layer(layers_[static_cast<std::size_t>(i)], hidden, mask);
    if (pooled[means.size()] == i + 1) means.push_back((hidden * kept).sum(1) / counts);
  }
  return at::cat(means, 1);
}

Result<void> write_trunk(const std::string& path, const Bert& bert, std::span<const int> pooled, const TrunkName& name) {
  GgufWriter file;
  file.set("general.architecture", "bert");
  file.set("general.name", name.name);
  file.set("bert.block_count", static_cast<std::uint32_t>(bert.layers()));
  file.set("steward.trunk.base", name.base_digest);
  file.set("steward.trunk.pooled", std::span<const std::int32_t>(pooled));
  for (const auto& [tensor_name, values] : bert.named()) file.add(tensor_name, values, NumberFormat::kQ8_0, Rounding::kRows);
  return file.write(path);
}

}  // namespace steward::tune
