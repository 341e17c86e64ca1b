#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "steward/classify/labels.h"
#include "steward/classify/linear_model.h"

namespace steward::classify {

/// One text to learn from.
struct TrainingRow {
  std::vector<std::uint32_t> rows;  ///< of features.h
  Targets targets;
  float weight = 1;
};

struct LinearOptions {
  int epochs = 4;
  float learning_rate = 0.6F;
  float decay = 2e-6F;  ///< L2, of touched rows at each step
  std::uint64_t seed = 1;
  std::size_t evidence_min = 100;  ///< positives, and as many negatives, without which a label gets no head
};

std::vector<std::uint32_t> feature_rows(std::string_view repaired_text);

/// Masked multi-label logistic regression: the loss of a row is the weighted sum of the cross-entropies of its known labels, unknown ones
/// give no gradient. AdaGrad [Duchi et al. 2011] over single rows in an order drawn from the seed: same rows and options, same weights.
LinearWeights train_linear(std::span<const TrainingRow> rows, const LinearOptions& options);

}  // namespace steward::classify
