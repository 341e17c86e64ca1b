#include "steward/filters/reward/reward.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include <fmt/format.h>

#include "steward/core/clock.h"
#include "steward/filters/testing/scoring_files.h"
#include "steward/guard/conformance.h"

namespace steward::filters {
namespace {

using ::testing::HasSubstr;

constexpr char kPolicy[] = R"(
policy: {id: scored, version: 1.0.0, owner: a@example.org}
applies: {audience: [general], languages: [en], surfaces: [chat]}
categories:
  - {id: poor, definition: Is a poor answer., disposition: prohibited}
filters:
  - {name: reward, kind: reward, ON, DEADLINE config: {base: BASE, head: head.gguf, category: poor, threads: 1 MORE}}
)";

class RewardFilter : public testing::ScoringFiles {
 protected:
  RewardFilter() : ScoringFiles(kPolicy, make_reward, "head.gguf") {}
  std::string policy_text(const std::string& more, const std::string& on = "on: [output]",
                          const std::string& deadline = "deadline_ms: 60000,") const {
    return filled({{"ON", on}, {"DEADLINE", deadline}, {" MORE", more}});
  }

  const std::vector<guard::Message> before_ = {{"developer", "Be brief."}, {"user", "How do I boil an egg?"}};
  const std::string one_ = "Eight minutes in boiling water.", other_ = "Boil boil boil boil boil!";
};

std::vector<guard::Finding> scan(const guard::Filter& filter, std::string_view text, const std::vector<guard::Message>& before) {
  guard::Scope scope;
  scope.direction = policy::Direction::kOutput;
  scope.messages = &before;
  std::vector<guard::Finding> out;
  const auto done = filter.scan(text::Views(text), scope, out);
  EXPECT_TRUE(done) << done.error().message;
  return out;
}

TEST_F(RewardFilter, FindsWholeRepliesWhoseCalibratedScoreIsLow) {
  const auto model = model::ScoringModel::open(options_).value();
  const auto score = [&](const std::string& reply) {
    return *model->score({{"system", "Be brief.", {}}, {"user", "How do I boil an egg?", {}}, {"assistant", reply, {}}});
  };
  const double a = score(one_), b = score(other_);
  ASSERT_GT(std::abs(a - b), 0.01) << "this test would show nothing";
  const std::string &low = a < b ? one_ : other_, &high = a < b ? other_ : one_;
  // The curve's middle lies between the two scores.
  const double slope = 40, intercept = -slope * (a + b) / 2;
  const auto filter = make(policy_text(fmt::format(", calibration: {{slope: {}, intercept: {}}}, severity: 3", slope, intercept)));
  ASSERT_TRUE(filter) << filter.error().message;
  EXPECT_TRUE((*filter)->slow());
  EXPECT_TRUE(scan(**filter, high, before_).empty());
  const auto found = scan(**filter, low, before_);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].category, "poor");
  EXPECT_EQ(found[0].severity, 3);
  EXPECT_EQ(found[0].span.size(), low.size());
  EXPECT_NEAR(found[0].score, 1 / (1 + std::exp(slope * std::min(a, b) + intercept)), 1e-9);
  EXPECT_TRUE(scan(**filter, " \n", before_).empty());
}

TEST_F(RewardFilter, NothingOfAStreamLeavesBeforeItIsScored) {
  static const ManualClock clock;
  for (const double bias : {50., -50.}) {
    const auto policy = must(policy_text(fmt::format(", calibration: {{slope: 1, intercept: {}}}", bias)));
    const auto model = std::shared_ptr<const model::ScoringModel>(model::ScoringModel::open(options_).value());
    const auto guard = guard::Guard::create(policy, factory(model), environment(policy.get()), clock);
    ASSERT_TRUE(guard) << guard.error().message;
    guard::Turn turn{{}, std::make_shared<guard::Conversation>(Key{})};
    turn.messages = before_;
    EXPECT_EQ(guard::check_stream_invariance(**guard, turn, one_, 2, 7), "") << bias;
  }
}

TEST_F(RewardFilter, WithoutAConversationThereIsNothingToScore) {
  const auto filter = make(policy_text("")).value();
  guard::Scope scope;
  scope.direction = policy::Direction::kOutput;
  std::vector<guard::Finding> out;
  const auto done = filter->scan(text::Views("a reply"), scope, out);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::kUnavailable);
}

TEST_F(RewardFilter, WhatIsWiredWrongIsSaidWithItsPlace) {
  EXPECT_EQ(error(policy_text("")), "");
  EXPECT_THAT(error(policy_text("", "on: [input, output]")), HasSubstr("on: [output]"));
  EXPECT_THAT(error(policy_text("", "on: [output]", "")), HasSubstr("deadline_ms: 20000"));
  EXPECT_THAT(error(policy_text(", report: 2")), HasSubstr("report is from 0 to 1"));
  EXPECT_THAT(error(policy_text(", adapter: nowhere.gguf")), HasSubstr("nowhere.gguf"));
  EXPECT_THAT(error(policy_text(", model: demo")), HasSubstr("model"));
  EXPECT_THAT(error(policy_text(", adapter: head.gguf")), HasSubstr("without an adapter"));
  replace_heads(std::string(64, '0'), {});
  EXPECT_THAT(error(policy_text("")), HasSubstr("another base"));
  replace_heads(base_sha256(), {"spam"});
  EXPECT_THAT(error(policy_text("")), HasSubstr("kind: llm-classifier"));
}

}  // namespace
}  // namespace steward::filters
