#include <set>

#include <fmt/format.h>
#include <ggml.h>

#include "steward/model/encoder/weights_file.h"
#include "steward/tune/llama_files.h"

namespace steward::tune {
namespace {

using model::GgufTensor;
using model::WeightsFile;

tl::unexpected<Error> invalid(std::string what) { return fail(ErrorCode::kInvalidInput, std::move(what)); }

const GgufTensor* find(const WeightsFile& file, std::string_view name) {
  for (const GgufTensor& tensor : file.header().tensors)
    if (tensor.name == name) return &tensor;
  return nullptr;
}

std::int64_t integer_or(const WeightsFile& file, const std::string& key, std::int64_t otherwise) {
  const auto found = file.header().scalars.find(key);
  const auto* value = found == file.header().scalars.end() ? nullptr : std::get_if<std::int64_t>(&found->second);
  return value ? *value : otherwise;
}

double real_or(const WeightsFile& file, const std::string& key, double otherwise) {
  const auto found = file.header().scalars.find(key);
  const auto* value = found == file.header().scalars.end() ? nullptr : std::get_if<double>(&found->second);
  return value ? *value : otherwise;
}

Result<LlamaShape> read_shape(const WeightsFile& file) {
  if (const std::string name = file.text("general.architecture"); name != "llama")
    return invalid(fmt::format("it is no model of the architecture llama{}", name.size() < 32 ? " but of " + name : ""));
  constexpr std::int64_t kMost = 1 << 24;
  LlamaShape shape;
  shape.layers = TRY(file.integer("llama.block_count", 1, 4096));
  shape.width = TRY(file.integer("llama.embedding_length", 1, kMost));
  shape.heads = TRY(file.integer("llama.attention.head_count", 1, 65'536));
  shape.kv_heads = integer_or(file, "llama.attention.head_count_kv", shape.heads);
  shape.head_width = integer_or(file, "llama.attention.key_length", shape.width / shape.heads);
  shape.ffn_width = TRY(file.integer("llama.feed_forward_length", 1, kMost));
  shape.context = TRY(file.integer("llama.context_length", 1, std::int64_t{1} << 31));
  shape.norm_epsilon = TRY(file.real("llama.attention.layer_norm_rms_epsilon"));
  shape.rope_base = real_or(file, "llama.rope.freq_base", 10'000);
  const std::string scaling = file.text("llama.rope.scaling.type");
  if (scaling == "linear") {
    shape.rope_scale = real_or(file, "llama.rope.scaling.factor", 1);
  } else if (!scaling.empty() && scaling != "none") {
    return invalid("it scales positions in a way that this trainer does not know (llama.rope.scaling.type is not linear)");
  }
  if (integer_or(file, "llama.rope.dimension_count", shape.head_width) != shape.head_width ||
      integer_or(file, "llama.attention.value_length", shape.head_width) != shape.head_width)
    return invalid("it rotates a part of each head only, or has values of another width than keys: this trainer knows neither");
  if (integer_or(file, "llama.expert_count", 0) > 0) return invalid("it is a mixture of experts, which this trainer does not know");
  const GgufTensor* embeddings = find(file, "token_embd.weight");
  if (!embeddings) return invalid("it has no token_embd.weight: is it a whole model?");
  shape.vocabulary = static_cast<std::int64_t>(embeddings->shape[1]);
  shape.tied = find(file, "output.weight") == nullptr;
  shape.rope_freqs = find(file, "rope_freqs.weight") != nullptr;
  TRY(check_shape(shape));
  return shape;
}

/// float32, its axes in libtorch's order.
Result<Tensor> take_apart(const WeightsFile& file, const GgufTensor& stored) {
  const auto* traits = ggml_get_type_traits(static_cast<ggml_type>(stored.type));
  const bool plain = stored.type == GGML_TYPE_F32;
  if (!plain && !traits->to_float)
    return invalid(fmt::format("{} is in the number format {}, which cannot be read", stored.name, traits->type_name));
  std::vector<std::int64_t> size = {static_cast<std::int64_t>(stored.shape[0])};
  if (stored.shape[1] > 1) size.insert(size.begin(), static_cast<std::int64_t>(stored.shape[1]));
  if (stored.shape[2] > 1 || stored.shape[3] > 1) return invalid(fmt::format("{} has more than two axes", stored.name));
  Tensor out = at::empty(size, at::kFloat);
  const std::string_view bytes = file.bytes_of(stored);
  if (plain) {
    std::memcpy(out.data_ptr<float>(), bytes.data(), bytes.size());
    return out;
  }
  const std::int64_t width = size.back(), rows = out.numel() / width;
  const std::size_t row_bytes = bytes.size() / static_cast<std::size_t>(rows);
  at::parallel_for(0, rows, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row)
      traits->to_float(bytes.data() + static_cast<std::size_t>(row) * row_bytes, out.data_ptr<float>() + row * width, width);
  });
  return out;
}

}  // namespace

Result<LlamaWeights> load_gguf_file(const std::string& path, Precision precision) {
  const WeightsFile file = TRY(WeightsFile::open(path));
  LlamaWeights out{TRY(read_shape(file)), {}};
  std::set<std::string> known;
  for (const TensorShape& wanted : tensors_of(out.shape)) {
    const GgufTensor* stored = find(file, wanted.name);
    if (!stored) return invalid(fmt::format("it has no {}", wanted.name));
    Tensor tensor = TRY(take_apart(file, *stored));
    if (tensor.sizes() != wanted.size) return invalid(fmt::format("{} has another shape than its hyperparameters say", wanted.name));
    if (!tensor.isfinite().all().item<bool>()) return invalid(fmt::format("{} holds infinite numbers or none", wanted.name));
    known.insert(wanted.name);
    const bool narrow = precision == Precision::kBf16 && wanted.size.size() == 2;
    out.tensors.emplace(wanted.name, narrow ? tensor.to(at::kBFloat16) : tensor);
  }
  for (const GgufTensor& tensor : file.header().tensors)
    if (!known.contains(tensor.name)) return invalid(fmt::format("it has a tensor {}, which this trainer does not know", tensor.name));
  return out;
}

Result<LlamaShape> load_gguf_shape(const std::string& path) {
  const WeightsFile file = TRY(WeightsFile::open(path));
  return read_shape(file);
}

struct GgufTensors::File {
  WeightsFile file;
};
GgufTensors::GgufTensors(std::unique_ptr<File> file) : file_(std::move(file)) {}
GgufTensors::GgufTensors(GgufTensors&&) noexcept = default;
GgufTensors::~GgufTensors() = default;

Result<GgufTensors> GgufTensors::open(const std::string& path) {
  auto opened = WeightsFile::open(path);
  if (!opened) return fail(std::move(opened).error());
  return GgufTensors(std::make_unique<File>(File{std::move(*opened)}));
}

std::vector<std::string> GgufTensors::names() const {
  std::vector<std::string> out;
  for (const GgufTensor& tensor : file_->file.header().tensors) out.push_back(tensor.name);
  return out;
}

Result<Tensor> GgufTensors::read(const std::string& name) const {
  const GgufTensor* stored = find(file_->file, name);
  if (!stored) return invalid(fmt::format("it has no tensor {}", name));
  return take_apart(file_->file, *stored);
}

}  // namespace steward::tune
