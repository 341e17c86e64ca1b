#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "steward/core/result.h"
#include "steward/tune/torch.h"

namespace steward::tune {

/// Hyperparameters of the Llama architecture [Touvron et al. 2023, arXiv:2307.09288, §2.2].
struct LlamaShape {
  std::int64_t layers = 0, width = 0, heads = 0, kv_heads = 0, head_width = 0, ffn_width = 0, vocabulary = 0;
  std::int64_t context = 0;  ///< tokens that it was trained for
  double norm_epsilon = 1e-5;
  double rope_base = 10'000;
  double rope_scale = 1;    ///< positions are divided by it (linear scaling)
  bool tied = false;        ///< the token embeddings are the last layer too
  bool rope_freqs = false;  ///< each frequency is divided by a factor of its own (Llama 3.1)

  bool operator==(const LlamaShape&) const = default;
};

/// Matrices in bfloat16 or float32; vectors are always float32.
enum class Precision { kF32, kBf16 };

struct TensorShape {
  std::string name;                ///< as in GGUF files
  std::vector<std::int64_t> size;  ///< [out, in] of a matrix
};
/// Every tensor of such a model, in the order of its layers.
std::vector<TensorShape> tensors_of(const LlamaShape& shape);

/// In GGUF's layout: the rows of attn_q and attn_k are ordered for a rotation of neighbours.
struct LlamaWeights {
  LlamaShape shape;
  std::map<std::string, Tensor> tensors;  ///< those of tensors_of(shape)
};

/// Reads a GGUF file (F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K, and whatever else ggml can take apart), or a folder
/// in the hub's format: config.json with model.safetensors, or the parts that model.safetensors.index.json names.
/// Errors: kNotFound; kInvalidInput that names the file if it is no whole model of the Llama architecture, or has what this trainer does
/// not know (biases, experts, other scalings of positions).
Result<LlamaWeights> load_llama(const std::string& path, Precision precision);

/// The shape alone, of either form. Errors: the same.
Result<LlamaShape> load_shape(const std::string& path);

/// A GGUF file from which tensors are taken one at a time.
class GgufTensors {
 public:
  /// Errors: kNotFound; kInvalidInput.
  static Result<GgufTensors> open(const std::string& path);
  GgufTensors(GgufTensors&&) noexcept;
  ~GgufTensors();
  /// In the order of the file.
  std::vector<std::string> names() const;
  /// float32 [out, in] or [n]. Errors: kInvalidInput if there is none of this name.
  Result<Tensor> read(const std::string& name) const;

 private:
  struct File;
  explicit GgufTensors(std::unique_ptr<File> file);
  std::unique_ptr<File> file_;
};

/// Rows of a q or k matrix [heads · head_width, in] in the hub's order (rotation of halves) put in GGUF's (rotation of neighbours).
Tensor to_neighbours(const Tensor& matrix, std::int64_t heads);
/// The other way round.
Tensor to_halves(const Tensor& matrix, std::int64_t heads);

/// 3 of blk.3.attn_q.weight; none if the name is of no layer.
std::optional<std::int64_t> layer_of(const std::string& name);

/// The hub's name of a tensor of GGUF's name, such as model.layers.0.self_attn.q_proj.weight; empty if it has none.
std::string hub_name(const std::string& name);

}  // namespace steward::tune
