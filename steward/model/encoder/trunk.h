#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "steward/core/result.h"
#include "steward/model/encoder/gemm.h"
#include "steward/model/encoder/kernels.h"
#include "steward/model/encoder/weights_file.h"

namespace steward::model {

/// Windows one behind the other, without padding.
struct PackedWindows {
  std::vector<std::int32_t> tokens;
  std::vector<std::size_t> ends;  ///< of each window, in tokens
};

/// What one run computes in. Grows as needed, and is best used again.
struct TrunkMemory {
  std::vector<float> hidden;   // [tokens, width]
  std::vector<float> qkv;      // [tokens, 3 · width]
  std::vector<float> context;  // [width]s of one attention: [tokens, width]
  std::vector<std::uint8_t> bytes, inner_bytes;
  std::vector<RowScale> scales, inner_scales;
  std::vector<std::int32_t> sums;  // of one tile
  std::vector<float> row, scratch;
};

/// The layers of a BERT: learned positions, attention over the window, GELU, LayerNorm behind each half [Devlin et al. 2019,
/// arXiv:1810.04805]. Weights are rounded to 8 bits for each output, activations for each row; products are sums of integers.
/// Immutable; runs on the calling thread.
class Trunk {
 public:
  /// layers: 0 for all. Errors: kInvalidInput for what the file lacks or this code cannot run; kInternal.
  static Result<Trunk> load(const WeightsFile& file, int layers);

  std::size_t width() const { return width_; }
  std::size_t positions() const { return positions_; }
  std::size_t words() const { return words_.rows(); }
  int layers() const { return static_cast<int>(layers_.size()); }
  /// Runs on another set of kernels. For tests.
  void use(const Kernels& kernels) { kernels_ = &kernels; }

  /// Mean of the hidden states behind each layer of `pooled` (from 1, ascending, at most layers()) over each window, [windows,
  /// pooled · width]. tokens: below words(); each window: 1 to positions() tokens.
  Result<std::vector<float>> run(const PackedWindows& windows, std::span<const int> pooled, TrunkMemory& memory) const;

 private:
  struct Linear {
    PackedWeightsPtr weights;
    std::vector<float> scales, bias;
    std::vector<std::int32_t> sums;
    OutputScales outputs() const { return {scales.data(), sums.data(), bias.data()}; }
  };
  struct Layer {
    Linear qkv, out, up, down;
    std::vector<float> attention_norm, output_norm;  // weight, then bias
  };
  struct Products {
    Gemm qkv, out, up, down;
  };
  struct Tile {
    std::size_t begin, rows, padded;
  };

  explicit Trunk(Products products) : products_(std::move(products)) {}
  static Result<std::vector<float>> load_norm(const WeightsFile& file, const std::string& name, std::size_t width);
  static Result<Linear> load_linear(const WeightsFile& file, std::span<const std::string> names, const Gemm& gemm, std::size_t inputs,
                                    std::size_t outputs);
  Result<Layer> load_layer(const WeightsFile& file, int index) const;

  void reserve(std::size_t tokens, std::size_t longest, TrunkMemory& memory) const;
  void embed(const PackedWindows& windows, TrunkMemory& memory) const;
  void quantise(const float* row, std::size_t at, TrunkMemory& memory) const;
  Result<void> run_layer(const Layer& layer, const PackedWindows& windows, TrunkMemory& memory) const;
  void attend(const PackedWindows& windows, TrunkMemory& memory) const;
  Result<void> mix(const Layer& layer, const Tile& tile, TrunkMemory& memory) const;
  /// Writes the mean of each window; one row of `out` is `stride` behind the other.
  void put_means(const PackedWindows& windows, const TrunkMemory& memory, std::span<float> out, std::size_t stride) const;

  Products products_;
  const Kernels* kernels_ = &kernels();
  std::size_t width_ = 0, inner_ = 0, positions_ = 0, heads_ = 0;
  float epsilon_ = 0;
  StoredMatrix words_;
  std::vector<float> places_;  // [positions, width]: position and type
  std::vector<float> embedding_norm_;
  std::vector<Layer> layers_;
};

}  // namespace steward::model
