#include "steward/tune/testing/tiny.h"
#include "steward/core/check.h"
#include "steward/core/random.h"
#include "steward/tune/gguf_writer.h"
#include "steward/tune/testing/library.h"

namespace steward::tune::testing {
namespace {

Tensor uniform(at::IntArrayRef size, double least, double most, std::uint64_t seed) {
  Random random(seed);
  Tensor out = at::empty(size, at::kFloat);
  for (std::int64_t i = 0; i < out.numel(); ++i) out.data_ptr<float>()[i] = static_cast<float>(least + random.uniform() * (most - least));
  return out;
}

}  // namespace

LlamaShape tiny_shape(std::int64_t width) {
  LlamaShape shape;
  shape.layers = 2;
  shape.width = width;
  shape.heads = 6;
  shape.kv_heads = 2;
  shape.head_width = 8;
  shape.ffn_width = 2 * width;
  shape.vocabulary = 96;
  shape.context = 256;
  shape.rope_base = 500;
  shape.rope_freqs = true;
  return shape;
}

LlamaWeights random_weights(const LlamaShape& shape, std::uint64_t seed) {
  LlamaWeights out{shape, {}};
  for (const TensorShape& tensor : tensors_of(shape)) {
    const bool vector = tensor.size.size() == 1;
    const double most = vector ? 1.5 : 1.5 / std::sqrt(static_cast<double>(tensor.size.back()));
    out.tensors.emplace(tensor.name, uniform(tensor.size, vector ? 0.5 : -most, most, hash64(tensor.name) ^ seed));
  }
  return out;
}

LlamaWeights in_doubles(LlamaWeights weights) {
  for (auto& [name, tensor] : weights.tensors) tensor = tensor.to(at::kDouble);
  return weights;
}

std::string write_model(const LlamaWeights& weights, const std::string& name) {
  const LlamaShape& shape = weights.shape;
  GgufWriter writer;
  writer.set("general.architecture", std::string("llama"));
  writer.set("tokenizer.ggml.model", std::string("no_vocab"));
  const auto set = [&](const char* key, std::int64_t value) { writer.set(std::string("llama.") + key, static_cast<std::uint32_t>(value)); };
  set("vocab_size", shape.vocabulary);
  set("block_count", shape.layers);
  set("embedding_length", shape.width);
  set("attention.head_count", shape.heads);
  set("attention.head_count_kv", shape.kv_heads);
  set("attention.key_length", shape.head_width);
  set("attention.value_length", shape.head_width);
  set("rope.dimension_count", shape.head_width);
  set("feed_forward_length", shape.ffn_width);
  set("context_length", shape.context);
  writer.set("llama.attention.layer_norm_rms_epsilon", shape.norm_epsilon);
  writer.set("llama.rope.freq_base", shape.rope_base);
  if (shape.rope_scale != 1) {
    writer.set("llama.rope.scaling.type", std::string("linear"));
    writer.set("llama.rope.scaling.factor", shape.rope_scale);
  }
  for (const TensorShape& tensor : tensors_of(shape)) writer.add(tensor.name, weights.tensors.at(tensor.name), NumberFormat::kF32);
  const std::string path = scratch_folder() + "/" + name + ".gguf";
  STEWARD_CHECK(writer.write(path).has_value());
  return path;
}

std::vector<std::int32_t> random_tokens(std::int64_t count, std::int64_t vocabulary, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::int32_t> out;
  for (std::int64_t i = 0; i < count; ++i) out.push_back(static_cast<std::int32_t>(random.below(static_cast<std::uint64_t>(vocabulary))));
  return out;
}

void shake(Lora& lora, std::uint64_t seed, double most) {
  const at::NoGradGuard guard;
  for (auto& [name, pair] : lora.pairs) pair.b.copy_(uniform(pair.b.sizes(), -most, most, hash64(name) ^ seed));
}

double apart(const Tensor& a, const Tensor& b) {
  return ((a.to(at::kDouble) - b.to(at::kDouble)).norm() / b.to(at::kDouble).norm()).item<double>();
}

}  // namespace steward::tune::testing
