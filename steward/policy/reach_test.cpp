#include <gtest/gtest.h>

#include "steward/policy/check.h"
#include "steward/policy/testing/policy_files.h"

namespace steward::policy {
namespace {

constexpr char kPolicy[] = R"(
policy: {id: p, version: 1.0.0, owner: a@example.org}
applies: {languages: [en, de, it]}
categories:
  - {id: hate, definition: d, disposition: prohibited}
  - {id: weapons, definition: d, disposition: prohibited}
  - {id: ip, definition: d, disposition: limited}
filters:
  - {name: learned, kind: classifier, config: {}%s}
accepts_gap: [{category: "*", language: "*", why: none, until: 2099-01-01}]
)";

class Reach : public testing::PolicyFiles {
 protected:
  /// Problems with the models of a filter that has a head for hate, in English, and figures for something in German.
  std::string problems(const std::string& more) const {
    std::string text = kPolicy;
    text.replace(text.find("%s"), 2, more);
    CheckOptions options;
    options.reaches = {{"learned", {"de", "en"}, {{"hate", {"en"}}, {"weapons", {}}, {"ip", {}}, {"not_of_the_policy", {}}}}};
    std::string all;
    for (const Problem& problem : check(*must(text), options))
      all += (problem.level == Level::kError ? "error: " : "warning: ") + problem.words + "\n";
    return all;
  }
};

TEST_F(Reach, HeadsAndLanguagesThatAreMissingAreSaid) {
  EXPECT_EQ(problems(""),
            "warning: the models of 'learned' have no head for weapons (too few rows to show that one works): only other filters look for "
            "that\n"
            "warning: in 'de' nothing shows that the models of 'learned' find hate\n"
            "warning: the models of 'learned' have no figures in 'it': such texts are announced as language_uncovered\n");
}

TEST_F(Reach, EvidenceThatTheModelsDoNotBearIsAnError) {
  const std::string bad = problems(", evidence: [{category: [hate, weapons], languages: [en, de], source: s}]");
  EXPECT_NE(bad.find("error: 'learned' is named as evidence for 'hate' in 'de', and its models were measured on it in en alone"),
            std::string::npos)
      << bad;
  EXPECT_NE(bad.find("error: 'learned' is named as evidence for 'weapons' in 'en', and its models have no head for it"), std::string::npos);
  EXPECT_EQ(bad.find("for 'hate' in 'en'"), std::string::npos);
  EXPECT_NE(problems(", evidence: [{category: hate, languages: [\"*\"], source: s}]").find("for 'hate' in '*'"), std::string::npos);
  EXPECT_EQ(problems(", evidence: [{category: hate, languages: [en], source: s}]").find("error"), std::string::npos);
}

}  // namespace
}  // namespace steward::policy
