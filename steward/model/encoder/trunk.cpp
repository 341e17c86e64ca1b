#include "steward/model/encoder/trunk.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "steward/core/check.h"

namespace steward::model {
namespace {

constexpr int kBytesMax = 255;

}  // namespace

void Trunk::reserve(std::size_t tokens, std::size_t longest, TrunkMemory& memory) const {
  const auto grow = [](auto& buffer, std::size_t count) {
    if (buffer.size() < count) buffer.resize(count);
  };
  const std::size_t padded = (tokens + Gemm::kRowsStep - 1) / Gemm::kRowsStep * Gemm::kRowsStep;
  const std::size_t widest = std::max(3 * width_, inner_);
  grow(memory.hidden, tokens * width_);
  grow(memory.qkv, tokens * 3 * width_);
  grow(memory.context, tokens * width_);
  grow(memory.bytes, padded * width_);
  grow(memory.scales, padded);
  grow(memory.inner_bytes, Gemm::kRowsMax * inner_);
  grow(memory.inner_scales, Gemm::kRowsMax);
  grow(memory.sums, Gemm::kRowsMax * widest);
  grow(memory.row, widest);
  grow(memory.scratch, attention_scratch(longest));
}

void Trunk::quantise(const float* row, std::size_t at, TrunkMemory& memory) const {
  kernels_->quantise(row, width_, kBytesMax, memory.bytes.data() + at * width_, &memory.scales[at]);
}

void Trunk::embed(const PackedWindows& windows, TrunkMemory& memory) const {
  std::size_t at = 0;
  for (const std::size_t end : windows.ends)
    for (std::size_t position = 0; at < end; ++at, ++position) {
      float* row = memory.hidden.data() + at * width_;
      words_.read_row(static_cast<std::size_t>(windows.tokens[at]), {row, width_});
      kernels_->add_norm(row, places_.data() + position * width_, width_, embedding_norm_.data(), epsilon_);
      quantise(row, at, memory);
    }
}

void Trunk::attend(const PackedWindows& windows, TrunkMemory& memory) const {
  std::size_t begin = 0;
  for (const std::size_t end : windows.ends) {
    const float* qkv = memory.qkv.data() + begin * 3 * width_;
    for (std::size_t i = 0; i < heads_; ++i) {
      const float* q = qkv + i * kHeadWidth;
      kernels_->attend({q, q + width_, q + 2 * width_, 3 * width_, memory.context.data() + begin * width_ + i * kHeadWidth, width_,
                        end - begin, memory.scratch.data()});
    }
    begin = end;
  }
}

/// The second half of a layer for some rows: what attention found is mixed and added, then the inner layer.
Result<void> Trunk::mix(const Layer& layer, const Tile& tile, TrunkMemory& memory) const {
  std::uint8_t* bytes = memory.bytes.data() + tile.begin * width_;
  float* row = memory.row.data();
  const auto add = [&](std::size_t i, const Linear& linear, const RowScale& scale, const std::vector<float>& norm) {
    float* hidden = memory.hidden.data() + (tile.begin + i) * width_;
    kernels_->dequantise(memory.sums.data() + i * width_, width_, scale, linear.outputs(), row);
    kernels_->add_norm(hidden, row, width_, norm.data(), epsilon_);
    quantise(hidden, tile.begin + i, memory);
  };
  for (std::size_t i = 0; i < tile.rows; ++i) quantise(memory.context.data() + (tile.begin + i) * width_, tile.begin + i, memory);
  TRY(products_.out.multiply(bytes, tile.padded, *layer.out.weights, memory.sums.data()));
  for (std::size_t i = 0; i < tile.rows; ++i) add(i, layer.out, memory.scales[tile.begin + i], layer.attention_norm);
  TRY(products_.up.multiply(bytes, tile.padded, *layer.up.weights, memory.sums.data()));
  for (std::size_t i = 0; i < tile.rows; ++i) {
    kernels_->dequantise(memory.sums.data() + i * inner_, inner_, memory.scales[tile.begin + i], layer.up.outputs(), row);
    kernels_->gelu(row, inner_);
    kernels_->quantise(row, inner_, kBytesMax, memory.inner_bytes.data() + i * inner_, &memory.inner_scales[i]);
  }
  TRY(products_.down.multiply(memory.inner_bytes.data(), tile.padded, *layer.down.weights, memory.sums.data()));
  for (std::size_t i = 0; i < tile.rows; ++i) add(i, layer.down, memory.inner_scales[i], layer.output_norm);
  return {};
}

Result<void> Trunk::run_layer(const Layer& layer, const PackedWindows& windows, TrunkMemory& memory) const {
  const std::size_t tokens = windows.tokens.size();
  const auto tile_at = [tokens](std::size_t begin) {
    const std::size_t rows = std::min(Gemm::kRowsMax, tokens - begin);
    return Tile{begin, rows, (rows + Gemm::kRowsStep - 1) / Gemm::kRowsStep * Gemm::kRowsStep};
  };
  for (std::size_t begin = 0; begin < tokens; begin += Gemm::kRowsMax) {
    const Tile tile = tile_at(begin);
    TRY(products_.qkv.multiply(memory.bytes.data() + begin * width_, tile.padded, *layer.qkv.weights, memory.sums.data()));
    for (std::size_t i = 0; i < tile.rows; ++i)
      kernels_->dequantise(memory.sums.data() + i * 3 * width_, 3 * width_, memory.scales[begin + i], layer.qkv.outputs(),
                           memory.qkv.data() + (begin + i) * 3 * width_);
  }
  attend(windows, memory);
  for (std::size_t begin = 0; begin < tokens; begin += Gemm::kRowsMax) TRY(mix(layer, tile_at(begin), memory));
  return {};
}

void Trunk::put_means(const PackedWindows& windows, const TrunkMemory& memory, std::span<float> out, std::size_t stride) const {
  std::size_t begin = 0;
  for (std::size_t i = 0; i < windows.ends.size(); ++i) {
    float* mean = out.data() + i * stride;
    for (std::size_t at = begin; at < windows.ends[i]; ++at)
      for (std::size_t j = 0; j < width_; ++j) mean[j] += memory.hidden[at * width_ + j];
    for (std::size_t j = 0; j < width_; ++j) mean[j] /= static_cast<float>(windows.ends[i] - begin);
    begin = windows.ends[i];
  }
}

Result<std::vector<float>> Trunk::run(const PackedWindows& windows, std::span<const int> pooled, TrunkMemory& memory) const {
  std::size_t longest = 0, begin = 0;
  for (const std::size_t end : windows.ends) {
    STEWARD_CHECK(end > begin && end - begin <= positions_);
    longest = std::max(longest, end - begin);
    begin = end;
  }
  STEWARD_CHECK(begin == windows.tokens.size());
  for (const std::int32_t token : windows.tokens) STEWARD_CHECK(token >= 0 && static_cast<std::size_t>(token) < words());
  reserve(begin, longest, memory);
  embed(windows, memory);
  const std::size_t stride = pooled.size() * width_;
  std::vector<float> out(windows.ends.size() * stride);
  std::size_t column = 0;
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    TRY(run_layer(layers_[i], windows, memory));
    if (column == pooled.size() || pooled[column] != static_cast<int>(i) + 1) continue;
    put_means(windows, memory, std::span(out).subspan(column * width_), stride);
    ++column;
  }
  STEWARD_CHECK(column == pooled.size());
  return out;
}

}  // namespace steward::model
