// Weights of a trunk: read, rounded to 8 bits, put in the kernels' order.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "steward/model/encoder/trunk.h"

namespace steward::model {
namespace {

constexpr std::int64_t kLayersMax = 64, kWidthMax = 4096, kPositionsMax = 8192;

tl::unexpected<Error> unsuitable(std::string what) { return fail(ErrorCode::kInvalidInput, std::move(what)); }

/// One row to whole numbers from -limit to limit. Returns the scale; NaN if the row is not finite.
float round_row(std::span<const float> row, float limit, std::int8_t* out, std::int32_t& sum) {
  float most = 0;
  for (const float value : row) {
    if (!std::isfinite(value)) return NAN;
    most = std::max(most, std::abs(value));
  }
  const float scale = most / limit, inverse = most > 0 ? limit / most : 0.0f;
  if (!std::isfinite(inverse)) return NAN;
  sum = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    out[i] = static_cast<std::int8_t>(std::lrint(row[i] * inverse));
    sum += out[i];
  }
  return scale;
}

}  // namespace

Result<std::vector<float>> Trunk::load_norm(const WeightsFile& file, const std::string& name, std::size_t width) {
  std::vector<float> out = TRY(file.vector(name + ".weight", width));
  const std::vector<float> bias = TRY(file.vector(name + ".bias", width));
  out.insert(out.end(), bias.begin(), bias.end());
  return out;
}

/// names: one matrix, or several that are used as one, one below the other.
Result<Trunk::Linear> Trunk::load_linear(const WeightsFile& file, std::span<const std::string> names, const Gemm& gemm, std::size_t inputs,
                                         std::size_t outputs) {
  Linear out;
  std::vector<std::int8_t> weights(inputs * outputs);
  std::vector<float> row(inputs);
  const std::size_t each = outputs / names.size();
  for (const std::string& name : names) {
    const StoredMatrix stored = TRY(file.matrix(name + ".weight", each, inputs));
    const std::vector<float> bias = TRY(file.vector(name + ".bias", each));
    out.bias.insert(out.bias.end(), bias.begin(), bias.end());
    for (std::size_t i = 0; i < each; ++i) {
      stored.read_row(i, row);
      std::int32_t sum = 0;
      const float scale = round_row(row, static_cast<float>(gemm.weight_max()), weights.data() + out.scales.size() * inputs, sum);
      if (!std::isfinite(scale)) return unsuitable(fmt::format("the tensor {}.weight holds numbers that are not finite", name));
      out.scales.push_back(scale);
      out.sums.push_back(sum);
    }
  }
  out.weights = TRY(gemm.pack(weights));
  return out;
}

Result<Trunk::Layer> Trunk::load_layer(const WeightsFile& file, int index) const {
  const std::string at = fmt::format("blk.{}.", index);
  const std::array<std::string, 3> qkv = {at + "attn_q", at + "attn_k", at + "attn_v"};
  const std::string out_name = at + "attn_output", up = at + "ffn_up", down = at + "ffn_down";
  Layer out;
  out.qkv = TRY(load_linear(file, qkv, products_.qkv, width_, 3 * width_));
  out.out = TRY(load_linear(file, {&out_name, 1}, products_.out, width_, width_));
  out.up = TRY(load_linear(file, {&up, 1}, products_.up, width_, inner_));
  out.down = TRY(load_linear(file, {&down, 1}, products_.down, inner_, width_));
  out.attention_norm = TRY(load_norm(file, at + "attn_output_norm", width_));
  out.output_norm = TRY(load_norm(file, at + "layer_output_norm", width_));
  return out;
}

Result<Trunk> Trunk::load(const WeightsFile& file, int layers) {
  if (file.text("general.architecture") != "bert") return unsuitable("its architecture is not bert");
  const auto width = static_cast<std::size_t>(TRY(file.integer("bert.embedding_length", 1, kWidthMax)));
  const auto inner = static_cast<std::size_t>(TRY(file.integer("bert.feed_forward_length", 1, 4 * kWidthMax)));
  const auto heads = static_cast<std::size_t>(TRY(file.integer("bert.attention.head_count", 1, kWidthMax)));
  const auto all = TRY(file.integer("bert.block_count", 1, kLayersMax));
  if (width != heads * kHeadWidth || width % kRowStep != 0 || inner % kRowStep != 0)
    return unsuitable(fmt::format("its heads are not {} wide, or its layers no multiple of {}", kHeadWidth, kRowStep));
  if (layers < 0 || layers > all) return unsuitable(fmt::format("it has {} layers, and {} are asked for", all, layers));
  const auto word_shape = TRY(file.shape("token_embd.weight"));
  const StoredMatrix words = TRY(file.matrix("token_embd.weight", word_shape[1], width));  // before anything is made for these sizes

  Trunk out({TRY(Gemm::create(width, 3 * width)), TRY(Gemm::create(width, width)), TRY(Gemm::create(width, inner)),
             TRY(Gemm::create(inner, width))});
  out.words_ = words;
  out.width_ = width;
  out.inner_ = inner;
  out.heads_ = heads;
  out.epsilon_ = static_cast<float>(TRY(file.real("bert.attention.layer_norm_epsilon")));
  if (!(out.epsilon_ >= 0 && out.epsilon_ < 1)) return unsuitable("bert.attention.layer_norm_epsilon is out of range");
  out.positions_ = static_cast<std::size_t>(TRY(file.integer("bert.context_length", 1, kPositionsMax)));
  out.embedding_norm_ = TRY(load_norm(file, "token_embd_norm", width));
  const auto type_shape = TRY(file.shape("token_types.weight"));
  const StoredMatrix types = TRY(file.matrix("token_types.weight", type_shape[1], width));
  const StoredMatrix places = TRY(file.matrix("position_embd.weight", out.positions_, width));
  std::vector<float> type(width);
  types.read_row(0, type);
  out.places_.resize(out.positions_ * width);
  for (std::size_t i = 0; i < out.positions_; ++i) {
    float* row = out.places_.data() + i * width;
    places.read_row(i, {row, width});
    for (std::size_t j = 0; j < width; ++j) row[j] += type[j];
  }
  const int wanted = layers == 0 ? static_cast<int>(all) : layers;
  for (int i = 0; i < wanted; ++i) out.layers_.push_back(TRY(out.load_layer(file, i)));
  return out;
}

}  // namespace steward::model
