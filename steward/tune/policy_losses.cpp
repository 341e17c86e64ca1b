#include "steward/tune/policy_losses.h"

#include <algorithm>
#include <cmath>

#include "steward/core/check.h"

namespace steward::tune {
namespace {

/// The value of each answer at each of its tokens: [M].
Tensor spread(const Tensor& values, const std::vector<std::int64_t>& counts) {
  return values.repeat_interleave(at::tensor(counts, at::kLong));
}

}  // namespace

Tensor whiten(const Tensor& values) {
  const Tensor centred = values - values.mean();
  return centred * (centred.square().mean() + 1e-8).rsqrt();
}

Tensor combined_reward(const Tensor& helpfulness, const Tensor& safety, const Tensor& is_safety, double threshold) {
  STEWARD_CHECK(helpfulness.sizes() == safety.sizes() && safety.sizes() == is_safety.sizes());
  return at::where(is_safety.logical_or(safety.sigmoid().lt(threshold)), safety, helpfulness);
}

Tensor kl_k1(const Tensor& policy, const Tensor& reference) { return policy - reference; }

Tensor kl_k3(const Tensor& policy, const Tensor& reference) {
  const Tensor log_ratio = reference - policy;
  return log_ratio.expm1() - log_ratio;
}

Advantages gae(const Tensor& rewards, const Tensor& values, const std::vector<std::int64_t>& counts, const GaeOptions& options) {
  STEWARD_CHECK(rewards.sizes() == values.sizes() && rewards.dim() == 1);
  const Tensor reward = rewards.to(at::kDouble).contiguous(), value = values.to(at::kDouble).contiguous();
  Tensor out = at::empty_like(reward);
  const double *r = reward.data_ptr<double>(), *v = value.data_ptr<double>();
  double* a = out.data_ptr<double>();
  std::int64_t begin = 0;
  for (const std::int64_t count : counts) {
    double after = 0;
    for (std::int64_t t = begin + count - 1; t >= begin; --t) {
      const double next = t + 1 < begin + count ? v[t + 1] : 0;
      after = r[t] + options.gamma * next - v[t] + options.gamma * options.lambda * after;
      a[t] = after;
    }
    begin += count;
  }
  STEWARD_CHECK(begin == reward.size(0));
  const Tensor advantages = out.to(values.scalar_type());
  return {advantages, advantages + values};
}

Tensor clipped_policy_losses(const Tensor& policy, const Tensor& old, const Tensor& advantages, double clip) {
  STEWARD_CHECK(policy.sizes() == old.sizes() && old.sizes() == advantages.sizes());
  const Tensor ratio = (policy - old.detach()).exp(), advantage = advantages.detach();
  return -at::minimum(ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage);
}

double clipped_share(const Tensor& policy, const Tensor& old, double clip) {
  return ((policy.detach() - old.detach()).exp() - 1).abs().gt(clip).to(at::kDouble).mean().item<double>();
}

Tensor clipped_value_loss(const Tensor& values, const Tensor& old, const Tensor& returns, double clip) {
  STEWARD_CHECK(values.sizes() == old.sizes() && old.sizes() == returns.sizes());
  const Tensor before = old.detach(), wanted = returns.detach();
  const Tensor near = before + (values - before).clamp(-clip, clip);
  return 0.5 * at::maximum((values - wanted).square(), (near - wanted).square()).mean();
}

Tensor group_advantages(const Tensor& rewards, std::int64_t group) {
  STEWARD_CHECK(rewards.dim() == 1 && group > 1 && rewards.size(0) % group == 0);
  const Tensor groups = rewards.reshape({-1, group});
  return ((groups - groups.mean(1, true)) / (groups.std(1, true, true) + 1e-4)).reshape({-1});
}

Tensor grpo_loss(const Tensor& policy, const Tensor& old, const Tensor& reference, const Tensor& advantages,
                 const std::vector<std::int64_t>& counts, const GrpoOptions& options) {
  const Tensor each =
      clipped_policy_losses(policy, old, spread(advantages, counts), options.clip) + options.beta * kl_k3(policy, reference.detach());
  const Tensor weights = spread(at::tensor(counts, each.options()).reciprocal(), counts);
  return (each * weights).sum() / static_cast<double>(counts.size());
}

void KlControl::observe(double kl) {
  if (options_.target > 0) beta_ *= 1 + options_.gain * std::clamp(kl / options_.target - 1, -0.2, 0.2);
}

json::Object KlControl::state() const { return {{"beta", beta_}}; }

Result<void> KlControl::restore(const json::Object& state) {
  const auto beta = TRY(json::get_number(state, "beta"));
  if (!beta || !(*beta >= 0))
    return fail(ErrorCode::kInvalidInput, "the state of the KL control is not there: the checkpoint is another recipe's");
  beta_ = *beta;
  return {};
}

}  // namespace steward::tune
