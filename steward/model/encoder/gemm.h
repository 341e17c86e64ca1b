#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "steward/core/result.h"

namespace steward::model {

/// Weights in the order in which the processor's kernel reads them.
class PackedWeights;
struct PackedWeightsDelete {
  void operator()(PackedWeights*) const;
};
using PackedWeightsPtr = std::unique_ptr<PackedWeights, PackedWeightsDelete>;

/// Integer matrix products of one shape, by oneDNN: kernels are made once, here.
class Gemm {
 public:
  static constexpr std::size_t kRowsStep = 16, kRowsMax = 64;

  /// inputs, outputs: of one row. Errors: kInternal if the library fails.
  static Result<Gemm> create(std::size_t inputs, std::size_t outputs);
  Gemm(Gemm&&) noexcept;
  Gemm& operator=(Gemm&&) noexcept;
  ~Gemm();

  /// Largest weight with which results are exact on this processor, tried out by create(): 127, or 64 before VNNI.
  int weight_max() const;
  /// weights: [outputs, inputs], at most weight_max() from zero. Errors: kInternal.
  Result<PackedWeightsPtr> pack(std::span<const std::int8_t> weights) const;
  /// out [rows, outputs] = in [rows, inputs] · weightsᵀ. rows: a multiple of kRowsStep, at most kRowsMax.
  /// Thread-safe; on the calling thread only. Errors: kInternal.
  Result<void> multiply(const std::uint8_t* in, std::size_t rows, const PackedWeights& weights, std::int32_t* out) const;

 private:
  struct Shape;
  explicit Gemm(std::unique_ptr<Shape> shape);
  Result<int> largest_exact_weight() const;
  std::unique_ptr<Shape> shape_;
};

}  // namespace steward::model
