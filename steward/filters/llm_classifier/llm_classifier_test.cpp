#include "steward/filters/llm_classifier/llm_classifier.h"

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
policy: {id: classified, version: 1.0.0, owner: a@example.org}
applies: {audience: [general], languages: [en], surfaces: [chat]}
categories:
  - {id: sales, definition: Is about sales., disposition: prohibited}
  - {id: sports, definition: Is about sports., disposition: prohibited}
filters:
  - {name: topics, kind: llm-classifier, on: [input, output], DEADLINE config: {base: BASE, head: heads.gguf, threads: 1 MORE}}
)";

class LlmClassifierFilter : public testing::ScoringFiles {
 protected:
  LlmClassifierFilter() : ScoringFiles(kPolicy, make_llm_classifier, "heads.gguf", {"buys", "plays"}) {}
  std::string policy_text(const std::string& more, const std::string& deadline = "deadline_ms: 60000,") const {
    return filled({{"DEADLINE", deadline}, {" MORE", more}});
  }

  const std::string one_ = "Half price today, come and buy.", other_ = "They won three games in a row.";
};

std::vector<guard::Finding> scan(const guard::Filter& filter, std::string_view text) {
  std::vector<guard::Finding> out;
  const auto done = filter.scan(text::Views(text), guard::Scope{}, out);
  EXPECT_TRUE(done) << done.error().message;
  return out;
}

TEST_F(LlmClassifierFilter, FindsLabelsWhoseCalibratedProbabilityIsHigh) {
  const auto model = model::ScoringModel::open(options_).value();
  ASSERT_EQ(model->labels(), (std::vector<std::string>{"buys", "plays"}));
  const double a = model->classify(one_)->at(1), b = model->classify(other_)->at(1);
  ASSERT_GT(std::abs(a - b), 0.01) << "this test would show nothing";
  EXPECT_NE(model->classify(one_)->at(0), a) << "each label has a head of its own";
  const std::string &high = a > b ? one_ : other_, &low = a > b ? other_ : one_;
  const double slope = 40, intercept = -slope * (a + b) / 2;  // the curve's middle lies between the two
  const auto filter = make(policy_text(fmt::format(
      ", labels: [{{label: plays, category: sports, severity: 3, calibration: {{slope: {}, intercept: {}}}}}]", slope, intercept)));
  ASSERT_TRUE(filter) << filter.error().message;
  EXPECT_TRUE((*filter)->slow());
  EXPECT_TRUE(scan(**filter, low).empty());
  const auto found = scan(**filter, high);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].category, "sports");
  EXPECT_EQ(found[0].subtype, "plays");
  EXPECT_EQ(found[0].severity, 3);
  EXPECT_EQ(found[0].span.size(), high.size());
  EXPECT_NEAR(found[0].score, 1 / (1 + std::exp(-(slope * std::max(a, b) + intercept))), 1e-9);
  EXPECT_TRUE(scan(**filter, " \n").empty());
  // Signs that are not seen change what the model reads: the finding comes from what they stand between.
  std::string disguised;
  for (const char c : high) disguised += std::string(1, c) + "\u200b";
  const double plain = model->classify(text::Views(disguised).repaired().text())->at(1);
  ASSERT_NE(model->classify(disguised)->at(1), plain);
  const auto all = make(policy_text(", labels: [{label: plays, category: sports, report: 0}]")).value();
  EXPECT_NEAR(scan(*all, disguised).at(0).score, 1 / (1 + std::exp(-std::max(plain, model->classify(disguised)->at(1)))), 1e-9);
}

TEST_F(LlmClassifierFilter, OfALongTextEachLabelHasItsHighestWindow) {
  model::ScoringOptions options = options_;
  options.context_tokens = 16;
  const auto narrow = model::ScoringModel::open(options).value();
  const std::string text = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen. " + one_;
  const auto all = narrow->classify(text).value();
  const auto wide = model::ScoringModel::open(options_).value()->classify(text).value();
  EXPECT_NE(all[0], wide[0]);
  EXPECT_TRUE(std::isfinite(all[0]) && std::isfinite(all[1]));
  const auto empty = narrow->classify("");
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().code, ErrorCode::kInvalidInput);
  EXPECT_FALSE(narrow->score({{"user", "a", {}}, {"assistant", "b", {}}})) << "they are no reward";
}

TEST_F(LlmClassifierFilter, NothingOfAStreamLeavesBeforeItIsRead) {
  static const ManualClock clock;
  for (const double bias : {50., -50.}) {
    const auto policy =
        must(policy_text(fmt::format(", labels: [{{label: buys, category: sales, calibration: {{slope: 1, intercept: {}}}}}]", bias)));
    const auto model = std::shared_ptr<const model::ScoringModel>(model::ScoringModel::open(options_).value());
    const auto guard = guard::Guard::create(policy, factory(model), environment(policy.get()), clock);
    ASSERT_TRUE(guard) << guard.error().message;
    guard::Turn turn{{}, std::make_shared<guard::Conversation>(Key{})};
    EXPECT_EQ(guard::check_stream_invariance(**guard, turn, one_, 2, 7), "") << bias;
  }
}

TEST_F(LlmClassifierFilter, WhatIsWiredWrongIsSaidWithItsPlace) {
  const std::string good = ", labels: [{label: buys, category: sales}]";
  EXPECT_EQ(error(policy_text(good)), "");
  EXPECT_THAT(error(policy_text(good, "")), HasSubstr("deadline_ms: 20000"));
  EXPECT_THAT(error(policy_text("")), HasSubstr("buys, plays"));
  EXPECT_THAT(error(policy_text(", labels: [{label: sells, category: sales}]")), HasSubstr("it has: buys, plays"));
  EXPECT_THAT(error(policy_text(", labels: [{label: buys}]")), HasSubstr("`category`"));
  EXPECT_THAT(error(policy_text(", labels: [{label: buys, category: sales, report: 2}]")), HasSubstr("report is from 0 to 1"));
  replace_heads(std::string(64, '0'), {"buys"});
  EXPECT_THAT(error(policy_text(good)), HasSubstr("another base"));
  replace_heads(base_sha256(), {});
  EXPECT_THAT(error(policy_text(good)), HasSubstr("kind: reward"));
}

}  // namespace
}  // namespace steward::filters
