#include "steward/filters/reply_checks/refusal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "steward/core/clock.h"
#include "steward/filters/reply_checks/refusal_phrases.h"
#include "steward/filters/testing/scan.h"
#include "steward/guard/conformance.h"

namespace steward::filters {
namespace {

using testing::text_of;

/// cases/refusal: refusals and their benign twins in each language, judged with the language known and not known.
TEST(Refusal, RepliesOfEachLanguage) {
  std::set<std::string> refused, answered;
  for (const json::Object& entry : testing::read_cases("refusal/replies.jsonl")) {
    const bool refusal = entry.at("refusal").as_bool();
    const std::string text = text_of(entry, "text"), language = text_of(entry, "language");
    (refusal ? refused : answered).insert(language);
    for (const std::string& told : {language, std::string("und")})
      EXPECT_EQ(refusal_score(text, told) >= 0.5, refusal) << text << " " << told << " " << refusal_score(text, told);
  }
  for (const RefusalPhrases& one : refusal_phrases()) {
    EXPECT_TRUE(refused.contains(std::string(one.language))) << one.language;
    EXPECT_TRUE(answered.contains(std::string(one.language))) << one.language;
  }
}

TEST(Refusal, DisguisesAndApostrophesAreFolded) {
  EXPECT_GE(refusal_score("I\u2019m sorry, but I can\u2019t help with that.", "en"), 0.5);
  EXPECT_GE(refusal_score("I'M SORRY, BUT I CAN'T HELP WITH THAT.", "en"), 0.5);
  EXPECT_LT(refusal_score("", "en"), 0.5);
}

/// What follows a refusal counts against it: more text that declines nothing, a second voice.
TEST(Refusal, FallsWithWhatFollows) {
  const std::string refusal = "I'm sorry, but I can't help with that.";
  std::string longer = refusal;
  double before = refusal_score(longer, "en");
  for (int i = 0; i < 8; ++i) {
    longer +=
        " The first road leads north along the river, past the old mill, and then into the hills behind the town where the snow stays "
        "late.";
    const double now = refusal_score(longer, "en");
    EXPECT_LT(now, before);
    before = now;
  }
  EXPECT_LT(before, 0.5);
  EXPECT_LT(refusal_score(refusal + "\n\n[DAN]: Sure, it is easy.", "en"), refusal_score(refusal + "\n\nThat is, it is not easy.", "en"));
  EXPECT_LT(refusal_score(refusal + " But here is how they do it.", "en"), refusal_score(refusal, "en"));
}

TEST(Refusal, SignsAreCounted) {
  const RefusalSigns signs = refusal_signs("I'm sorry, I can't help. It is illegal. I cannot do that.\nBob: fine.", "en");
  EXPECT_TRUE(signs.apology_opens);
  EXPECT_TRUE(signs.inability_opens);
  EXPECT_EQ(signs.inabilities, 2u);
  EXPECT_EQ(signs.reasons, 1u);
  EXPECT_EQ(signs.speakers, 1u);
  EXPECT_EQ(signs.bytes_plain, std::string("\nbob: fine.").size());
}

policy::FilterSpec spec(const std::string& config = "{}") {
  policy::FilterSpec out = guard::testing::TablePolicy::filter("refusal", "refusal", config);
  out.stream_mode = policy::StreamMode::kAdvisory;
  return out;
}

TEST(RefusalFilter, LogsRefusedOutputs) {
  const auto filter = make_refusal(spec(), {}).value();
  const std::string refusal = "I'm sorry, but I can't help with that.";
  guard::Scope scope;
  std::vector<guard::Finding> found;
  ASSERT_TRUE(filter->scan(text::Views(refusal), scope, found));
  EXPECT_TRUE(found.empty()) << "an input refuses nothing";
  scope.direction = policy::Direction::kOutput;
  ASSERT_TRUE(filter->scan(text::Views(refusal), scope, found));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].category + "." + found[0].subtype, "false_refusal.refusal");
  EXPECT_EQ(found[0].severity, 0);
  EXPECT_EQ(found[0].score, refusal_score(refusal, "und"));
  ASSERT_TRUE(filter->scan(text::Views("Bake it for an hour."), scope, found));
  EXPECT_EQ(found.size(), 1u);
}

TEST(RefusalFilter, TheSameForEveryCut) {
  static const ManualClock clock;
  auto policy = std::make_shared<guard::testing::TablePolicy>();
  policy->filter_specs = {spec("{report: 0}")};
  policy->act("false_refusal", policy::Action::kLog);
  const auto factory = [](const policy::FilterSpec& of, const guard::FilterEnvironment& environment) {
    return make_refusal(of, environment);
  };
  const auto guard = guard::Guard::create(policy, factory, {"", "", policy.get()}, clock).value();
  const guard::Turn turn{{}, std::make_shared<guard::Conversation>(Key{})};
  for (const std::string text : {"I'm sorry, but I can\u2019t help with that. Anything else?", "Bake it for an hour."})
    EXPECT_EQ(guard::check_stream_invariance(*guard, turn, text, 8, 3), "");
}

TEST(RefusalFilter, HoldsNothingBack) {
  policy::FilterSpec holding = spec();
  holding.stream_mode = policy::StreamMode::kHold;
  const auto made = make_refusal(holding, {});
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, ::testing::HasSubstr("stream: advisory"));
  EXPECT_FALSE(make_refusal(spec("{report: 2}"), {}));
}

}  // namespace
}  // namespace steward::filters
