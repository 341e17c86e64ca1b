#pragma once

#include <cstdint>
#include <vector>

#include "steward/core/json.h"
#include "steward/core/result.h"
#include "steward/tune/torch.h"

/// Reinforcement learning from rewards of whole answers. Values of tokens are laid end to end, [M]; `counts` say how many each answer has,
/// at least one, and sum up to M. Log-probabilities are in nats.
namespace steward::tune {

/// Mean 0 and standard deviation 1 (over all of them, not n - 1): (x - mean) / sqrt(variance + 1e-8). Equal values become 0.
Tensor whiten(const Tensor& values);

/// Llama 2's reward before it is whitened [Touvron et al. 2023, arXiv:2307.09288, §3.2.3]: logit(Rc), where Rc is the safety reward Rs on
/// safety prompts and where Rs < threshold (0.15 in the paper), else the helpfulness reward.
/// helpfulness, safety: scores of the reward models, [S], which are the logits of those rewards; is_safety: bool [S].
Tensor combined_reward(const Tensor& helpfulness, const Tensor& safety, const Tensor& is_safety, double threshold);

/// Estimates of KL(π‖π_ref) at each token from the token that π sampled, r = π_ref / π [Schulman 2020, joschu.net/blog/kl-approx.html].
/// k1 = -log r: no bias; k3 = r - 1 - log r: no bias, never below 0.
Tensor kl_k1(const Tensor& policy, const Tensor& reference);
Tensor kl_k3(const Tensor& policy, const Tensor& reference);

struct GaeOptions {
  double gamma = 1, lambda = 0.95;
};
struct Advantages {
  Tensor advantages, returns;  ///< [M]; returns: advantages + values
};
/// Generalised advantage estimation within each answer [Schulman et al. 2016, arXiv:1506.02438, eq. 16]: A_t = δ_t + γλ A_{t+1},
/// δ_t = r_t + γ V_{t+1} - V_t, with V = 0 behind the last token. rewards, values: [M], no gradient.
Advantages gae(const Tensor& rewards, const Tensor& values, const std::vector<std::int64_t>& counts, const GaeOptions& options);

/// -min(ρ A, clip(ρ, 1-ε, 1+ε) A), ρ = π / π_old [Schulman et al. 2017, arXiv:1707.06347, eq. 7], of each token: [M]. The gradient flows to
/// `policy` only.
Tensor clipped_policy_losses(const Tensor& policy, const Tensor& old, const Tensor& advantages, double clip);
/// Share of tokens whose ratio lies beyond the clip.
double clipped_share(const Tensor& policy, const Tensor& old, double clip);

/// ½ mean max((V - R)², (V_old + clip(V - V_old, ±ε) - R)²), as the code of PPO's authors has it. [M] each; the gradient flows to `values`
/// only. Returns a scalar.
Tensor clipped_value_loss(const Tensor& values, const Tensor& old, const Tensor& returns, double clip);

/// GRPO's advantages: (r - mean) / (std + 1e-4) over each stretch of `group` answers to one prompt [Shao et al. 2024, arXiv:2402.03300,
/// §4.1.2]; std with n - 1. rewards: [S], a multiple of `group`, which is at least 2.
Tensor group_advantages(const Tensor& rewards, std::int64_t group);

struct GrpoOptions {
  double clip = 0.2;
  double beta = 0.04;  ///< of the KL to the reference
};
/// GRPO loss [arXiv:2402.03300, eq. 3]: mean over the answers of the mean over an answer's tokens of -(min(ρ A, clip(ρ) A) - β k3).
/// policy, old, reference: [M]; advantages: [S]. The gradient flows to `policy` only. Returns a scalar.
Tensor grpo_loss(const Tensor& policy, const Tensor& old, const Tensor& reference, const Tensor& advantages,
                 const std::vector<std::int64_t>& counts, const GrpoOptions& options);

/// How much KL costs: fixed, or steered to a target [Ziegler et al. 2019, arXiv:1909.08593, §2.2]:
/// β ← β (1 + gain · clip(KL / target - 1, ±0.2)).
class KlControl {
 public:
  struct Options {
    double beta = 0.01;
    double target = 0;  ///< nats an answer; 0: β stays
    double gain = 0.1;
  };
  explicit KlControl(const Options& options) : options_(options), beta_(options.beta) {}
  double beta() const { return beta_; }
  /// kl: mean of an answer, in nats.
  void observe(double kl);

  json::Object state() const;
  /// Errors: kInvalidInput if `state` is not what state() gave.
  Result<void> restore(const json::Object& state);

 private:
  Options options_;
  double beta_;
};

}  // namespace steward::tune
