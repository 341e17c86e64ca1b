#pragma once

#include <cstddef>
#include <cstdint>

namespace steward::model {

/// How a row of floats stands in bytes: float = scale · (byte - zero).
struct RowScale {
  float scale = 0;
  std::int32_t zero = 0;
};

/// Turns sums of integer products back: float = (sum - zero · sums[i]) · row scale · scales[i] + bias[i].
struct OutputScales {
  const float* scales = nullptr;       ///< [outputs]
  const std::int32_t* sums = nullptr;  ///< [outputs] of the weights
  const float* bias = nullptr;         ///< [outputs]
};

/// One head over one window. Rows of q, k, v are `stride` floats apart, those of out `out_stride`.
struct Head {
  const float* q = nullptr;
  const float* k = nullptr;
  const float* v = nullptr;
  std::size_t stride = 0;
  float* out = nullptr;
  std::size_t out_stride = 0;
  std::size_t tokens = 0;
  float* scratch = nullptr;  ///< [attention_scratch(tokens)]
};

inline constexpr std::size_t kHeadWidth = 32;
/// Counts of numbers in rows are multiples of this.
inline constexpr std::size_t kRowStep = 16;
constexpr std::size_t attention_scratch(std::size_t tokens) { return (tokens + 64) * (2 * kHeadWidth + 8); }

/// What is computed on floats, row by row: no result depends on how many rows there are. Buffers need no alignment.
struct Kernels {
  const char* name;
  void (*quantise)(const float* row, std::size_t count, int most, std::uint8_t* out, RowScale* scale);
  void (*dequantise)(const std::int32_t* row, std::size_t count, const RowScale& scale, const OutputScales& outputs, float* out);
  void (*gelu)(float* row, std::size_t count);
  /// row = LayerNorm(row + delta) · weight + bias
  void (*add_norm)(float* row, const float* delta, std::size_t count, const float* weight_then_bias, float epsilon);
  void (*attend)(const Head& head);
};

/// The fastest ones that this processor runs.
const Kernels& kernels();
/// All that this processor runs, fastest first; ends with a null pointer. For tests.
const Kernels* const* all_kernels();

}  // namespace steward::model
