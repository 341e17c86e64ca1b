#include "steward/tune/losses.h"

#include <algorithm>

#include "steward/core/check.h"

namespace steward::tune {

namespace {

/// -p log σ(x) - (1 - p) log σ(-x), mean.
Tensor soft_logistic(const Tensor& x, const Tensor& p) { return -(p * at::log_sigmoid(x) + (1 - p) * at::log_sigmoid(-x)).mean(); }

}  // namespace

Tensor ranking_loss(const Tensor& chosen, const Tensor& rejected, const Tensor& margins, const Tensor& probabilities) {
  STEWARD_CHECK(chosen.sizes() == rejected.sizes() && chosen.sizes() == margins.sizes() && chosen.sizes() == probabilities.sizes());
  return soft_logistic(chosen - rejected - margins, probabilities);
}

Tensor safety_loss(const Tensor& scores, const Tensor& safe) { return classification_loss(scores, safe); }

Tensor dpo_loss(const PairLogps& policy, const PairLogps& reference, const Tensor& probabilities, const DpoOptions& options) {
  STEWARD_CHECK(policy.chosen.sizes() == policy.rejected.sizes() && policy.chosen.sizes() == reference.chosen.sizes() &&
                reference.chosen.sizes() == reference.rejected.sizes() && policy.chosen.sizes() == probabilities.sizes() &&
                options.beta > 0);
  const Tensor of_reference = (reference.chosen - reference.rejected).detach();
  const Tensor preference = options.beta * (policy.chosen - policy.rejected - of_reference);
  return soft_logistic(preference, probabilities * (1 - options.doubt) + (1 - probabilities) * options.doubt);
}

PairLogps dpo_rewards(const PairLogps& policy, const PairLogps& reference, double beta) {
  return {(beta * (policy.chosen - reference.chosen)).detach(), (beta * (policy.rejected - reference.rejected)).detach()};
}

double kto_reference_point(const Tensor& policy, const Tensor& reference, const World& world) {
  STEWARD_CHECK(policy.sizes() == reference.sizes());
  double sum = (policy - reference).sum(at::kDouble).item<double>(), count = static_cast<double>(policy.numel());
  world.sum({&sum, &count});
  return count > 0 ? std::max(0.0, sum / count) : 0;
}

Tensor kto_loss(const Tensor& policy, const Tensor& reference, const Tensor& desirable, double point, const KtoOptions& options) {
  STEWARD_CHECK(policy.sizes() == reference.sizes() && policy.sizes() == desirable.sizes() && options.beta > 0);
  const Tensor gain = options.beta * (policy - reference.detach() - point);
  const Tensor sign = at::where(desirable, 1.0, -1.0).to(gain.scalar_type());
  const Tensor weight = at::where(desirable, options.desirable_weight, options.undesirable_weight).to(gain.scalar_type());
  return (weight * at::sigmoid(-sign * gain)).mean();
}

Tensor classification_loss(const Tensor& logits, const Tensor& targets) {
  STEWARD_CHECK(logits.sizes() == targets.sizes());
  const Tensor known = targets.ge(0).to(logits.scalar_type());
  const Tensor each = at::binary_cross_entropy_with_logits(logits, targets.clamp_min(0), {}, {}, at::Reduction::None);
  return (each * known).sum() / known.sum().clamp_min(1);
}

}  // namespace steward::tune
