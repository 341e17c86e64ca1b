#include "steward/filters/sensitive/sensitive.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <random>
#include <set>

#include "steward/core/files.h"
#include "steward/filters/sensitive/topic_list.h"
#include "steward/filters/sensitive/topic_tally.h"
#include "steward/filters/testing/scan.h"

namespace steward::filters {
namespace {

using testing::FilterUnderTest;
using testing::text_of;

FilterUnderTest& shipped() {
  static FilterUnderTest filter(make_sensitive, "sensitive", "{category: sensitive, at_risk: self_harm}");
  return filter;
}

std::set<std::string> topics_in(std::string_view text, const std::string& language = "en") {
  std::set<std::string> out;
  for (const guard::Finding& finding : shipped().scan(text, language)) out.insert(finding.category);
  return out;
}

bool has_crisis(const std::vector<guard::Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const guard::Finding& finding) { return !finding.subtype.empty(); });
}

TEST(Sensitive, TellsTopicsInTwelveLanguages) {
  std::map<std::string, int> languages;
  for (const json::Object& entry : testing::read_cases("sensitive/topics.jsonl")) {
    const std::string text = text_of(entry, "text"), language = text_of(entry, "language");
    EXPECT_EQ(topics_in(text, language).count("sensitive." + text_of(entry, "topic")), 1u) << text;
    ++languages[language];
  }
  EXPECT_EQ(languages.size(), 12u);
  for (const auto& [language, count] : languages) EXPECT_GE(count, 6) << language;
}

TEST(Sensitive, OneAmbiguousWordIsNoTopic) {
  for (const json::Object& entry : testing::read_cases("sensitive/plain.jsonl"))
    EXPECT_EQ(topics_in(text_of(entry, "text"), text_of(entry, "language")), std::set<std::string>()) << text_of(entry, "text");
}

TEST(Sensitive, HearsAPersonInDanger) {
  for (const json::Object& entry : testing::read_cases("sensitive/crisis.jsonl")) {
    const std::string kind = text_of(entry, "kind"), text = text_of(entry, "text");
    const bool self_harm = kind == "intent" || kind == "disclosure";
    // A language that was taken for another changes nothing.
    for (const std::string& language : {text_of(entry, "language"), std::string("und"), std::string("pl")}) {
      const auto findings = shipped().scan(text, language);
      const auto found = std::find_if(findings.begin(), findings.end(), [&](const auto& finding) { return finding.subtype == kind; });
      ASSERT_NE(found, findings.end()) << text;
      EXPECT_EQ(found->category, self_harm ? "self_harm" : "sensitive.crisis") << text;
      EXPECT_EQ(found->severity, 0);
    }
    EXPECT_FALSE(has_crisis(shipped().scan(text, "en", policy::Direction::kOutput))) << "the model is in no danger";
    EXPECT_FALSE(has_crisis(shipped().scan(text, "en", policy::Direction::kInput, "tool"))) << "nor is a web page";
  }
}

TEST(Sensitive, LeavesFictionFiguresOfSpeechAndNewsAlone) {
  for (const json::Object& entry : testing::read_cases("sensitive/calm.jsonl"))
    EXPECT_FALSE(has_crisis(shipped().scan(text_of(entry, "text"), text_of(entry, "language")))) << text_of(entry, "text");
}

TEST(Sensitive, AFrameHoldsForItsSentenceOnly) {
  EXPECT_FALSE(has_crisis(shipped().scan("Write a song: I want to die")));
  EXPECT_TRUE(has_crisis(shipped().scan("Write a song. I want to die")));
  EXPECT_TRUE(has_crisis(shipped().scan("She said it is over and I want to die"))) << "reported speech only in quotation marks";
}

TEST(Sensitive, WritingWithoutAccentsOrApostrophesIsUnderstood) {
  EXPECT_TRUE(has_crisis(shipped().scan("nao quero viver mais", "pt")));
  EXPECT_TRUE(has_crisis(shipped().scan("im going to end my life", "en")));
  EXPECT_TRUE(has_crisis(shipped().scan("ich moechte nicht mehr leben", "de")));
  EXPECT_EQ(topics_in("la eleccion y la politica", "es").count("sensitive.politics"), 1u);
}

