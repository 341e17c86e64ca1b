#include "steward/filters/lexicon/lexicon.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <random>

#include "steward/core/files.h"
#include "steward/core/yaml.h"
#include "steward/filters/lexicon/entries.h"
#include "steward/filters/testing/scan.h"

namespace steward::filters {
namespace {

using testing::FilterUnderTest;

/// The lexicon of policies/base.yaml as it is shipped.
const FilterUnderTest& shipped() {
  static const FilterUnderTest filter = [] {
    const yaml::Node root = yaml::parse_file(STEWARD_SOURCE_DIR "/policies/base.yaml").value();
    for (const yaml::Node& node : root.find("filters")->items)
      if (node.find("kind")->as_string().value() == "lexicon")
        return FilterUnderTest(make_lexicon, "lexicon", json::dump(yaml::to_json(*node.find("config"))));
    return FilterUnderTest(make_lexicon, "lexicon", "{lists: []}");
  }();
  return filter;
}

class Lists : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::testing::TempDir() + "/lexicon-" + std::to_string(::getpid());
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void write(const std::string& name, const std::string& text) const { ASSERT_TRUE(write_file_atomic(directory_ + "/" + name, text)); }
  FilterUnderTest filter(const std::string& config) const { return FilterUnderTest(make_lexicon, "lexicon", config, directory_); }
  std::string error(const std::string& config) const { return testing::error_of(make_lexicon, "lexicon", config, directory_); }
  std::string directory_;
};

TEST(Lexicon, LeavesInnocentWordsAlone) {
  for (const json::Object& entry : testing::read_cases("lexicon/innocent.jsonl")) {
    const std::string text = testing::text_of(entry, "text");
    for (const guard::Finding& finding : shipped().scan(text, testing::text_of(entry, "language")))
      ADD_FAILURE() << text << ": " << finding.category << " " << finding.evidence;
  }
}

TEST_F(Lists, WordsEndWhereTheScriptEndsThem) {
  write("list.txt", "ass\ncock\nbanana split\n毒药\nยาพิษ\nnaïve\n");
  const auto list = filter("{lists: [{path: list.txt, category: c}]}");
  EXPECT_EQ(list.spans("An ASS, a c\u043Eck."), (std::vector<std::string>{"ASS", "c\u043Eck"}));
  for (const char* innocent : {"assassin", "class", "cockpit", "peacock", "as s", "bananas splitting"})
    EXPECT_FALSE(list.finds(innocent)) << innocent;
  EXPECT_EQ(list.spans("a BANANA\n split!"), std::vector<std::string>{"BANANA\n split"});
  EXPECT_EQ(list.spans("我要买毒药和水"), std::vector<std::string>{"毒药"}) << "no spaces in Chinese";
  EXPECT_EQ(list.spans("เขาซื้อยาพิษมา"), std::vector<std::string>{"ยาพิษ"}) << "nor in Thai";
  EXPECT_TRUE(list.finds("nai\u0308ve")) << "composed and decomposed";
}

TEST_F(Lists, FindsDisguisesAndLeavesTheirTwinsAlone) {
  write("list.txt", "secret plan\n");
  const auto list = filter("{lists: [{path: list.txt, category: c}]}");
  for (const char* disguised : {"SECRET PLAN", "s3cret pl4n", "ѕесrеt рlаn", "s\u200Becret p\u00ADlan", "ｓｅｃｒｅｔ ｐｌａｎ",
                                "𝓼𝓮𝓬𝓻𝓮𝓽 𝓹𝓵𝓪𝓷", "secret\u00A0plan", "ⓢⓔⓒⓡⓔⓣ plan"})
    EXPECT_TRUE(list.finds(disguised)) << disguised;
  for (const char* twin : {"secrets planned", "a secret of the plan", "secretplan", "ѕесоnd рlаn", "𝓼𝓮𝓬𝓸𝓷𝓭 plan"})
    EXPECT_FALSE(list.finds(twin)) << twin;
}

TEST_F(Lists, InflectsWhereTheListSaysSo) {
  write("list.txt", "stab\tinflect\nbake\tinflect\nkick\n");
  const auto list = filter("{lists: [{path: list.txt, category: c}]}");
  for (const char* hit : {"stab", "stabs", "stabbed", "stabbing", "baking", "bakes", "kick"}) EXPECT_TRUE(list.finds(hit)) << hit;
  for (const char* miss : {"kicks", "kicking", "establish", "bakery"}) EXPECT_FALSE(list.finds(miss)) << miss;
}

TEST_F(Lists, ContextExcusesFlaggedEntriesOnly) {
  write("list.txt", "breast\tmedical\ngrope\n");
  const auto list =
      filter("{lists: [{path: list.txt, category: c}], context: [{allow: [medical], near: [cancer, screening], within_words: 3}]}");
  EXPECT_TRUE(list.finds("a breast"));
  EXPECT_FALSE(list.finds("breast cancer"));
  EXPECT_FALSE(list.finds("screening of the breast"));
  EXPECT_TRUE(list.finds("cancer is one thing, but look at that breast")) << "too far";
  EXPECT_TRUE(list.finds("grope cancer")) << "not flagged";
}

TEST_F(Lists, QuotationsExcuseWhereThePolicySaysSo) {
  write("list.txt", "slurword\n");
  const auto strict = filter("{lists: [{path: list.txt, category: c, flags: [slur]}]}");
  const auto list = filter("{lists: [{path: list.txt, category: c, flags: [slur]}], context: [{allow: [slur], quoted: true}]}");
  for (const char* quoted :
       {"He said \"you slurword\" to me.", "They called me a “slurword” at school.", "« slurword » est une insulte.",
        "„slurword“ ist ein Schimpfwort.", "The word `slurword` hurts.", "She wrote 'slurword, don't talk' on the wall."}) {
    EXPECT_TRUE(strict.finds(quoted)) << quoted;
    EXPECT_FALSE(list.finds(quoted)) << quoted;
  }
  for (const char* used : {"You slurword", "\"Fine\", he said, you slurword", "\"you slurword", "\" slurword and nothing closes it",
                           "'slurword don't talk", "He said \"hello.\" You slurword! \"Bye\""})
    EXPECT_TRUE(list.finds(used)) << used;
}

TEST_F(Lists, StreamsAreCutAnyhow) {
  write("list.txt", "slurword\nbad thing\nbreast\tmedical\nbomb\n");
  write("safe.txt", "bath bomb\n");
  auto list = filter(
      "{lists: [{path: list.txt, category: c, flags: [slur]}], allow: [{path: safe.txt}], context: [{allow: [slur], quoted: true}, "
      "{allow: [medical], near: [cancer], within_words: 3}]}");
  std::mt19937_64 random(5);
  const std::vector<std::string> pieces = {"slurword",
                                           "\"",
                                           " ",
                                           " ",
                                           " ",
                                           ". ",
                                           "\u201C",
                                           "\u201D",
                                           "bad",
                                           "thing",
                                           "b\u0430d\u200B th1ng",
                                           "breast",
                                           "cancer",
                                           "bath",
                                           "bomb",
                                           "don't",
                                           "'",
                                           "\n",
                                           "\u4F60\u597D",
                                           "\U0001F600",
                                           "a long word of no meaning"};
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    std::string text;
    for (int i = 0; i < 40; ++i) text += pieces[random() % pieces.size()];
    for (const auto action : {policy::Action::kBlock, policy::Action::kRewrite, policy::Action::kLog})
      EXPECT_EQ(list.stream_fault(text, action, 12, seed), "") << text;
  }
}

