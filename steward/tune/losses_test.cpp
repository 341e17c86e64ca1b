// Losses against values worked out by hand, and their gradients against central differences in float64.
#include "steward/tune/losses.h"

#include <gtest/gtest.h>

#include "steward/tune/testing/gradients.h"
#include "steward/tune/token_batch.h"
#include "steward/tune/token_losses.h"

namespace steward::tune {
namespace {

using testing::check_gradients;
using testing::numbers;

Tensor waves(at::IntArrayRef size, double phase) {
  return at::sin(at::arange(c10::multiply_integers(size), at::kDouble) * 1.7 + phase).reshape(size).contiguous();
}

TEST(RankingLoss, Values) {
  const auto loss = [](double chosen, double rejected, double margin) {
    return ranking_loss(numbers({chosen}), numbers({rejected}), numbers({margin}), numbers({1})).item<double>();
  };
  EXPECT_NEAR(loss(0, 0, 0), std::log(2), 1e-12);
  EXPECT_NEAR(loss(1, 0, 1), std::log(2), 1e-12) << "a margin asks for as much again";
  EXPECT_NEAR(loss(3, 1, kLargeMargins[3]), std::log(1 + std::exp(1)), 1e-12);
  EXPECT_NEAR(loss(1, 1, kSmallMargins[1]), std::log(1 + std::exp(1.0 / 3)), 1e-12);
  EXPECT_NEAR(loss(0, 800, 0), 800, 1e-9) << "no overflow";
  EXPECT_NEAR(ranking_loss(numbers({0, 2}), numbers({0, 0}), numbers({0, 0}), numbers({1, 1})).item<double>(),
              (std::log(2) + std::log(1 + std::exp(-2))) / 2, 1e-12);
}

TEST(RankingLoss, OfASoftLabelIsItsCrossEntropy) {
  const auto loss = [](double difference, double probability) {
    return ranking_loss(numbers({difference}), numbers({0}), numbers({0}), numbers({probability})).item<double>();
  };
  EXPECT_NEAR(loss(0, 0.8), std::log(2), 1e-12);
  // p = 0.8: 0.8 ln(1 + 1/4) + 0.2 ln(1 + 4), which is the entropy of (0.8, 0.2) and the least there is
  EXPECT_NEAR(loss(std::log(4), 0.8), -0.8 * std::log(0.8) - 0.2 * std::log(0.2), 1e-12);
  EXPECT_GT(loss(std::log(4) + 0.1, 0.8), loss(std::log(4), 0.8));
  EXPECT_GT(loss(std::log(4) - 0.1, 0.8), loss(std::log(4), 0.8));
  EXPECT_NEAR(loss(1.5, 0.25), loss(-1.5, 0.75), 1e-12) << "the other way round";
}

TEST(RankingLoss, Gradients) {
  check_gradients([](const auto& in) { return ranking_loss(in[0], in[1], numbers({0, 1.0 / 3, 1}), numbers({1, 0.6, 0.9})); },
                  {numbers({0.3, -1, 2}), numbers({0.1, 0.4, 2.5})});
}

TEST(SafetyLoss, ValuesAndGradients) {
  EXPECT_NEAR(safety_loss(numbers({0, 2, 5}), numbers({1, 0, -1})).item<double>(), (std::log(2) + std::log(1 + std::exp(2))) / 2, 1e-12);
  EXPECT_EQ(safety_loss(numbers({3}), numbers({-1})).item<double>(), 0) << "nothing is known";
  check_gradients([](const auto& in) { return safety_loss(in[0], numbers({1, 0, -1, 1})); }, {numbers({0.3, -1, 2, 4})});
}

TEST(DpoLoss, Values) {
  const auto loss = [](double chosen, double rejected, double of_chosen, double of_rejected, const DpoOptions& options) {
    return dpo_loss({numbers({chosen}), numbers({rejected})}, {numbers({of_chosen}), numbers({of_rejected})}, numbers({1}), options)
        .item<double>();
  };
  EXPECT_NEAR(loss(-10, -12, -10, -12, {}), std::log(2), 1e-12) << "the policy is the reference";
  // β = 0.1; the policy prefers by 5 nats, the reference by 2: -log σ(0.3)
  EXPECT_NEAR(loss(-10, -15, -11, -13, {}), std::log(1 + std::exp(-0.3)), 1e-12);
  EXPECT_NEAR(loss(-10, -15, -11, -13, {.beta = 0.5}), std::log(1 + std::exp(-1.5)), 1e-12);
  EXPECT_NEAR(loss(-10, -15, -11, -13, {.beta = 0.1, .doubt = 0.2}), 0.8 * std::log(1 + std::exp(-0.3)) + 0.2 * std::log(1 + std::exp(0.3)),
              1e-12);
  const PairLogps by_policy{numbers({-10}), numbers({-15})}, by_reference{numbers({-11}), numbers({-13})};
  EXPECT_NEAR(dpo_loss(by_policy, by_reference, numbers({0.7}), {}).item<double>(),
              0.7 * std::log(1 + std::exp(-0.3)) + 0.3 * std::log(1 + std::exp(0.3)), 1e-12)
      << "a soft label";
  const PairLogps rewards = dpo_rewards({numbers({-10}), numbers({-15})}, {numbers({-11}), numbers({-13})}, 0.1);
  EXPECT_NEAR(rewards.chosen.item<double>(), 0.1, 1e-12);
  EXPECT_NEAR(rewards.rejected.item<double>(), -0.2, 1e-12);
}

TEST(DpoLoss, GradientsFlowToThePolicyAlone) {
  const PairLogps reference{numbers({-11, -20}), numbers({-13, -18})};
  check_gradients([&](const auto& in) { return dpo_loss({in[0], in[1]}, reference, numbers({1, 0.6}), {.beta = 0.3, .doubt = 0.1}); },
                  {numbers({-10, -21}), numbers({-15, -17})});
  const Tensor of_reference = numbers({-11}).requires_grad_(), policy = numbers({-10}).requires_grad_();
  dpo_loss({policy, numbers({-15})}, {of_reference, numbers({-13})}, numbers({1}), {}).backward();
  EXPECT_FALSE(of_reference.grad().defined());
  // d/d log π(chosen) = -β σ(-β · 3)
  EXPECT_NEAR(policy.grad().item<double>(), -0.1 / (1 + std::exp(0.3)), 1e-12);
}

TEST(KtoLoss, TheReferencePointIsNeverBelowZero) {
  EXPECT_NEAR(kto_reference_point(numbers({-10, -12, -9}), numbers({-12, -12.5, -10})), 3.5 / 3, 1e-12);
  EXPECT_EQ(kto_reference_point(numbers({-10}), numbers({-8})), 0);
  EXPECT_EQ(kto_reference_point(numbers({}), numbers({})), 0) << "no other prompt";
}

TEST(KtoLoss, Values) {
  const auto loss = [](double policy, double reference, bool desirable, double point, const KtoOptions& options) {
    return kto_loss(numbers({policy}), numbers({reference}), at::tensor(std::vector<double>{desirable ? 1.0 : 0.0}).to(at::kBool), point,
                    options)
        .template item<double>();
  };
  const auto sigmoid = [](double x) { return 1 / (1 + std::exp(-x)); };
  EXPECT_NEAR(loss(-10, -10, true, 0, {}), 0.5, 1e-12) << "the policy is the reference";
  EXPECT_NEAR(loss(-10, -10, false, 0, {}), 0.5, 1e-12);
  // β = 0.1, r = 5, z = 2: λ_D (1 - σ(0.3)) and λ_U (1 - σ(-0.3))
  EXPECT_NEAR(loss(-10, -15, true, 2, {}), 1 - sigmoid(0.3), 1e-12);
  EXPECT_NEAR(loss(-10, -15, false, 2, {}), 1 - sigmoid(-0.3), 1e-12);
  EXPECT_NEAR(loss(-10, -15, true, 2, {.beta = 0.5, .desirable_weight = 1.5}), 1.5 * (1 - sigmoid(1.5)), 1e-12);
  EXPECT_NEAR(loss(-10, -15, false, 2, {.undesirable_weight = 0.25}), 0.25 * (1 - sigmoid(-0.3)), 1e-12);
  const Tensor both = at::tensor(std::vector<double>{1, 0}).to(at::kBool);
  EXPECT_NEAR(kto_loss(numbers({-10, -10}), numbers({-15, -15}), both, 2, {.undesirable_weight = 3}).item<double>(),
              (1 - sigmoid(0.3) + 3 * (1 - sigmoid(-0.3))) / 2, 1e-12);
}

TEST(KtoLoss, GradientsFlowToThePolicyAlone) {
  const Tensor reference = numbers({-11, -20, -5}), desirable = at::tensor(std::vector<double>{1, 0, 1}).to(at::kBool);
  check_gradients([&](const auto& in) { return kto_loss(in[0], reference, desirable, 0.7, {.beta = 0.3, .desirable_weight = 1.2}); },
                  {numbers({-10, -21, -8})});
  const Tensor of_reference = numbers({-15}).requires_grad_(), policy = numbers({-10}).requires_grad_();
  kto_loss(policy, of_reference, at::ones({1}, at::kBool), 2, {}).backward();
  EXPECT_FALSE(of_reference.grad().defined());
  // d/d log π = -β σ(0.3) σ(-0.3)
  EXPECT_NEAR(policy.grad().item<double>(), -0.1 / (1 + std::exp(-0.3)) / (1 + std::exp(0.3)), 1e-12);
}

TEST(ClassificationLoss, ValuesAndGradients) {
  const Tensor logits = numbers({0, 1, -2, 3}).reshape({2, 2}), targets = numbers({1, 0, -1, 0.25}).reshape({2, 2});
  const double third = std::log(1 + std::exp(3)) - 0.25 * 3;
  EXPECT_NEAR(classification_loss(logits, targets).item<double>(), (std::log(2) + std::log(1 + std::exp(1)) + third) / 3, 1e-12);
  check_gradients([&](const auto& in) { return classification_loss(in[0], targets); }, {logits});
}

class TokenLosses : public ::testing::Test {
 protected:
  const Tensor hidden = waves({7, 4}, 0.2), head = waves({5, 4}, 1.1), weights = numbers({1, 0.5, 0, 2, 1, 1, 0.25});
  const Tensor targets = at::tensor(std::vector<std::int64_t>{0, 4, 2, 2, 1, 3, 0});
};

TEST_F(TokenLosses, AreThoseOfWholeLogits) {
  const Tensor wanted = hidden.mm(head.t()).log_softmax(1).gather(1, targets.unsqueeze(1)).squeeze(1);
  for (const std::int64_t rows : {1, 3, 7, 100}) {
    EXPECT_TRUE(at::allclose(token_logprobs({hidden, head, targets, rows}), wanted, 1e-12, 1e-12));
    EXPECT_NEAR(weighted_nll({hidden, head, targets, rows}, weights).item<double>(), -(wanted * weights).sum().item<double>(), 1e-12);
  }
  const Tensor even = at::zeros({1, 4}, at::kDouble);
  EXPECT_NEAR(weighted_nll({even, head, targets.narrow(0, 0, 1)}, numbers({1})).item<double>(), std::log(5), 1e-12) << "no knowledge: ln 5";
}

TEST_F(TokenLosses, Gradients) {
  const auto nll = [&](const auto& in) { return weighted_nll({in[0], in[1], targets, 3}, weights) * 1.5; };
  check_gradients(nll, {hidden, head});
  const auto logprobs = [&](const auto& in) { return (token_logprobs({in[0], in[1], targets, 3}).square() * weights).sum(); };
  check_gradients(logprobs, {hidden, head});
  check_gradients([&](const auto& in) { return weighted_nll({in[0], head, targets, 3}, weights); }, {hidden});
}

TEST_F(TokenLosses, SegmentSums) {
  EXPECT_TRUE(at::equal(segment_sums(numbers({1, 2, 3, 4}), {1, 3, 0}), numbers({1, 9, 0})));
  check_gradients([](const auto& in) { return segment_sums(in[0], {1, 3}).square().sum(); }, {numbers({1, 2, 3, 4})});
}

TEST(MismatchedBatch, AnswersStandBehindOtherPrompts) {
  const auto thumb = [](std::vector<std::int32_t> tokens, std::vector<std::uint8_t> mask) {
    return data::ThumbSample{{std::move(tokens), std::move(mask), 0}, true};
  };
  // Two answers to the prompt 1 2, one to the prompt 3.
  const std::vector<data::ThumbSample> thumbs = {thumb({1, 2, 10, 11}, {0, 0, 1, 1}), thumb({1, 2, 12}, {0, 0, 1}), thumb({3, 13}, {0, 1})};
  const TokenBatch batch = mismatched_batch({{0}, {1}, {2}}, thumbs);
  EXPECT_TRUE(at::equal(batch.packed.tokens, at::tensor(std::vector<std::int64_t>{1, 2, 13, 1, 2, 13, 3, 10, 11})));
  EXPECT_EQ(batch.counts, (std::vector<std::int64_t>{1, 1, 2}));
  EXPECT_TRUE(at::equal(batch.targets, at::tensor(std::vector<std::int64_t>{13, 13, 10, 11})));
  EXPECT_TRUE(mismatched_batch({{0}, {1}}, thumbs).counts.empty()) << "both have the same prompt";
}

}  // namespace
}  // namespace steward::tune
