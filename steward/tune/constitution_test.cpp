#include "steward/tune/constitution.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "steward/core/files.h"
#include "steward/tune/testing/library.h"

namespace steward::tune {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

policy::Document base_policy() {
  auto document = policy::read_document(STEWARD_SOURCE_DIR "/policies/base.yaml", {STEWARD_SOURCE_DIR "/policies"});
  EXPECT_TRUE(document) << document.error().message;
  return document ? std::move(*document) : policy::Document{};
}

TEST(Constitution, SaysWhatThePolicySays) {
  const policy::Document policy = base_policy();
  const auto constitution = constitution_of(policy);
  std::set<std::string> ids;
  for (const Principle& principle : constitution) {
    ids.insert(principle.id);
    const policy::Category* category = policy.find(principle.id);
    ASSERT_NE(category, nullptr);
    for (const std::string& text : {principle.prefer, principle.critique, principle.revise})
      EXPECT_THAT(text, HasSubstr(category->definition));
  }
  EXPECT_TRUE(ids.contains("weapons_cbrne") && ids.contains("advice.health") && ids.contains("false_refusal"));
  EXPECT_FALSE(ids.contains("sensitive.politics")) << "it is allowed";
  const auto hate = std::find_if(constitution.begin(), constitution.end(), [](const auto& principle) { return principle.id == "hate"; });
  EXPECT_THAT(hate->prefer, HasSubstr("counter speech"));
  const auto harm =
      std::find_if(constitution.begin(), constitution.end(), [](const auto& principle) { return principle.id == "self_harm"; });
  EXPECT_THAT(harm->revise, HasSubstr("warmth"));
}

TEST(Constitution, IsReadAsItWasPrinted) {
  const auto constitution = constitution_of(base_policy());
  const std::string path = testing::scratch_folder() + "/constitution.yaml", text = print_constitution(constitution);
  ASSERT_TRUE(write_file_atomic(path, text));
  const auto again = read_constitution(path);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(print_constitution(*again), text);
  EXPECT_EQ(again->size(), constitution.size());
}

TEST(Constitution, BadFilesAreErrorsInWords) {
  const auto error = [](const std::string& text) {
    const std::string path = testing::scratch_folder() + "/bad_constitution.yaml";
    EXPECT_TRUE(write_file_atomic(path, text));
    const auto read = read_constitution(path);
    EXPECT_FALSE(read) << text;
    return read ? "" : read.error().message;
  };
  EXPECT_THAT(error("{}\n"), HasSubstr("a list"));
  EXPECT_THAT(error("- {id: a}\n"), HasSubstr("`prefer`"));
  EXPECT_THAT(error("- {id: a, prefer: b, revise: c}\n"), HasSubstr("`critique`"));
  EXPECT_THAT(error("- {id: a, perfer: b}\n"), HasSubstr("prefer"));
}

TEST(SafetyPreprompts, OfCategoriesFollowTheirDisposition) {
  const policy::Document policy = base_policy();
  const std::string weapons = category_preprompt(policy, *policy.find("weapons_cbrne"));
  EXPECT_THAT(weapons, HasSubstr(policy.find("weapons_cbrne")->definition));
  EXPECT_THAT(weapons, HasSubstr("Do not help"));
  EXPECT_THAT(weapons, HasSubstr("discussion"));
  EXPECT_THAT(weapons, Not(HasSubstr("emergency")));
  EXPECT_THAT(category_preprompt(policy, *policy.find("advice.health")), HasSubstr("with care"));
  EXPECT_THAT(category_preprompt(policy, *policy.find("self_harm")), HasSubstr("emergency"));
}

TEST(SafetyPreprompts, OfAdjectivesDependOnTheDrawAlone) {
  const std::vector<std::string> adjectives = {"wise", "careful", "kind"};
  std::set<std::string> seen;
  for (std::uint64_t draw = 0; draw < 64; ++draw) {
    const std::string text = adjective_preprompt(adjectives, draw);
    EXPECT_EQ(text, adjective_preprompt(adjectives, draw));
    EXPECT_EQ(text.find("{"), std::string::npos);
    seen.insert(text);
  }
  EXPECT_GE(seen.size(), 12u);
}

}  // namespace
}  // namespace steward::tune
