#include "steward/filters/canned/canned.h"

#include <gtest/gtest.h>

#include "steward/filters/testing/scan.h"

namespace steward::filters {
namespace {

policy::CannedReply reply(const std::string& id, std::map<std::string, std::vector<std::string>> match) {
  policy::CannedReply out;
  out.id = id;
  for (auto& [language, phrases] : match) out.match[language] = phrases;
  return out;
}

class Canned : public ::testing::Test {
 protected:
  Canned() {
    policy_.canned_replies.push_back(reply("opening", {{"en", {"when do you open", "opening hours"}}, {"de", {"wann habt ihr offen"}}}));
    policy_.canned_replies.push_back(reply("boss", {{"*", {"who is the boss"}}}));
  }
  std::string replies(std::string_view text, const std::string& language = "en") {
    auto spec = guard::testing::TablePolicy::filter("canned", "canned", "{except: [what are opening hours in general]}");
    spec.on_output = false;
    const auto filter = make_canned(spec, {"", "", &policy_});
    guard::Scope scope;
    scope.context.language = language;
    std::vector<guard::Finding> found;
    EXPECT_TRUE((*filter)->scan(text::Views(text), scope, found));
    std::string out;
    for (const guard::Finding& finding : found) out += finding.reply.value_or("?") + " ";
    return out;
  }
  guard::testing::TablePolicy policy_;
};

TEST_F(Canned, MatchesPhrasesInTheirLanguage) {
  EXPECT_EQ(replies("Hi! WHEN do you open?"), "opening ");
  EXPECT_EQ(replies("when do y0u 0pen"), "opening ") << "disguised";
  EXPECT_EQ(replies("Wann habt ihr offen?", "de"), "opening ");
  EXPECT_EQ(replies("Wann habt ihr offen?", "fr"), "");
  EXPECT_EQ(replies("who is the boss", "fr"), "boss ");
  EXPECT_EQ(replies("when do you reopen?"), "");
}

TEST_F(Canned, ExceptionsHold) { EXPECT_EQ(replies("What are opening hours in general?"), ""); }

TEST_F(Canned, ReadsTheInputOnly) {
  const auto spec = guard::testing::TablePolicy::filter("canned", "canned", "{}");
  const auto made = make_canned(spec, {"", "", &policy_});
  ASSERT_FALSE(made);
  EXPECT_NE(made.error().message.find("on: [input]"), std::string::npos);
}

}  // namespace
}  // namespace steward::filters
