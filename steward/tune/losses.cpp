#include "steward/tune/losses.h"

#include "steward/core/check.h"

namespace steward::tune {

Tensor ranking_loss(const Tensor& chosen, const Tensor& rejected, const Tensor& margins) {
  STEWARD_CHECK(chosen.sizes() == rejected.sizes() && chosen.sizes() == margins.sizes());
  return -at::log_sigmoid(chosen - rejected - margins).mean();
}

Tensor safety_loss(const Tensor& scores, const Tensor& safe) { return classification_loss(scores, safe); }

Tensor dpo_loss(const PairLogps& policy, const PairLogps& reference, const DpoOptions& options) {
  STEWARD_CHECK(policy.chosen.sizes() == policy.rejected.sizes() && policy.chosen.sizes() == reference.chosen.sizes() &&
                reference.chosen.sizes() == reference.rejected.sizes() && options.beta > 0);
  const Tensor of_reference = (reference.chosen - reference.rejected).detach();
  const Tensor preference = options.beta * (policy.chosen - policy.rejected - of_reference);
  return -((1 - options.doubt) * at::log_sigmoid(preference) + options.doubt * at::log_sigmoid(-preference)).mean();
}

PairLogps dpo_rewards(const PairLogps& policy, const PairLogps& reference, double beta) {
  return {(beta * (policy.chosen - reference.chosen)).detach(), (beta * (policy.rejected - reference.rejected)).detach()};
}

Tensor classification_loss(const Tensor& logits, const Tensor& targets) {
  STEWARD_CHECK(logits.sizes() == targets.sizes());
  const Tensor known = targets.ge(0).to(logits.scalar_type());
  const Tensor each = at::binary_cross_entropy_with_logits(logits, targets.clamp_min(0), {}, {}, at::Reduction::None);
  return (each * known).sum() / known.sum().clamp_min(1);
}

}  // namespace steward::tune
