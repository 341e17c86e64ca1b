#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "steward/classify/features.h"
#include "steward/classify/labels.h"
#include "steward/core/result.h"

namespace steward::classify {

using LabelScores = std::array<float, kLabelCount>;

/// Weights as trained, before quantisation.
struct LinearWeights {
  std::vector<float> table;  ///< [kFeatureRows][kLabelCount]
  std::array<float, kLabelCount> bias{};
  std::array<bool, kLabelCount> trained{};  ///< false: there was not enough evidence, there is no head
};

/// A multi-label logistic model on hashed n-grams (features.h). A score is a log-odds:
///   bias + Σ weight[row] / √n over the n rows of the text.
/// Weights are 8-bit with one scale a label; the file is mapped, not read. Immutable, thread-safe.
class LinearModel {
 public:
  /// Errors: kNotFound; kInvalidInput if the file is none of this format or is cut short.
  static Result<std::unique_ptr<const LinearModel>> open(const std::string& path);
  ~LinearModel();

  bool has(std::size_t label) const;
  /// `text` is in the repaired view. NaN for labels without a head.
  LabelScores score(std::string_view text) const;
  /// The parts of `text` that speak most for `label`, strongest first, at most `count_max`; they do not overlap.
  std::vector<text::Span> explain(std::string_view text, std::size_t label, std::size_t count_max) const;
  const std::string& digest() const;  ///< sha256 hex of the file

 private:
  struct Mapping;
  explicit LinearModel(std::unique_ptr<Mapping> mapping);
  const std::unique_ptr<Mapping> mapping_;
};

/// Quantises and writes a model: the same weights always give the same bytes (docs/formats/detection-models.md).
Result<void> write_linear_model(const std::string& path, const LinearWeights& weights);

}  // namespace steward::classify
