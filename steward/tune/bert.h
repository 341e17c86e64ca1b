#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "steward/core/result.h"
#include "steward/model/encoder/weights_file.h"
#include "steward/tune/torch.h"

namespace steward::tune {

/// Windows of token ids, padded to one length.
struct WindowBatch {
  Tensor tokens;   ///< int64 [B, T]; what lies behind a window's length is not read
  Tensor lengths;  ///< int64 [B], 1 to T
};

struct BertOptions {
  int layers = 0;                     ///< the first ones; 0: all
  int frozen = 0;                     ///< of these, the first ones that are not trained
  at::ScalarType dtype = at::kFloat;  ///< of products and attention: kFloat or kBFloat16; sums of a LayerNorm are always float32
  double dropout = 0;                 ///< behind each half of a layer, while training
};

/// The layers of a BERT as `steward/model/encoder` runs them: learned positions, attention over the window, GELU, LayerNorm behind each
/// half [Devlin et al. 2019, arXiv:1810.04805]. Embeddings are frozen: they are most of the bytes, and a text's rare words would move
/// alone. Weights are float32.
class Bert {
 public:
  /// Errors: kInvalidInput for what the file lacks, or fewer layers than asked for.
  static Result<Bert> load(const model::WeightsFile& file, const BertOptions& options);

  /// Means of the hidden states behind each of the `pooled` layers (from 1, ascending) over each window, float32 [B, pooled · width].
  Tensor forward(const WindowBatch& batch, std::span<const int> pooled) const;

  std::int64_t width() const { return width_; }
  std::int64_t positions() const { return places_.size(0); }
  int layers() const { return static_cast<int>(layers_.size()); }
  void train(bool on) { training_ = on; }

  /// What is trained, by name: matrices [outputs, inputs], the rest [outputs]. Queries, keys and values are one matrix.
  std::map<std::string, Tensor> parameters() const;
  /// The same by the names of a file, which has queries, keys and values apart.
  std::vector<std::pair<std::string, Tensor>> named() const;

 private:
  struct Linear {
    Tensor weight, bias;
  };
  struct Norm {
    Tensor weight, bias;
  };
  struct Layer {
    Linear qkv, out, up, down;
    Norm attention_norm, output_norm;
  };
  static Result<Layer> load_layer(const model::WeightsFile& file, int index, std::int64_t width);
  Tensor embed(const Tensor& tokens) const;
  Tensor product(const Linear& linear, const Tensor& rows) const;
  Tensor add_norm(const Tensor& hidden, const Tensor& change, const Norm& norm) const;
  Tensor run_layer(const Layer& layer, const Tensor& hidden, const Tensor& mask) const;

  BertOptions options_;
  bool training_ = false;
  std::int64_t width_ = 0, heads_ = 0;
  double epsilon_ = 0;
  Tensor words_;   // [words, width]
  Tensor places_;  // [positions, width]: position and type
  Norm embedding_norm_;
  std::vector<Layer> layers_;
};

struct TrunkName {
  std::string name;
  std::string base_digest;  ///< sha256 hex of the file that the layers were loaded from
};

/// Writes the trained layers in 8 bits as a GGUF file that lies over the one they were loaded from (`EncoderOptions::trunk`). The same
/// weights give the same bytes. Errors: kInternal, such as a full disk.
Result<void> write_trunk(const std::string& path, const Bert& bert, std::span<const int> pooled, const TrunkName& name);

}  // namespace steward::tune