TEST_F(Lists, AllowedPhrasesWin) {
  write("list.txt", "bomb\n");
  write("safe.txt", "bath bomb\n");
  const auto list = filter("{allow: [{path: safe.txt}], lists: [{path: list.txt, category: c}]}");
  EXPECT_FALSE(list.finds("A bath bomb."));
  EXPECT_EQ(list.spans("A bath bomb is no bomb."), std::vector<std::string>{"bomb"});
}

TEST_F(Lists, AListCountsInItsLanguage) {
  write("de.txt", "gift\n");
  const auto list = filter("{lists: [{path: de.txt, language: de, category: c}]}");
  EXPECT_TRUE(list.finds("Gift", "de"));
  EXPECT_FALSE(list.finds("a gift", "en"));
  EXPECT_FALSE(list.finds("a gift", "und"));
}

TEST_F(Lists, EntriesMayDifferFromTheirList) {
  write("list.txt", "# a comment\n\none\ntwo\tseverity=3 subtype=worse\n");
  const auto findings = filter("{lists: [{path: list.txt, category: c, severity: 1}]}").scan("one two");
  ASSERT_EQ(findings.size(), 2u);
  EXPECT_EQ(findings[0].severity, 1);
  EXPECT_EQ(findings[1].severity, 3);
  EXPECT_EQ(findings[1].subtype, "worse");
  for (const auto& finding : findings) EXPECT_EQ(finding.evidence.find("two"), std::string::npos) << "evidence quotes nothing";
}

TEST_F(Lists, ErrorsHavePlaces) {
  write("bad.txt", "fine\nword\tseverity=9\n");
  write("empty.txt", "...\n");
  write("fine.txt", "fine\n");
  EXPECT_NE(error("{lists: [{path: bad.txt, category: c}]}").find("bad.txt:2"), std::string::npos);
  EXPECT_NE(error("{lists: [{path: empty.txt, category: c}]}").find("empty.txt:1"), std::string::npos);
  EXPECT_NE(error("{lists: [{path: none.txt, category: c}]}").find("none.txt"), std::string::npos);
  EXPECT_NE(error("{lists: [{category: c}]}").find("path"), std::string::npos);
  EXPECT_NE(error("{lits: []}").find("lits"), std::string::npos);
  EXPECT_NE(error("{lists: [{path: fine.txt, category: c}], context: [{allow: [a]}]}").find("quoted"), std::string::npos);
}

TEST_F(Lists, TenThousandEntries) {
  std::string text;
  for (int i = 0; i < 10'000; ++i) text += "word" + std::to_string(i) + " of list\n";
  write("list.txt", text);
  const auto list = filter("{lists: [{path: list.txt, category: c}]}");
  EXPECT_EQ(list.spans("see word9999 of list, not word10000 of list"), std::vector<std::string>{"word9999 of list"});
}

}  // namespace
}  // namespace steward::filters
