#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "steward/eval/metrics/measure.h"
#include "steward/eval/metrics/rouge.h"
#include "steward/eval/metrics/squad.h"

namespace steward::eval {
namespace {

using ::testing::HasSubstr;

using Texts = std::vector<std::string>;

TEST(Rouge, CountsWordsPairsAndTheLongestSubsequence) {
  // 7 and 6 words, 6 in common; 6 and 5 pairs, 4 in common; a subsequence of 6.
  const Rouge scores = rouge("The cat was found under the bed.", "the cat was under the bed");
  EXPECT_DOUBLE_EQ(scores.one.precision, 1);
  EXPECT_DOUBLE_EQ(scores.one.recall, 6.0 / 7);
  EXPECT_DOUBLE_EQ(scores.one.f, 12.0 / 13);
  EXPECT_DOUBLE_EQ(scores.two.f, 8.0 / 11);
  EXPECT_DOUBLE_EQ(scores.longest.f, 12.0 / 13);
}

TEST(Rouge, OrderMattersToTheSubsequenceAlone) {
  const Rouge scores = rouge("police killed the gunman", "the gunman police killed");
  EXPECT_DOUBLE_EQ(scores.one.f, 1);
  EXPECT_DOUBLE_EQ(scores.two.f, 2.0 / 3);  // "police killed" and "the gunman"
  EXPECT_DOUBLE_EQ(scores.longest.f, 0.5);
}

TEST(Rouge, AWordCountsAsOftenAsItStandsInBoth) {
  const Rouge scores = rouge("a b", "a a a a");
  EXPECT_DOUBLE_EQ(scores.one.precision, 0.25);
  EXPECT_DOUBLE_EQ(scores.one.recall, 0.5);
  EXPECT_DOUBLE_EQ(scores.two.f, 0);
}

TEST(Rouge, KnowsNoWordsButLatinOnes) {
  EXPECT_DOUBLE_EQ(rouge("日本語", "日本語").one.f, 0);
  EXPECT_DOUBLE_EQ(rouge("", "x").one.f, 0);
  EXPECT_DOUBLE_EQ(rouge("state-of-the-art", "State of the art!").two.f, 1);
  EXPECT_DOUBLE_EQ(rouge("running quickly", "run quick").one.f, 0);
  EXPECT_DOUBLE_EQ(rouge("ads", "ad", Stemming::kPorter).one.f, 0);  // words up to three letters stay
  EXPECT_DOUBLE_EQ(rouge("jumping", "jumps", Stemming::kPorter).one.f, 1);
}

TEST(Rouge, TakesTheBestReferenceOfEachMeasure) {
  const Rouge scores = best_rouge(Texts{"b a", "a b c d e f"}, "a b");
  EXPECT_DOUBLE_EQ(scores.one.f, 1);        // of the first
  EXPECT_DOUBLE_EQ(scores.two.f, 1.0 / 3);  // of the second: 1 of 1, 1 of 5
  EXPECT_DOUBLE_EQ(best_rouge({}, "a").one.f, 0);
}

TEST(Rouge, IsSymmetricInF) {
  rc::check("f(a, b) == f(b, a), within 0 and 1", [] {
    const auto text = rc::gen::container<std::string>(rc::gen::element('a', 'b', 'c', ' ', '.'));
    const std::string a = *text, b = *text;
    const Rouge one = rouge(a, b), other = rouge(b, a);
    RC_ASSERT(std::abs(one.one.f - other.one.f) < 1e-12);
    RC_ASSERT(std::abs(one.longest.f - other.longest.f) < 1e-12);
    RC_ASSERT(one.longest.f <= one.one.f + 1e-12);
    RC_ASSERT(one.two.f >= 0 && one.two.f <= 1);
  });
}

TEST(Squad, NormalisesAsItsScriptDoes) {
  EXPECT_EQ(normalize_answer("The  Eiffel-Tower, (a) \t Paris!"), "eiffeltower paris");
  EXPECT_EQ(normalize_answer("an apple a day"), "apple day");
  EXPECT_EQ(normalize_answer("theatre banana"), "theatre banana");
  EXPECT_EQ(normalize_answer("l\u2019a b"), "l\u2019 b");  // a curly apostrophe is no ASCII punctuation, but ends a word
  EXPECT_EQ(normalize_answer("\u00c9cole"), "\u00e9cole");
  EXPECT_EQ(normalize_answer("the"), "");
}

TEST(Squad, ScoresTheBestOfTheRightAnswers) {
  const Texts right{"Denver Broncos", "the Broncos of Denver"};
  EXPECT_EQ(score_answer(right, "denver broncos.").exact, 1);
  EXPECT_DOUBLE_EQ(score_answer(right, "the Broncos").f1, 2.0 / 3);            // 1 of 1, 1 of 2
  EXPECT_DOUBLE_EQ(score_answer(right, "Broncos of old Denver").f1, 6.0 / 7);  // 3 of 4, 3 of 3
  EXPECT_EQ(score_answer(right, "Carolina").f1, 0);
  EXPECT_DOUBLE_EQ(score_answer(Texts{"x x"}, "x").f1, 2.0 / 3);
}

TEST(Squad, TheEmptyTextIsRightWhereNothingIs) {
  EXPECT_EQ(score_answer({}, " ").f1, 1);
  EXPECT_EQ(score_answer({}, "something").exact, 0);
  EXPECT_EQ(score_answer(Texts{"x"}, "the").f1, 0);
}

TEST(Labels, AreTheFirstThatTheAnswerNames) {
  const Texts labels{"negative", "positive"};
  EXPECT_EQ(label_named("The sentiment is Positive, not negative.", labels), 1u);
  EXPECT_EQ(label_named("NEGATIVE", labels), 0u);
  EXPECT_FALSE(label_named("I cannot say", labels));
  EXPECT_FALSE(label_named("positively", labels));
}

TEST(Measure, GivesMeansWithIntervalsAndGainsOnTheSameRows) {
  std::vector<Written> base, tuned;
  for (int i = 0; i < 200; ++i) {
    const std::string right = i % 2 ? "positive" : "negative";
    base.push_back({i % 4 == 0 ? "who knows" : "positive", {right}});
    tuned.push_back({i % 10 == 0 ? "positive" : right, {right}});
  }
  const Texts labels{"negative", "positive"};
  const auto before = measure(Task::kLabel, base, labels), after = measure(Task::kLabel, tuned, labels);
  ASSERT_EQ(before.size(), 2u);
  EXPECT_DOUBLE_EQ(before[0].mean.value, 0.5);
  EXPECT_DOUBLE_EQ(before[1].mean.value, 0.75);
  EXPECT_DOUBLE_EQ(after[0].mean.value, 0.9);
  // Within a normal interval's neighbourhood: 0.9 ± 1.96 √(0.9 · 0.1 / 200).
  EXPECT_NEAR(after[0].mean.low, 0.858, 0.015);
  EXPECT_NEAR(after[0].mean.high, 0.942, 0.015);
  EXPECT_NEAR(gain(before[0], after[0]).value, 0.4, 1e-12);
  EXPECT_GT(gain(before[0], after[0]).low, 0.3);
  EXPECT_EQ(gain(before[0], before[0]).high, 0);
  EXPECT_THAT(gain_table(before, after), HasSubstr("| accuracy | 50.0 ("));
  EXPECT_THAT(gain_table(before, after), HasSubstr("| +40.0 (+"));
}

TEST(Measure, KnowsTheMeasuresOfEachTask) {
  const std::vector<Written> rows{{"the cat sat", {"a cat sat"}}};
  const auto answers = measure(Task::kAnswer, rows);
  EXPECT_EQ(answers[0].mean.value, 1);
  EXPECT_EQ(answers[1].mean.low, 1);
  const auto summaries = measure(Task::kSummary, rows);
  EXPECT_EQ(summaries.size(), 3u);
  EXPECT_DOUBLE_EQ(summaries[0].mean.value, 2.0 / 3);
  EXPECT_EQ(measure(Task::kAnswer, {})[0].mean.value, 0);
}

}  // namespace
}  // namespace steward::eval
