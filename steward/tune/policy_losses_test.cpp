// Values worked out by hand from the papers, and gradients against central differences in float64.
#include "steward/tune/policy_losses.h"

#include <gtest/gtest.h>

#include <cmath>

#include "steward/tune/testing/gradients.h"

namespace steward::tune {
namespace {

using testing::check_gradients;
using testing::numbers;

void expect_near(const Tensor& got, const std::vector<double>& wanted, double within = 1e-9) {
  ASSERT_EQ(got.numel(), static_cast<std::int64_t>(wanted.size()));
  for (std::size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(got[static_cast<std::int64_t>(i)].item<double>(), wanted[i], within) << i;
}

TEST(Whiten, MeanZeroAndDeviationOne) {
  expect_near(whiten(numbers({1, 2, 3, 6})), {-2 / std::sqrt(3.5), -1 / std::sqrt(3.5), 0, 3 / std::sqrt(3.5)}, 1e-7);
  expect_near(whiten(numbers({5, 5})), {0, 0});
  expect_near(whiten(numbers({7})), {0});
}

TEST(CombinedReward, IsLlama2s) {
  const double edge = std::log(0.15 / 0.85);
  const Tensor helpfulness = numbers({3, 3, 3, -4}), safety = numbers({-1, -1, edge - 0.01, edge + 0.01});
  const Tensor is_safety = at::tensor(std::vector<std::uint8_t>{1, 0, 0, 0}).to(at::kBool);
  // A safety prompt; safe enough (σ(-1) = 0.27); below 0.15; just above.
  expect_near(combined_reward(helpfulness, safety, is_safety, 0.15), {-1, 3, edge - 0.01, -4});
}

TEST(Kl, Estimates) {
  // π = 0.5, π_ref = 0.25: r = 1/2.
  const Tensor policy = numbers({std::log(0.5)}), reference = numbers({std::log(0.25)});
  expect_near(kl_k1(policy, reference), {std::log(2)});
  expect_near(kl_k3(policy, reference), {0.5 - 1 + std::log(2)});
  expect_near(kl_k3(reference, policy), {2 - 1 - std::log(2)});
  check_gradients([](const auto& in) { return kl_k3(in[0], numbers({-1, -2})).sum(); }, {numbers({-1.5, -0.2})});
  // Over all tokens, weighted by π, both give KL(π‖π_ref) itself.
  const Tensor p = numbers({0.7, 0.2, 0.1}), q = numbers({0.3, 0.3, 0.4});
  const double exact = (p * (p / q).log()).sum().item<double>();
  EXPECT_NEAR((p * kl_k1(p.log(), q.log())).sum().item<double>(), exact, 1e-12);
  EXPECT_NEAR((p * kl_k3(p.log(), q.log())).sum().item<double>(), exact, 1e-12);
}

TEST(Gae, ValuesByHand) {
  // Answers of 3 and 1 tokens. δ = (0.5·0.4 - 0.2, 0.5·0.6 - 0.4, 1 - 0.6) = (0, -0.1, 0.4); γλ = 0.4.
  const auto out = gae(numbers({0, 0, 1, 2}), numbers({0.2, 0.4, 0.6, 0.5}), {3, 1}, {.gamma = 0.5, .lambda = 0.8});
  expect_near(out.advantages, {0.4 * 0.06, -0.1 + 0.4 * 0.4, 0.4, 1.5});
  expect_near(out.returns, {0.2 + 0.024, 0.4 + 0.06, 1, 2});
  // λ = 1, γ = 1: what comes less what was expected; λ = 0: one step.
  expect_near(gae(numbers({1, 2, 4}), numbers({3, 3, 3}), {3}, {1, 1}).advantages, {4, 3, 1});
  expect_near(gae(numbers({1, 2, 4}), numbers({3, 1, 2}), {3}, {1, 0}).advantages, {-1, 3, 2});
}

TEST(PolicyLoss, ValuesByHand) {
  const Tensor old = numbers({0, 0, 0, 0, 0});
  const Tensor policy = numbers({std::log(1.1), std::log(1.5), std::log(1.5), std::log(0.5), std::log(0.5)});
  // Within the clip; gains stop at 1.2; harm does not; a fall below 0.8 gains no more; and harms on.
  expect_near(clipped_policy_losses(policy, old, numbers({2, 2, -2, -2, 2}), 0.2), {-2.2, -2.4, 3, 1.6, -1});
  EXPECT_NEAR(clipped_share(policy, old, 0.2), 0.8, 1e-12);
}

TEST(PolicyLoss, Gradients) {
  const Tensor old = numbers({-1, -1.1, -0.7, -2}), advantages = numbers({1, -0.5, 2, -1});
  check_gradients([&](const auto& in) { return clipped_policy_losses(in[0], old, advantages, 0.2).mean(); },
                  {numbers({-0.95, -1.5, 0, -2.1})});
  // On the first step the ratio is 1: the gradient is that of REINFORCE, -A.
  const Tensor policy = old.clone().requires_grad_();
  clipped_policy_losses(policy, old, advantages, 0.2).sum().backward();
  expect_near(policy.grad(), {-1, 0.5, -2, 1});
}

TEST(ValueLoss, ValuesAndGradients) {
  // Moved by 1, allowed 0.2: (1 - 0)² and (0.2 - 0)², the larger; and away from R = 2: (1 - 2)² and (0.2 - 2)².
  EXPECT_NEAR(clipped_value_loss(numbers({1}), numbers({0}), numbers({0}), 0.2).item<double>(), 0.5, 1e-12);
  EXPECT_NEAR(clipped_value_loss(numbers({1}), numbers({0}), numbers({2}), 0.2).item<double>(), 0.5 * 1.8 * 1.8, 1e-12);
  EXPECT_NEAR(clipped_value_loss(numbers({0.1, 3}), numbers({0, 3}), numbers({1, 3}), 0.2).item<double>(), 0.5 * 0.81 / 2, 1e-12);
  const Tensor old = numbers({0, 0.5, -1}), returns = numbers({0.3, 2, -2});
  check_gradients([&](const auto& in) { return clipped_value_loss(in[0], old, returns, 0.2); }, {numbers({0.1, 0.4, -0.5})});
}

TEST(Grpo, AdvantagesByHand) {
  const double deviation = std::sqrt(2);  // of 1 and 3, with n - 1
  expect_near(group_advantages(numbers({1, 3, 5, 5}), 2), {-1 / (deviation + 1e-4), 1 / (deviation + 1e-4), 0, 0});
}

TEST(Grpo, LossByHand) {
  // Two answers of 2 and 1 tokens, ratio 1: -A each, plus β k3.
  const Tensor policy = numbers({std::log(0.5), std::log(0.5), std::log(0.5)});
  const Tensor reference = numbers({std::log(0.5), std::log(0.25), std::log(0.5)});
  const double k3 = 0.5 - 1 + std::log(2);
  EXPECT_NEAR(grpo_loss(policy, policy, reference, numbers({1, -3}), {2, 1}, {.clip = 0.2, .beta = 0.1}).item<double>(),
              ((-1 + (-1 + 0.1 * k3)) / 2 + 3) / 2, 1e-12);
}

TEST(Grpo, GradientsFlowToThePolicyAlone) {
  const Tensor old = numbers({-1, -1.1, -0.7}), reference = numbers({-1.2, -1, -0.8}), advantages = numbers({1, -0.5});
  check_gradients([&](const auto& in) { return grpo_loss(in[0], old, reference, advantages, {2, 1}, {.clip = 0.2, .beta = 0.3}); },
                  {numbers({-0.9, -1.05, -0.2})});
  const Tensor policy = old.clone().requires_grad_(), of_reference = reference.clone().requires_grad_();
  grpo_loss(policy, old, of_reference, advantages, {2, 1}, {}).backward();
  EXPECT_FALSE(of_reference.grad().defined());
}

TEST(KlControl, FollowsItsTarget) {
  KlControl fixed({.beta = 0.01});
  fixed.observe(100);
  EXPECT_EQ(fixed.beta(), 0.01);
  KlControl steered({.beta = 0.01, .target = 6});
  steered.observe(6.6);  // 10 % over: β grows by 1 %
  EXPECT_NEAR(steered.beta(), 0.0101, 1e-12);
  steered.observe(100);  // the error is clipped at 20 %
  EXPECT_NEAR(steered.beta(), 0.0101 * 1.02, 1e-12);
  steered.observe(-3);
  EXPECT_NEAR(steered.beta(), 0.0101 * 1.02 * 0.98, 1e-12);
  KlControl other({.beta = 0.5, .target = 6});
  ASSERT_TRUE(other.restore(steered.state()));
  EXPECT_EQ(other.beta(), steered.beta());
  EXPECT_FALSE(other.restore({}));
}

}  // namespace
}  // namespace steward::tune
