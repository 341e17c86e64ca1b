#include <algorithm>
#include <random>

#include "steward/policy/check.h"
#include "steward/policy/crosswalk.h"
#include "steward/policy/explain.h"
#include "steward/policy/policy_tests.h"
#include "steward/policy/testing/policy_files.h"

namespace steward::policy {
namespace {

class Resolve : public testing::PolicyFiles {
 protected:
  static constexpr char kHead[] = "policy: {id: p, version: 1.0.0, owner: a@example.org}\n";
  static constexpr char kSupport[] =
      "canned: [{id: help, owner: o, why: w, review_by: 2030-01-01, retire_when: never, supportive: true, reply: {en: hi}}]\n";
  static Ruling rule(const Policy& policy, const Context& context, std::string_view category, std::string_view subtype = "",
                     int severity = 2, double score = 1, Direction direction = Direction::kInput) {
    return policy.plan(context)->rule({category, subtype, severity, score, direction});
  }
};

TEST_F(Resolve, DispositionsHaveDefaultActions) {
  const auto policy = must(std::string(kHead) +
                           "categories:\n  - {id: a, disposition: allowed}\n  - {id: l, disposition: limited}\n  - {id: p, disposition: "
                           "{default: prohibited, by_subtype: {news: allowed}}}\n");
  EXPECT_EQ(rule(*policy, {}, "a").action, Action::kPass);
  EXPECT_EQ(rule(*policy, {}, "l").action, Action::kLog);
  EXPECT_EQ(rule(*policy, {}, "p").action, Action::kBlock);
  EXPECT_TRUE(rule(*policy, {}, "p").violation);
  EXPECT_FALSE(rule(*policy, {}, "p", "", 2, 1, Direction::kOutput).violation) << "what the model says is not the user's";
  EXPECT_EQ(rule(*policy, {}, "p", "news").action, Action::kPass);
  EXPECT_EQ(rule(*policy, {}, "unheard-of").action, Action::kLog);
}

TEST_F(Resolve, EnforcementBySeverityAndDirection) {
  const auto policy = must(std::string(kHead) +
                           "categories:\n  - {id: a, disposition: limited, enforce: [{severity: 1, action: rewrite, direction: output}, "
                           "{severity: 3, action: block, review: required}]}\n");
  EXPECT_EQ(rule(*policy, {}, "a", "", 3).action, Action::kBlock);
  EXPECT_TRUE(rule(*policy, {}, "a", "", 3).review);
  EXPECT_EQ(rule(*policy, {}, "a", "", 2).action, Action::kLog) << "the rewrite is for output";
  EXPECT_EQ(rule(*policy, {}, "a", "", 2, 1, Direction::kOutput).action, Action::kRewrite);
  EXPECT_EQ(rule(*policy, {}, "a", "", 0, 1, Direction::kOutput).action, Action::kLog);
}

TEST_F(Resolve, ACannedReplyIsNamedByTheRuleThatGivesIt) {
  const auto policy = must(std::string(kHead) + kSupport +
                           "categories:\n  - {id: a, disposition: limited, enforce: [{severity: 0, direction: input, action: canned, "
                           "reply: help}]}\n");
  EXPECT_EQ(rule(*policy, {}, "a", "", 0).action, Action::kCanned);
  EXPECT_EQ(rule(*policy, {}, "a", "", 0).reply, "help");
  EXPECT_FALSE(rule(*policy, {}, "a", "", 0).violation);
  EXPECT_EQ(rule(*policy, {}, "a", "", 0, 1, Direction::kOutput).reply, "") << "the output is only logged";
}

TEST_F(Resolve, ThresholdsByDirectionAndLanguage) {
  const auto policy = must(std::string(kHead) +
                           "categories:\n  - {id: a, disposition: prohibited, detect: {input: {act: 0.9}, output: {act: 0.7}, languages: "
                           "{hi: {act: 0.6}}}}\n  - {id: b, disposition: prohibited}\n");
  Context hindi;
  hindi.language = "hi";
  EXPECT_EQ(rule(*policy, {}, "a", "", 2, 0.89).action, Action::kPass);
  EXPECT_EQ(rule(*policy, {}, "a", "", 2, 0.9).action, Action::kBlock);
  EXPECT_EQ(rule(*policy, {}, "a", "", 2, 0.71, Direction::kOutput).action, Action::kBlock);
  EXPECT_EQ(rule(*policy, hindi, "a", "", 2, 0.61).action, Action::kBlock);
  EXPECT_EQ(rule(*policy, {}, "b", "", 2, 0.49).action, Action::kPass);
  EXPECT_EQ(rule(*policy, {}, "b", "", 2, 0.5).action, Action::kBlock);
}

TEST_F(Resolve, BudgetsLeaveTheThresholdToTheFilter) {
  const auto policy = must(std::string(kHead) +
                           "categories:\n  - {id: a, disposition: prohibited, detect: {fpr_budget: 0.01, output: {fpr_budget: 0.002}, "
                           "languages: {hi: {fpr_budget: 0.05}}}}\n  - {id: b, disposition: prohibited, detect: {input: {act: 0.9}}}\n");
  EXPECT_EQ(policy->fpr_budget("a", Direction::kInput, "en"), 0.01);
  EXPECT_EQ(policy->fpr_budget("a", Direction::kOutput, "en"), 0.002);
  EXPECT_EQ(policy->fpr_budget("a", Direction::kOutput, "hi"), 0.05);
  EXPECT_EQ(policy->fpr_budget("b", Direction::kInput, "en"), std::nullopt);
  const auto plan = policy->plan({});
  EXPECT_EQ(plan->rule({"a", "", 2, 0.2, Direction::kInput, 0.1}).action, Action::kBlock);
  EXPECT_EQ(plan->rule({"a", "", 2, 0.2, Direction::kInput, 0.3}).action, Action::kPass);
  EXPECT_EQ(plan->rule({"b", "", 2, 0.8, Direction::kInput, 0.1}).action, Action::kPass) << "a score that the policy names wins";
}

/// The strictest of all that match, in whatever order they stand.
TEST_F(Resolve, TheStrictestOverrideWinsInAnyOrder) {
  std::vector<std::string> overrides = {
      "{when: {age_band: [u13, unknown]}, disposition: prohibited}", "{when: {jurisdiction: [DE]}, disposition: limited}",
      "{when: {language: [de]}, disposition: allowed}", "{when: {surface: [api], audience: [general]}, disposition: limited}",
      "{when: {subtype: [x]}, disposition: prohibited}"};
  std::mt19937 random(3);
  for (int round = 0; round < 12; ++round) {
    std::shuffle(overrides.begin(), overrides.end(), random);
    std::string text = std::string(kHead) + "categories:\n  - id: a\n    disposition: allowed\n    overrides:\n";
    for (const std::string& one : overrides) text += "      - " + one + "\n";
    const auto policy = must(text);
    Context adult;
    adult.age_band = "18+";
    EXPECT_EQ(rule(*policy, {}, "a").action, Action::kBlock) << "an unknown age counts";
    EXPECT_EQ(rule(*policy, adult, "a").action, Action::kPass);
    EXPECT_EQ(rule(*policy, adult, "a", "x").action, Action::kBlock);
    Context german = adult;
    german.jurisdiction = "DE";
    german.language = "de";
    EXPECT_EQ(rule(*policy, german, "a").action, Action::kLog) << "limited is stricter than allowed";
    Context api = adult;
    api.surface = "api";
    EXPECT_EQ(rule(*policy, api, "a").action, Action::kLog);
  }
}

/// A user at risk gets support whatever an override, a child or a severity says.
TEST_F(Resolve, FloorsHold) {
  const std::string parent = std::string(kHead) + kSupport +
                             "categories:\n  - {id: s, disposition: prohibited, at_risk: [intent], support: help, enforce: [{severity: 0, "
                             "action: block}], overrides: [{when: {age_band: [u13, unknown]}, disposition: prohibited}]}\n";
  write("parent.yaml", parent);
  const std::string child = "policy: {id: c, version: 1.0.0, owner: o, extends: parent.yaml}\n";
  for (const std::string& more :
       {std::string(), std::string("categories: [{id: s, enforce: [{severity: 0, action: block, review: required}]}]\n"),
        std::string("categories: [{id: s, at_risk: [disclosure]}]\n")}) {
    const auto policy = must(child + more);
    for (const char* age : {"u13", "16-17", "18+", "unknown"})
      for (int severity = 0; severity <= 3; ++severity) {
        Context context;
        context.age_band = age;
        const Ruling ruling = rule(*policy, context, "s", "intent", severity);
        EXPECT_EQ(ruling.action, Action::kCanned);
        EXPECT_TRUE(ruling.supportive);
        EXPECT_FALSE(ruling.violation);
        EXPECT_EQ(ruling.reply, "help");
      }
  }
  EXPECT_EQ(rule(*must(child), {}, "s", "instructions").action, Action::kBlock);
}

TEST_F(Resolve, AChildMayTightenAndNeverRelax) {
  write("parent.yaml", std::string(kHead) + kSupport +
                           "categories:\n  - {id: s, disposition: prohibited, at_risk: [intent], support: help}\n  - {id: r, disposition: "
                           "prohibited, relaxable: true}\n"
                           "  - {id: t, disposition: {default: prohibited, by_subtype: {news: limited}}, detect: {output: {act: 0.7}}, "
                           "enforce: [{severity: 1, action: block}]}\n");
  const std::string child = "policy: {id: c, version: 1.0.0, owner: o, extends: parent.yaml}\n";
  for (const char* relaxed :
       {"{id: s, disposition: limited}", "{id: s, disposition: limited, relaxable: true}",
        "{id: t, disposition: {by_subtype: {news: allowed}}}", "{id: t, disposition: {by_subtype: {satire: allowed}}}",
        "{id: t, detect: {output: {act: 0.8}}}", "{id: s, detect: {input: {act: 0.99}}}", "{id: s, detect: {languages: {de: {act: 0.9}}}}",
        "{id: t, enforce: [{severity: 0, action: log}]}"}) {
    const std::string found = error(child + "categories: [" + relaxed + "]\n");
    EXPECT_NE(found.find("relax"), std::string::npos) << relaxed << " " << found;
    EXPECT_NE(found.find("parent.yaml:"), std::string::npos) << "it names the line it relaxes: " << found;
  }
  for (const char* fine :
       {"{id: r, disposition: allowed}", "{id: t, detect: {output: {act: 0.6}}}", "{id: t, enforce: [{severity: 0, action: block}]}",
        "{id: t, disposition: {by_subtype: {news: prohibited}}}", "{id: s, detect: {languages: {de: {act: 0.3}}}}"})
    EXPECT_EQ(error(child + "categories: [" + fine + "]\n"), "") << fine;
}

TEST_F(Resolve, ExplainNamesTheLineThatDecided) {
  const auto policy = must(std::string(kHead) +
                           "categories:\n  - id: a\n    disposition: allowed\n    overrides:\n      - {when: {jurisdiction: [DE]}, "
                           "disposition: prohibited, reason: the law}\n");
  Context german;
  german.jurisdiction = "DE";
  const std::string there = explain(*policy, german, {"a", "", 2, 1, Direction::kInput});
  EXPECT_NE(there.find("block"), std::string::npos);
  EXPECT_NE(there.find("p.yaml:6:"), std::string::npos) << there;
  EXPECT_NE(there.find("the law"), std::string::npos);
  const std::string elsewhere = explain(*policy, {}, {"a", "", 2, 1, Direction::kInput});
  EXPECT_NE(elsewhere.find("pass"), std::string::npos);
  EXPECT_NE(elsewhere.find("p.yaml:4:"), std::string::npos) << elsewhere;
}

TEST_F(Resolve, DiffSaysWhatChangesAndNothingElse) {
  const std::string text = std::string(kHead) + kSupport +
                           "categories:\n  - {id: a, disposition: limited, overrides: [{when: {age_band: [u13]}, disposition: "
                           "prohibited}], detect: {languages: {de: {act: 0.4}}}}\n  - {id: b, disposition: allowed}\n";
  const auto before = must(text, "before.yaml");
  EXPECT_TRUE(diff(*before, *must(text + "# a comment\n", "after.yaml")).empty());
  const struct {
    const char* from;
    const char* to;
    const char* word;
  } kChanges[] = {{"limited,", "prohibited,", "becomes prohibited"}, {"[u13]", "[u13, 13-15]", "override"}, {"0.4", "0.3", "threshold"},
                  {"{id: b, ", "{id: c, ", "category 'c' is new"},   {"en: hi", "en: ho", "help"},          {"1.0.0", "1.0.1", "version"}};
  for (const auto& [from, to, word] : kChanges) {
    std::string changed = text;
    changed.replace(changed.find(from), std::string(from).size(), to);
    const auto lines = diff(*before, *must(changed, "after.yaml"));
    ASSERT_FALSE(lines.empty()) << to;
    EXPECT_LE(lines.size(), 2u) << to;
    EXPECT_TRUE(std::any_of(lines.begin(), lines.end(), [&](const std::string& line) { return line.find(word) != std::string::npos; }))
        << to << ": " << lines[0];
  }
}

TEST_F(Resolve, TheDigestFollowsTheFiles) {
  const std::string text = std::string(kHead) + "categories: []\n";
  EXPECT_EQ(must(text)->digest(), must(text)->digest());
  EXPECT_NE(must(text)->digest(), must(text + "\n")->digest());
}

CheckOptions today() {
  CheckOptions out;
  out.today_days = 20'800;  // December 2026
  return out;
}

TEST_F(Resolve, CheckWantsEvidenceForEveryDeclaredLanguage) {
  const std::string text = std::string(kHead) + "applies: {languages: [en, hi]}\ncategories: [{id: a, disposition: prohibited}]\n";
  const auto errors = [&](const std::string& more) {
    int count = 0;
    const auto policy = must(text + more);
    for (const Problem& problem : check(*policy, today())) count += problem.level == Level::kError;
    return count;
  };
  EXPECT_EQ(errors(""), 2);
  EXPECT_EQ(errors("filters: [{name: f, kind: lexicon, evidence: [{category: a, languages: [en], source: s}]}]\n"), 1);
  EXPECT_EQ(errors("filters: [{name: f, kind: lexicon, evidence: [{category: a, languages: ['*'], source: s}]}]\n"), 0);
  EXPECT_EQ(errors("filters: [{name: f, kind: lexicon, shadow: true, evidence: [{category: a, languages: ['*'], source: s}]}]\n"), 2)
      << "a filter in shadow decides nothing";
  EXPECT_EQ(errors("accepts_gap: [{category: a, language: '*', why: w, until: 2027-06-30}]\n"), 0);
  EXPECT_EQ(errors("accepts_gap: [{category: a, language: hi, why: w, until: 2027-06-30}]\n"), 1);
  EXPECT_EQ(errors("accepts_gap: [{category: b, language: '*', why: w, until: 2027-06-30}]\n"), 2) << "another category";
  EXPECT_EQ(errors("accepts_gap: [{category: a, language: '*', why: w, until: 2026-01-01}]\n"), 2) << "until then, no longer";
}

TEST_F(Resolve, CheckDerivesLanguagesFromPlaces) {
  const auto policy = must(std::string(kHead) + "applies: {jurisdictions: [CH]}\ncategories: [{id: a, disposition: prohibited}]\n");
  std::string all;
  for (const Problem& problem : check(*policy, today())) all += problem.words + "\n";
  for (const char* language : {"'de'", "'fr'", "'it'"}) EXPECT_NE(all.find(language), std::string::npos) << all;
}

TEST_F(Resolve, CheckWantsAnInternationalDirectory) {
  const std::string text =
      std::string(kHead) + kSupport + "categories: [{id: s, disposition: limited, at_risk: [intent], support: help}]\n";
  const auto first = [&](const std::string& more) {
    const auto problems = check(*must(text + more), today());
    return problems.empty() ? std::string() : problems[0].words;
  };
  EXPECT_NE(first("").find("\"*\""), std::string::npos);
  EXPECT_EQ(first("resources: [{topic: s, place: '*', name: n, contact: c, verified: 2026-01-01, expires: 2027-01-01}]\n"), "");
  EXPECT_NE(first("resources: [{topic: s, place: '*', name: n, contact: c, verified: 2025-01-01, expires: 2026-01-01}]\n"), "")
      << "expired";
}

TEST_F(Resolve, TestsOfThePolicyTell) {
  const auto policy = must(std::string(kHead) +
                           "categories: [{id: a, disposition: prohibited}]\ntests:\n  - {name: good, category: a, expect: block}\n  - "
                           "{name: bad, category: a, expect: pass}\n  - {name: text, text: hello, expect: log}\n");
  const auto outcomes = run_tests(*policy, [](const Context&, Direction, std::string_view) { return Observed{Action::kLog, false, {}}; });
  ASSERT_TRUE(outcomes);
  ASSERT_EQ(outcomes->size(), 3u);
  EXPECT_TRUE((*outcomes)[0].passed);
  EXPECT_FALSE((*outcomes)[1].passed);
  EXPECT_NE((*outcomes)[1].words.find("expected pass, got block"), std::string::npos) << (*outcomes)[1].words;
  EXPECT_TRUE((*outcomes)[2].passed);
}

TEST_F(Resolve, ShippedPoliciesPassTheirCheck) {
  for (const char* name : {"base", "general-assistant", "teen", "health"}) {
    const auto policy = Policy::load(std::string(STEWARD_SOURCE_DIR) + "/policies/" + name + ".yaml", {STEWARD_SOURCE_DIR "/policies"});
    ASSERT_TRUE(policy) << policy.error().message;
    for (const Problem& problem : check(**policy, today()))
      EXPECT_NE(problem.level, Level::kError) << name << " " << yaml::to_string(problem.where) << " " << problem.words;
  }
}

TEST_F(Resolve, TheCrosswalkMapsOurNames) {
  const auto crosswalk = Crosswalk::load(STEWARD_SOURCE_DIR "/policies/crosswalk.sssom.tsv");
  ASSERT_TRUE(crosswalk) << crosswalk.error().message;
  const auto base = Policy::load(STEWARD_SOURCE_DIR "/policies/base.yaml", {STEWARD_SOURCE_DIR "/policies"}).value();
  for (const auto& mapping : crosswalk->mappings()) {
    const std::string category =
        mapping.subject.find("advice.") == 0 ? mapping.subject : mapping.subject.substr(0, mapping.subject.find('.'));
    const auto& ids = base->category_ids();
    EXPECT_NE(std::find(ids.begin(), ids.end(), category), ids.end()) << mapping.subject;
  }
  EXPECT_EQ(crosswalk->codes("openai", "self_harm", "intent").front(), "self-harm/intent");
  EXPECT_TRUE(crosswalk->codes("openai", "none", "").empty());
  EXPECT_TRUE(crosswalk->codes("nobody", "hate", "").empty());
  const auto broken = Crosswalk::load(write("bad.tsv", "subject_id\tpredicate_id\tobject_id\nsteward:hate\tskos:exactMatch\tnothing\n"));
  ASSERT_FALSE(broken);
  EXPECT_NE(broken.error().message.find("bad.tsv:2"), std::string::npos);
}

}  // namespace
}  // namespace steward::policy
