#include <random>

#include "steward/policy/testing/policy_files.h"

namespace steward::policy {
namespace {

class Parse : public testing::PolicyFiles {};

constexpr char kHead[] = "policy: {id: p, version: 1.0.0, owner: a@example.org}\n";

TEST_F(Parse, MistakesHavePlacesAndSayWhatToWrite) {
  const struct {
    const char* body;  // behind kHead, from line 2 on
    const char* place;
    const char* hint;
  } kCases[] = {
      {"categorys: []\n", "2:1", "categories"},
      {"applies: {langs: [en]}\n", "2:11", "languages"},
      {"applies: {languages: [English]}\n", "2:23", "BCP 47"},
      {"applies: {jurisdictions: [Germany]}\n", "2:27", "ISO 3166-1"},
      {"categories:\n  - {definition: x}\n", "3:6", "id"},
      {"categories:\n  - {id: a}\n", "3:6", "allowed | limited | prohibited"},
      {"categories:\n  - {id: a, disposition: forbidden}\n", "3:26", "allowed | limited | prohibited"},
      {"categories:\n  - {id: a, disposition: allowed}\n  - {id: a, disposition: allowed}\n", "4:10", "twice"},
      {"categories:\n  - {id: a, disposition: {standard: allowed}}\n", "3:27", "default"},
      {"categories:\n  - {id: a, disposition: allowed, dispositon: limited}\n", "3:35", "disposition"},
      {"categories:\n  - {id: a, disposition: allowed, enforce: [{severity: 4, action: log}]}\n", "3:56", "0, 1, 2 or 3"},
      {"categories:\n  - {id: a, disposition: allowed, enforce: [{severity: high, action: log}]}\n", "3:56", "number"},
      {"categories:\n  - {id: a, disposition: allowed, enforce: [{severity: 1}]}\n", "3:46", "action"},
      {"categories:\n  - {id: a, disposition: allowed, enforce: [{action: explode}]}\n", "3:54", "rewrite"},
      {"categories:\n  - {id: a, disposition: allowed, enforce: [{action: log, direction: sideways}]}\n", "3:70", "input"},
      {"categories:\n  - {id: a, disposition: allowed, enforce: [{action: log, review: maybe}]}\n", "3:67", "required"},
      {"categories:\n  - {id: a, disposition: limited, enforce: [{action: log, reply: c}]}\n", "3:66", "canned"},
      {"categories:\n  - {id: a, disposition: limited, enforce: [{action: canned, reply: c}]}\n", "3:46", "not in `canned`"},
      {"categories:\n  - {id: a, disposition: allowed, detect: {input: {act: 1.5}}}\n", "3:57", "0 to 1"},
      {"categories:\n  - {id: a, disposition: allowed, detect: {input: {at: 1}}}\n", "3:52", "act"},
      {"categories:\n  - {id: a, disposition: allowed, detect: {input: {}}}\n", "3:", "act"},
      {"categories:\n  - {id: a, disposition: allowed, overrides: [{disposition: limited}]}\n", "3:48", "when"},
      {"categories:\n  - {id: a, disposition: allowed, overrides: [{when: {age: [u13]}, disposition: limited}]}\n", "3:55", "age_band"},
      {"categories:\n  - {id: a, disposition: allowed, overrides: [{when: {age_band: [u12]}, disposition: limited}]}\n", "3:66", "u13"},
      {"categories:\n  - {id: a, disposition: allowed, overrides: [{when: {jurisdiction: [de]}, disposition: limited}]}\n", "3:70",
       "ISO 3166-1"},
      {"categories:\n  - {id: a, disposition: allowed, overrides: [{when: {language: en-GB}, disposition: limited}]}\n", "3:65", "BCP 47"},
      {"categories:\n  - {id: a, disposition: allowed, at_risk: [intent]}\n", "3:6", "support"},
      {"categories:\n  - {id: a, disposition: allowed, at_risk: [intent], support: none}\n", "3:6", "canned"},
      {"filters:\n  - {kind: lexicon}\n", "3:6", "name"},
      {"filters:\n  - {name: x}\n", "3:6", "kind"},
      {"filters:\n  - {name: x, kind: lexicon, on: [inputs]}\n", "3:", "input"},
      {"filters:\n  - {name: x, kind: lexicon, fail: ajar}\n", "3:", "closed"},
      {"filters:\n  - {name: x, kind: lexicon, stream: never}\n", "3:", "hold"},
      {"filters:\n  - {name: x, kind: lexicon, evidence: [{categories: a}]}\n", "3:", "category"},
      {"filters:\n  - {name: x, kind: lexicon, shadow: maybe}\n", "3:", "true"},
      {"canned:\n  - {id: c, why: x}\n", "3:6", "needs"},
      {"canned:\n  - {id: c, owner: o, why: w, review_by: soon, retire_when: r, reply: {en: hi}}\n", "3:", "2027-06-30"},
      {"resources:\n  - {topic: t, place: DE, name: n, contact: c, verified: 2026-01-01}\n", "3:6", "expires"},
      {"notices:\n  - {id: n, when: [sometimes], text: {en: hi}}\n", "3:", "before_first_input"},
      {"notices:\n  - {id: n, when: [in_reply]}\n", "3:6", "text"},
      {"prompting:\n  - {id: r}\n", "3:6", "add"},
      {"prompting:\n  - {id: r, add: {tone: kind}, probability: 2}\n", "3:", "0 to 1"},
      {"refusals: {default: no}\n", "2:21", "language"},
      {"accepts_gap: [{category: a, why: w, until: 2027-01-01}]\n", "2:16", "language"},
      {"accepts_gap: [{category: a, language: en, why: w, until: later}]\n", "2:", "2027-06-30"},
      {"categories: &x []\nfilters: *x\n", "3:11", "aliases"},
      {"categories: []\ncategories: []\n", "3:1", "twice"},
      {"categories: [\n", "", ""},
      {"\tcategories: []\n", "", ""},
  };
  for (const auto& [body, place, hint] : kCases) {
    const std::string found = error(std::string(kHead) + body);
    EXPECT_TRUE(found.starts_with("p.yaml:" + std::string(place))) << body << "  wanted " << place << ": " << found;
    EXPECT_NE(found.find(hint), std::string::npos) << body << "  wanted '" << hint << "': " << found;
  }
}

TEST_F(Parse, HeadsAndParents) {
  EXPECT_NE(error("applies: {}\n").find("begins with `policy:"), std::string::npos);
  EXPECT_NE(error("policy: {id: p, owner: o}\n").find("`version`"), std::string::npos);
  EXPECT_NE(error("policy: {id: p, version: 1.0.0, owner: o, extends: steward/base}\n").find("steward/base@1"), std::string::npos);
  EXPECT_NE(error("policy: {id: p, version: 1.0.0, owner: o, extends: steward/base@2}\n").find("version 1"), std::string::npos);
  EXPECT_NE(error("policy: {id: p, version: 1.0.0, owner: o, extends: none.yaml}\n").find("none.yaml"), std::string::npos);
  EXPECT_NE(error("policy: {id: p, version: 1.0.0, owner: o, extends: p.yaml}\n").find("circle"), std::string::npos);
  write("parent.yaml", std::string(kHead) + "categories:\n  - {id: a, disposition: wrong}\n");
  EXPECT_TRUE(error("policy: {id: q, version: 1.0.0, owner: o, extends: parent.yaml}\n").starts_with("parent.yaml:3:26"))
      << "the place is the parent's";
  EXPECT_FALSE(Policy::load((folder_ / "missing.yaml").string(), {""}));
  EXPECT_NE(error(std::string("policy: {id: \"\xFF\"}")), "");
  EXPECT_NE(error(""), "");
}

/// Whatever the bytes: a policy, or an error that names a file. Never a crash.
TEST_F(Parse, MutatedFilesNeverCrash) {
  std::mt19937 random(1);
  for (const char* name : {"teen", "health", "general-assistant", "base"}) {
    const std::string text = read_file(std::string(STEWARD_SOURCE_DIR) + "/policies/" + name + ".yaml").value();
    for (int i = 0; i < 150; ++i) {
      std::string mutant = text;
      for (unsigned edits = 1 + random() % 3; edits > 0; --edits) {
        const std::size_t at = random() % mutant.size(), length = 1 + random() % 30;
        switch (random() % 4) {
          case 0:
            mutant.erase(at, length);
            break;
          case 1:
            mutant.insert(at, mutant.substr(random() % mutant.size(), length));
            break;
          case 2:
            mutant[at] = static_cast<char>(random() % 256);
            break;
          default:
            mutant.insert(at, 1, "[]{}:,&*!|>'\"%@`\n\t #-?"[random() % 23]);
            break;
        }
        if (mutant.empty()) mutant = "x";
      }
      const auto loaded = load(mutant);
      if (!loaded) EXPECT_NE(loaded.error().message.find(".yaml"), std::string::npos) << loaded.error().message;
    }
  }
}

}  // namespace
}  // namespace steward::policy
