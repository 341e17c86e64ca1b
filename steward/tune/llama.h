#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "steward/core/result.h"
#include "steward/tune/llama_weights.h"
#include "steward/tune/lora.h"

namespace steward::tune {

/// Sequences laid end to end, without padding: attention never crosses from one into the next, and positions begin at 0 in each.
struct Packed {
  Tensor tokens;                      ///< [N], int64
  std::vector<std::int64_t> lengths;  ///< of each sequence; they sum up to N
};
Packed pack(const std::vector<std::vector<std::int32_t>>& sequences);

/// What a pass keeps for its gradient: every activation, or the input of each layer alone.
enum class Keep { kAll, kLayerInputs };

/// What the first layers make of a batch.
struct Trunk {
  std::int64_t layers = 0;
  Tensor x;  ///< [N, width]; without layers: undefined
};

struct Pass {
  const Lora* lora = nullptr;  ///< null: the base alone; else it outlives the way back
  Keep keep = Keep::kAll;
  Trunk trunk = {};  ///< of the same batch, of layers that `lora` leaves as they are: where the pass begins
};

/// A Llama model [arXiv:2307.09288, §2.2]. Frozen unless train_all() was called.
class Llama {
 public:
  explicit Llama(LlamaWeights weights);

  const LlamaShape& shape() const { return weights_.shape; }
  const std::map<std::string, Tensor>& tensors() const { return weights_.tensors; }
  /// Full fine-tuning: every weight asks for a gradient from now on. Returns them, by name.
  std::vector<Tensor> train_all();

  /// The same passes over a batch, beginning where the first adapter does: the layers below are gone through here, once and without a
  /// gradient. It is for frozen models. The results are the same, to the bit.
  std::vector<Pass> sharing(const Packed& batch, std::vector<Pass> passes) const;
  /// What the last norm gives: [N, width].
  Tensor hidden(const Packed& batch, const Pass& pass = {}) const;
  /// hidden: [M, width]. Returns [M, vocabulary], for whoever can hold so much; losses take head() and go in chunks.
  Tensor logits(const Tensor& hidden) const;
  /// The last layer: [vocabulary, width].
  const Tensor& head() const;

 private:
  struct Rotation;
  Rotation rotation_of(const Packed& batch) const;
  Tensor embedded(const Packed& batch) const;
  Tensor layer(std::int64_t index, const Tensor& x, const Rotation& rotation, const Lora* lora) const;
  Tensor attention(std::int64_t index, const Tensor& x, const Rotation& rotation, const Lora* lora) const;
  Tensor map(const std::string& name, const Tensor& x, const Lora* lora) const;
  Tensor norm(const std::string& name, const Tensor& x) const;
  std::vector<Tensor> leaves(std::int64_t index, const Lora* lora) const;
  const Tensor& weight(const std::string& name) const { return weights_.tensors.at(name); }

  LlamaWeights weights_;
  Tensor frequencies_;  ///< [head_width / 2], float64: radians a position
};

}  // namespace steward::tune
