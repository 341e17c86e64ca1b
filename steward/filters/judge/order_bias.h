#pragma once

#include <cstddef>
#include <vector>

#include "steward/filters/judge/judge.h"

namespace steward::filters {

/// How much a judge's answers hang on the order in which they were offered. A text is flagged if any category has a probability of a half.
struct OrderBias {
  std::size_t texts = 0;
  std::size_t judgements = 0;  ///< texts times categories
  double mean_difference = 0;  ///< forward less reversed: which order finds more
  double mean_absolute = 0;    ///< of the differences
  std::size_t flips = 0;       ///< texts that are flagged in one order and not in the other
  std::vector<double> scores;  ///< for each text, the highest probability of any category, both orders averaged
};

/// Judges each text in both orders. Errors: of Judge::judge_in; kInvalidInput for the form llama_guard, which has one order.
Result<OrderBias> measure_order_bias(const Judge& judge, const std::vector<Exhibit>& exhibits);

/// The probability that a text of the first kind scores higher than one of the second, ties counting half [the area under the ROC curve].
/// Precondition: both hold something.
double auroc(std::vector<double> positive, std::vector<double> negative);

}  // namespace steward::filters
