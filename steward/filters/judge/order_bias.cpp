#include "steward/filters/judge/order_bias.h"

#include <algorithm>
#include <cmath>

#include "steward/core/check.h"

namespace steward::filters {
namespace {

constexpr double kFlagged = 0.5;

}  // namespace

Result<OrderBias> measure_order_bias(const Judge& judge, const std::vector<Exhibit>& exhibits) {
  if (judge.config().form == Form::kLlamaGuard)
    return fail(ErrorCode::kInvalidInput, "the form llama_guard has one order: measure the order bias of yes_no, choice or complies");
  OrderBias out;
  for (const Exhibit& exhibit : exhibits) {
    const auto forward = TRY(judge.judge_in(exhibit, Order::kForward));
    const auto reversed = TRY(judge.judge_in(exhibit, Order::kReversed));
    double most = 0, most_forward = 0, most_reversed = 0;
    for (std::size_t i = 0; i < forward.size(); ++i) {
      const double difference = forward[i] - reversed[i];
      out.mean_difference += difference;
      out.mean_absolute += std::abs(difference);
      most = std::max(most, (forward[i] + reversed[i]) / 2);
      most_forward = std::max(most_forward, forward[i]);
      most_reversed = std::max(most_reversed, reversed[i]);
    }
    ++out.texts;
    out.judgements += forward.size();
    out.scores.push_back(most);
    if ((most_forward >= kFlagged) != (most_reversed >= kFlagged)) ++out.flips;
  }
  if (out.judgements > 0) {
    out.mean_difference /= static_cast<double>(out.judgements);
    out.mean_absolute /= static_cast<double>(out.judgements);
  }
  return out;
}

double auroc(std::vector<double> positive, std::vector<double> negative) {
  STEWARD_CHECK(!positive.empty() && !negative.empty());
  std::sort(negative.begin(), negative.end());
  double wins = 0;
  for (const double score : positive) {
    const auto [low, high] = std::equal_range(negative.begin(), negative.end(), score);
    wins += static_cast<double>(low - negative.begin()) + static_cast<double>(high - low) / 2;
  }
  return wins / (static_cast<double>(positive.size()) * static_cast<double>(negative.size()));
}

}  // namespace steward::filters