TEST(Sensitive, DisguisesAreSeenThrough) {
  for (const char* text : {"Who wins the presidenti\u0430l el\u0435ction?", "Who wins the presi\u200Bdential elec\u00ADtion?",
                           "Who wins the ｐｒｅｓｉｄｅｎｔｉａｌ election?"})
    EXPECT_EQ(topics_in(text), std::set<std::string>{"sensitive.politics"}) << text;
}

TEST(Sensitive, ExplainsItselfWithASpanAndItsLines) {
  const std::string text = "Hello! The judge spoke, and the jury and a witness listened in court. Bye.";
  const auto findings = shipped().scan(text);
  ASSERT_EQ(findings.size(), 1u);
  const text::Span span = findings[0].span;
  EXPECT_EQ(text.substr(span.begin, span.size()), "judge spoke, and the jury and a witness listened in court");
  EXPECT_TRUE(findings[0].evidence.starts_with("en/legal.txt:")) << findings[0].evidence;
  EXPECT_GE(std::count(findings[0].evidence.begin(), findings[0].evidence.end(), ','), 3);
  EXPECT_EQ(findings[0].evidence.find("judge"), std::string::npos) << "evidence quotes nothing";
  EXPECT_GE(findings[0].score, 0.5);
  EXPECT_LT(findings[0].score, 1);
}

/// The guarantee that tools/topics/fit.py keeps: a fair entry decides nothing alone, nor do two weak ones.
TEST(Sensitive, ShippedWeightsStayWithinTheirSections) {
  int entries = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(STEWARD_SOURCE_DIR "/policies/topics")) {
    if (file.path().extension() != ".txt" || file.path().stem() == "crisis") continue;
    const auto list = read_topic_entries(file.path().string(), {"strong", "fair", "weak", "none"});
    ASSERT_TRUE(list) << list.error().message;
    for (const TopicEntry& entry : *list) {
      ++entries;
      EXPECT_GE(entry.weight, 0) << file.path() << ":" << entry.line;
      if (entry.section == "fair") EXPECT_LT(entry.weight, -kTopicBias) << file.path() << ":" << entry.line;
      if (entry.section == "weak") EXPECT_LT(2 * entry.weight, -kTopicBias) << file.path() << ":" << entry.line;
    }
  }
  EXPECT_GT(entries, 5000);
}

class OwnTopics : public ::testing::Test {
 protected:
  void SetUp() override {
    directory_ = ::testing::TempDir() + "/topics-" + std::to_string(::getpid());
    std::filesystem::create_directories(directory_ + "/topics/en");
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  void write(const std::string& topic, const std::string& text) const {
    ASSERT_TRUE(write_file_atomic(directory_ + "/topics/en/" + topic + ".txt", text));
  }
  FilterUnderTest filter(const std::string& config = "{}") const { return {make_sensitive, "sensitive", config, directory_}; }
  std::string error(const std::string& config) const { return testing::error_of(make_sensitive, "sensitive", config, directory_); }
  std::string directory_;
};

TEST_F(OwnTopics, EvidenceAddsUpWithinAWindow) {
  write("legal", "[strong]\nsubpoena\n[fair]\njudge\nverdict\n[none]\njudge of a contest\n");
  const auto own = filter();
  EXPECT_FALSE(own.finds("the judge"));
  EXPECT_FALSE(own.finds("judge, judge, judge, judge")) << "each entry counts once";
  EXPECT_TRUE(own.finds("the judges gave a verdict"));
  EXPECT_FALSE(own.finds("the judge of a contest gave a verdict")) << "a longer phrase takes the shorter in";
  EXPECT_TRUE(own.finds("subpoena"));
  std::string far = "judge";
  for (std::uint32_t i = 0; i < kTopicWindowWords; ++i) far += " word";
  EXPECT_FALSE(own.finds(far + " verdict"));
  const auto findings = own.scan("the judge gave a verdict");
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_NEAR(findings[0].score, 1 / (1 + std::exp(4 - 5.6)), 1e-9);
}

TEST_F(OwnTopics, ConfigChoosesTopicsNamesAndScores) {
  write("legal", "[fair]\njudge\nverdict\n");
  write("medical", "[strong]\nfever\t4.5\n");
  const std::string text = "a judge with fever gave a verdict";
  EXPECT_EQ(filter().scan(text).size(), 2u);
  EXPECT_EQ(filter("{topics: [medical], category: topic}").scan(text).at(0).category, "topic.medical");
  EXPECT_EQ(filter("{report_from: 0.7}").scan(text).size(), 1u) << "fever has 0.62";
}

TEST_F(OwnTopics, ErrorsHavePlaces) {
  write("legal", "judge\n");
  EXPECT_NE(error("{}").find("legal.txt:1: a [section]"), std::string::npos) << error("{}");
  write("legal", "[mighty]\njudge\n");
  EXPECT_NE(error("{}").find("[strong], [fair]"), std::string::npos);
  write("legal", "[strong]\njudge\t99\n");
  EXPECT_NE(error("{}").find("legal.txt:2: behind the tab"), std::string::npos);
  write("legal", "[strong]\n...\n");
  EXPECT_NE(error("{}").find("legal.txt:2"), std::string::npos);
  EXPECT_NE(error("{topics: [sports]}").find("relationships"), std::string::npos);
  EXPECT_NE(error("{report_from: 2}").find("probability"), std::string::npos);
  EXPECT_NE(error("{path: nowhere}").find("nowhere"), std::string::npos);
  EXPECT_NE(error("{topic: legal}").find("topic"), std::string::npos);
}

TEST_F(OwnTopics, StreamsAreCutAnyhow) {
  write("legal", "[strong]\nsubpoena\n[fair]\njudge\nverdict\n[weak]\nparty\n[none]\njudge of a contest\n");
  write("medical", "[strong]\nblood pressure\n[fair]\nblood\nfever\n");
  auto own = filter();
  std::mt19937_64 random(7);
  const std::vector<std::string> pieces = {"judge",
                                           " of ",
                                           "a",
                                           " contest",
                                           " ",
                                           " ",
                                           ". ",
                                           "verdict",
                                           "blood ",
                                           "pressure",
                                           "fever",
                                           "party",
                                           "subpoena",
                                           "j\u0443dg\u0435",
                                           "ver\u200Bdict",
                                           "\n",
                                           "\u4F60\u597D",
                                           "don't",
                                           "a long word of no meaning ",
                                           " the "};
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    std::string text;
    for (int i = 0; i < 30; ++i) text += pieces[random() % pieces.size()];
    for (const auto action : {policy::Action::kBlock, policy::Action::kRewrite, policy::Action::kLog})
      EXPECT_EQ(own.stream_fault(text, action, 12, seed), "") << text;
  }
}

TEST(Sensitive, StreamsOfShippedTopicsAreCutAnyhow) {
  std::map<std::string, std::string> texts;  // all of a language in one
  for (const json::Object& entry : testing::read_cases("sensitive/topics.jsonl"))
    texts[text_of(entry, "language")] += text_of(entry, "text") + " ";
  for (const auto& [language, text] : texts)
    EXPECT_EQ(shipped().stream_fault(text, policy::Action::kRewrite, 6, 3, language), "") << language;
}

TEST(TopicList, WritesWordsAsTheirLanguagesDo) {
  const auto has = [](const std::vector<std::string>& all, std::string_view one) {
    return std::find(all.begin(), all.end(), one) != all.end();
  };
  EXPECT_TRUE(has(inflected("lawyer", "en"), "lawyers"));
  EXPECT_TRUE(has(inflected("currency", "en"), "currencies"));
  EXPECT_TRUE(has(inflected("avocat", "fr"), "l'avocats"));
  EXPECT_FALSE(has(inflected("contrat", "fr"), "l'contrat"));
  EXPECT_TRUE(has(inflected("élection", "fr"), "l'election"));
  EXPECT_TRUE(has(inflected("محكمة", "ar"), "المحكمة"));
  EXPECT_TRUE(has(inflected("변호사", "ko"), "변호사가"));
  EXPECT_EQ(inflected("律师", "zh"), std::vector<std::string>{"律师"});
}

}  // namespace
}  // namespace steward::filters
